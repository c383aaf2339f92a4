// What the store asks of a database driver, and the only place where one database differs from another: compiled
// statements go in, rows or a named failure come out.
import type { CompiledQuery, Kysely, RawBuilder } from 'kysely'
import type { TableName } from '../schema/rows.ts'

/** What a column holds: texts, integers (booleans as 0 and 1), JSON as text. */
export type Value = string | number
export type RawRow = Readonly<Record<string, Value>>

/** Bookkeeping tables, beside one table of `RawRow` per ledger table. */
interface Bookkeeping {
  event_log: {
    id: number
    type: string
    customer_id: string
    conference_id: string
    customer_sequence: number
    conference_sequence: number
    data: string
    tm_create: string
  }
  /** The last value of each gapless sequence, and the newest timestamp as microseconds. */
  counter: { scope: string; value: number }
  schema_version: { version: number; name: string; tm_create: string }
}
export type Schema = { readonly [T in TableName]: RawRow } & Bookkeeping

/** A text with its parameters; what a builder compiles is one. */
export type Query = Pick<CompiledQuery, 'sql' | 'parameters'>

export interface Statement {
  readonly query: Query
  /** The statement must change exactly one row, or its batch fails with `GuardFailed`. */
  readonly guard?: boolean
}

/** One open database. Rejects with OperationalError when the world fails and Bug when a statement is wrong. */
export interface Database {
  /** Compiles for this database's dialect; never executes. */
  readonly builder: Kysely<Schema>
  /** An expression for the values of these columns as the text of a JSON array. */
  rowText(columns: readonly string[]): RawBuilder<string>
  /** Sees every commit that was answered before; never waits behind a batch. */
  read(query: Query): Promise<RawRow[]>
  /** As `read`, of a query for one column of texts. */
  texts(query: Query): Promise<string[]>
  /**
   * Executes all statements or none, durably; answers the rows each returned. Batches take effect and are answered in
   * call order. Rejects with GuardFailed or UniqueFailed.
   */
  commit(batch: readonly Statement[]): Promise<RawRow[][]>
  /** Ends after the batches that wait are committed. */
  close(): Promise<void>
}

/** A guarded statement changed no row. */
export class GuardFailed extends Error {
  /** Position in the batch. */
  readonly statement: number

  constructor(statement: number) {
    super(`statement ${statement} changed no row`)
    this.name = 'GuardFailed'
    this.statement = statement
  }
}

/** A statement would have repeated a value in a unique column. */
export class UniqueFailed extends Error {
  readonly table: string
  readonly column: string

  constructor(table: string, column: string) {
    super(`${table}.${column} is not unique`)
    this.name = 'UniqueFailed'
    this.table = table
    this.column = column
  }
}
