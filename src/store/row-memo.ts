// Rows of a table by the text that they were read as. The same text means the same row: what did not change since it was read last is neither
// decoded again, nor is whatever others made of it.
import type { Rows, TableName } from '../schema/rows.ts'
import { decodeText } from './row-codec.ts'

/** UTF-16 units of text kept of one table, and of one row that is worth keeping; the longest unused go first. */
const maxUnits = 2 * 1024 * 1024
const maxRowUnits = 16 * 1024

export class RowMemo<T extends TableName> {
  readonly #table: T
  readonly #rows = new Map<string, Rows[T]>()
  #units = 0

  constructor(table: T) {
    this.#table = table
  }

  /** The row, frozen. @param text as of `Database.texts` */
  row(text: string): Rows[T] {
    const known = this.#rows.get(text)
    if (known !== undefined) {
      this.#rows.delete(text)
      this.#rows.set(text, known)
      return known
    }
    const row = decodeText(this.#table, text)
    if (text.length <= maxRowUnits) this.#keep(text, row)
    return row
  }

  #keep(text: string, row: Rows[T]): void {
    this.#rows.set(text, row)
    this.#units += text.length
    for (const oldest of this.#rows.keys()) {
      if (this.#units <= maxUnits) return
      this.#rows.delete(oldest)
      this.#units -= oldest.length
    }
  }
}
