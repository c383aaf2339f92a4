// What queries found, for as long as their table stays as it is: keys are looked up with every request, and clients ask for the same page again
// and again. Right only because one process writes: the data folder's lock sees to that.
import type { Change } from '../event/ledger.ts'
import type { Rows, TableName } from '../schema/rows.ts'
import type { Query } from './database.ts'

/** Rows kept of one query, which is more than a page of a list; longer answers are not kept. */
const maxFound = 128
/** Rows kept of one table, an answer counting for one more; the longest unused go first. */
const maxKept = 2048

interface Found<T extends TableName> {
  readonly rows: Promise<readonly Rows[T][]>
  /** 0 while the query is under way. */
  weight: number
}

class TableFinds<T extends TableName> {
  readonly #finds = new Map<string, Found<T>>()
  #kept = 0
  /** Commits under way that change this table: until they are answered nobody may know what it holds. */
  #changing = 0

  /** Asks once while nothing changes, also when many want to know at the same time. */
  async find(key: string, ask: () => Promise<readonly Rows[T][]>): Promise<readonly Rows[T][]> {
    if (this.#changing > 0) return ask()
    const known = this.#finds.get(key)
    if (known !== undefined) {
      this.#finds.delete(key)
      this.#finds.set(key, known)
      return known.rows
    }
    const found: Found<T> = { rows: ask(), weight: 0 }
    this.#finds.set(key, found)
    try {
      const { length } = await found.rows
      if (this.#finds.get(key) === found) this.#weigh(key, found, length)
      return await found.rows
    } catch (error) {
      if (this.#finds.get(key) === found) this.#finds.delete(key)
      throw error
    }
  }

  begin(): void {
    this.#changing += 1
    this.#finds.clear()
    this.#kept = 0
  }

  end(): void {
    this.#changing -= 1
  }

  #weigh(key: string, found: Found<T>, length: number): void {
    if (length > maxFound) {
      this.#finds.delete(key)
      return
    }
    found.weight = length + 1
    this.#kept += found.weight
    for (const [oldest, { weight }] of this.#finds) {
      if (this.#kept <= maxKept) return
      this.#finds.delete(oldest)
      this.#kept -= weight
    }
  }
}

type Tables = { [T in TableName]?: TableFinds<T> }

export class FindCache {
  readonly #tables: Tables = {}

  /** @param ask runs the query; a commit that is answered before this is called must be seen by it */
  find<T extends TableName>(
    table: T,
    { sql, parameters }: Query,
    ask: () => Promise<readonly Rows[T][]>,
  ): Promise<readonly Rows[T][]> {
    return this.#of(table).find(JSON.stringify([sql, parameters]), ask)
  }

  /** To be called when a commit leaves; the answer is to be called when it is done, whatever became of it. */
  begin(changes: readonly Change[]): () => void {
    const names = changes.flatMap((change) =>
      'event' in change ? [] : ['insert' in change ? change.insert : change.update],
    )
    const touched = [...new Set(names)].map((name) => this.#of(name))
    for (const table of touched) table.begin()
    return () => {
      for (const table of touched) table.end()
    }
  }

  #of<T extends TableName>(table: T): TableFinds<T> {
    const known: TableFinds<T> | undefined = this.#tables[table]
    if (known !== undefined) return known
    const made = new TableFinds<T>()
    this.#tables[table] = made as Tables[T]
    return made
  }
}
