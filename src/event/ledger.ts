// The ledger: what the domain asks of the store. State and the events that report it are committed in one transaction,
// and everybody else learns of them from the stored log, in its order.
import type { Rows, TableName } from '../schema/rows.ts'

/** An event to be logged; `conference_id` is the nil UUID where none is concerned. */
export interface NewEvent {
  /** Event word, e.g. `conference_created`. */
  readonly type: string
  readonly customer_id: string
  readonly conference_id: string
  /** The resource as the API shows it at that moment. */
  readonly data: Readonly<Record<string, unknown>>
}

/** A logged event. `id` grows over the whole server; `customer_sequence` and `conference_sequence` have no gaps. */
export interface StoredEvent extends NewEvent {
  readonly id: number
  readonly customer_sequence: number
  /** 0 when no conference is concerned. */
  readonly conference_sequence: number
  readonly tm_create: string
}

/** One step of a transaction. `when` guards an update: no row that fits means the whole commit fails with `StaleRow`. */
export type Change =
  | { [T in TableName]: { readonly insert: T; readonly row: Rows[T] } }[TableName]
  | {
      [T in TableName]: {
        readonly update: T
        readonly id: string
        readonly set: Partial<Rows[T]>
        readonly when?: Partial<Rows[T]>
      }
    }[TableName]
  | { readonly event: NewEvent }

/** `where` fields are compared for equality; deleted rows are left out unless `deleted` is true. Newest first. */
export interface Find<T extends TableName> {
  readonly where?: Partial<Rows[T]>
  /** Exclusive upper bound on tm_create. */
  readonly before?: string
  /** At most this many rows; all when absent. */
  readonly limit?: number
  readonly deleted?: boolean
}

export interface Ledger {
  /** The row by id, deleted or not. Rows are frozen, since several may have the same one: who wants another one makes it. */
  get<T extends TableName>(table: T, id: string): Promise<Rows[T] | undefined>
  find<T extends TableName>(table: T, query: Find<T>): Promise<Rows[T][]>
  /**
   * Commits all changes or none, durably, and answers the events as stored.
   * Commits take effect in call order. The data of an event must not change any more. Throws StaleRow, or OperationalError
   * when the disk fails.
   */
  commit(changes: readonly Change[]): Promise<StoredEvent[]>
  /** Events with an id over `after`, oldest first, at most `limit`. */
  events(after: number, limit: number): Promise<StoredEvent[]>
  /** Calls back for every event after it was committed, in log order. Returns the unsubscriber. */
  subscribe(listener: (event: StoredEvent) => void): () => void
  /** A `tm_create`/`tm_update` value; strictly growing over the life of the database. */
  timestamp(): string
}

/** The guard of an update found another state; the caller reads again and decides. */
export class StaleRow extends Error {
  readonly table: TableName
  readonly id: string

  constructor(table: TableName, id: string) {
    super(`${table} ${id} changed in the meantime`)
    this.name = 'StaleRow'
    this.table = table
    this.id = id
  }
}
