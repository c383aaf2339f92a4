// Rows by id as they are stored, so that what every call needs (its customer, its conference, its flow) is not asked of the database each
// time. Right only because one process writes: the data folder's lock sees to that.
import type { Change } from '../event/ledger.ts'
import type { TableName } from '../schema/rows.ts'
import type { RawRow } from './database.ts'
import { encodeFields } from './row-codec.ts'

/** Rows kept, the longest unused going first. */
const maxRows = 1000
/** Rows that every call makes: who works with them has them in memory, so that here they would only drive out the others. Kept when they were read. */
const ofCalls: ReadonlySet<TableName> = new Set(['call', 'activeflow', 'conferencecall'])
/** UTF-16 units of text in a row worth keeping. */
const maxText = 4096

const keyOf = (table: TableName, id: string): string => `${table} ${id}`

export class RowCache {
  readonly #rows = new Map<string, RawRow>()
  /** Commits under way, by the row that they change: until they are answered nobody may know what it holds. */
  readonly #changing = new Map<string, number>()
  /** Reads under way that a commit overtook, or could have. */
  readonly #reading = new Map<string, { stale: boolean }>()

  /** Undefined when the database must be asked. */
  get(table: TableName, id: string): RawRow | undefined {
    const key = keyOf(table, id)
    const row = this.#changing.has(key) ? undefined : this.#rows.get(key)
    if (row === undefined) return undefined
    this.#rows.delete(key)
    this.#rows.set(key, row)
    return row
  }

  /** Runs a read of this row and keeps what it found, unless the row was changed meanwhile. */
  async read(table: TableName, id: string, read: () => Promise<RawRow | undefined>): Promise<RawRow | undefined> {
    const key = keyOf(table, id)
    const token = this.#reading.get(key) ?? { stale: this.#changing.has(key) }
    this.#reading.set(key, token)
    try {
      const row = await read()
      if (row !== undefined && !token.stale && this.#reading.get(key) === token) this.#keep(key, row)
      return row
    } finally {
      if (this.#reading.get(key) === token) this.#reading.delete(key)
    }
  }

  /** To be called when a commit leaves; the answer is to be called when it is done, in the order of the commits. */
  begin(changes: readonly Change[]): (committed: boolean) => void {
    const touched = changes.flatMap((change) => ('event' in change ? [] : [this.#touch(change)]))
    for (const { key } of touched) {
      this.#changing.set(key, (this.#changing.get(key) ?? 0) + 1)
      const reading = this.#reading.get(key)
      if (reading !== undefined) reading.stale = true
      this.#reading.delete(key)
    }
    return (committed) => {
      for (const { key, row, set } of touched) {
        const left = (this.#changing.get(key) ?? 1) - 1
        if (left === 0) this.#changing.delete(key)
        else this.#changing.set(key, left)
        const before = this.#rows.get(key)
        const after = row ?? (before && { ...before, ...set })
        if (committed && after !== undefined) this.#keep(key, after)
        else this.#rows.delete(key)
      }
    }
  }

  /** Encoded at once: who commits may change its objects afterwards. What nobody knows need not be. */
  #touch(change: Exclude<Change, { readonly event: unknown }>): Touch {
    if ('insert' in change) {
      const key = keyOf(change.insert, change.row.id)
      return ofCalls.has(change.insert) ? { key } : { key, row: encodeFields({ ...change.row }) }
    }
    const key = keyOf(change.update, change.id)
    return this.#rows.has(key) || this.#changing.has(key) ? { key, set: encodeFields({ ...change.set }) } : { key }
  }

  #keep(key: string, row: RawRow): void {
    this.#rows.delete(key)
    if (Object.values(row).reduce<number>((sum, value) => sum + String(value).length, 0) > maxText) return
    this.#rows.set(key, row)
    const oldest = this.#rows.size > maxRows ? this.#rows.keys().next().value : undefined
    if (oldest !== undefined) this.#rows.delete(oldest)
  }
}

interface Touch {
  readonly key: string
  readonly row?: RawRow
  readonly set?: RawRow
}
