// The store: the ledger kept in a database. It turns changes into statements, numbers events in the same transaction, and
// tells subscribers what was committed.
import { Bug, OperationalError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type Clock, TimestampSource } from '../base/time.ts'
import { type Change, type Find, type Ledger, type NewEvent, StaleRow, type StoredEvent } from '../event/ledger.ts'
import { Subscribers } from '../event/subscribers.ts'
import { tableNames } from '../event/tables.ts'
import { uniqueViolation } from '../event/unique-violation.ts'
import type { Rows, TableName } from '../schema/rows.ts'
import { type Database, GuardFailed, type Query, type RawRow, type Statement, UniqueFailed } from './database.ts'
import { FindCache } from './find-cache.ts'
import { migrate } from './migrate.ts'
import { RowCache } from './row-cache.ts'
import { decodeRow } from './row-codec.ts'
import { RowMemo } from './row-memo.ts'
import { openSqlite } from './sqlite.ts'
import * as statements from './statements.ts'
import { parseMicros } from './timestamp-micros.ts'

export interface Store extends Ledger {
  /** Commits what waits, then closes the database; later calls reject with OperationalError. */
  close(): Promise<void>
}

export interface StoreOptions {
  /** The database file, whose folder is created when missing, or `:memory:`. */
  readonly path: string
  readonly clock: Clock
  readonly log: Log
}

/** Opens the store and brings it up to date. Throws OperationalError naming the path and PARTYLINE_DATA_DIR. */
export async function openStore({ path, clock, log }: StoreOptions): Promise<Store> {
  const database = await openSqlite(path)
  try {
    const applied = await migrate(database, { wallMicros: clock.wallMicros(), path })
    if (applied.length > 0) log.info({ path, applied }, 'database migrated')
    const timestamps = new TimestampSource(clock, await newestMicros(database))
    return new SqlStore({ database, timestamps, log })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The newest timestamp that the database knows of, as microseconds since 1970. */
async function newestMicros(database: Database): Promise<number> {
  const db = database.builder
  const queries = [
    statements.selectClock(db),
    statements.selectNewestEvent(db),
    ...tableNames.map((table) => statements.selectNewest(db, table)),
  ]
  const found = await Promise.all(queries.map((query) => database.read(query)))
  return found
    .flatMap((rows) => rows.flatMap(({ newest }) => newest ?? []))
    .reduce<number>((max, value) => Math.max(max, typeof value === 'number' ? value : parseMicros(value)), 0)
}

/** What is needed of a commit until it is answered: the change behind each statement, and the events with the position of their numbers. */
interface Pending {
  readonly origin: (Change | undefined)[]
  readonly events: { readonly event: NewEvent; readonly tm_create: string; readonly position: number }[]
}

/** What a commit becomes. */
interface Prepared extends Pending {
  readonly batch: Statement[]
}

type Memos = { [T in TableName]?: RowMemo<T> }

class SqlStore implements Store {
  readonly #database: Database
  readonly #statements: statements.Statements
  readonly #cache = new RowCache()
  readonly #finds = new FindCache()
  readonly #memos: Memos = {}
  /** What rows of `#cache` hold. */
  readonly #decoded = new WeakMap<RawRow, object>()
  readonly #timestamps: TimestampSource
  readonly #subscribers: Subscribers
  #closing: Promise<void> | undefined

  constructor(parts: { readonly database: Database; readonly timestamps: TimestampSource; readonly log: Log }) {
    this.#database = parts.database
    this.#statements = new statements.Statements(parts.database)
    this.#timestamps = parts.timestamps
    this.#subscribers = new Subscribers((error, event) =>
      parts.log.error({ err: error, event: event.id, type: event.type }, 'a subscriber of the event log threw'),
    )
  }

  async get<T extends TableName>(table: T, id: string): Promise<Rows[T] | undefined> {
    this.#refuseWhenClosed()
    const read = async (): Promise<RawRow | undefined> => (await this.#read(this.#statements.byId(table, id)))[0]
    const raw = this.#cache.get(table, id) ?? (await this.#cache.read(table, id, read))
    return raw && this.#decode(table, raw)
  }

  async find<T extends TableName>(table: T, query: Find<T>): Promise<Rows[T][]> {
    this.#refuseWhenClosed()
    const wanted = this.#statements.rows(table, query)
    const memo = this.#memo(table)
    const ask = async () => (await this.#database.texts(wanted)).map((text) => memo.row(text))
    return [...(await this.#finds.find(table, wanted, ask))]
  }

  async events(after: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.#read(statements.selectEvents(this.#database.builder, after, limit))
    return rows.map((raw) => statements.storedEvent(raw, () => String(raw['data'])))
  }

  async commit(changes: readonly Change[]): Promise<StoredEvent[]> {
    this.#refuseWhenClosed()
    if (changes.length === 0) return []
    const { pending, answer, done } = this.#send(changes)
    const rows = await answer.catch((error: unknown) => {
      done(false)
      throw translate(error, pending)
    })
    done(true)
    const events = storedEvents(pending, rows)
    this.#subscribers.deliver(events)
    return events
  }

  /** The statements, with all their texts, are not kept until the answer: they have left by then. */
  #send(changes: readonly Change[]) {
    const { batch, ...pending } = this.#prepare(changes)
    const done = this.#changes(changes)
    return { pending, answer: this.#database.commit(batch), done }
  }

  subscribe(listener: (event: StoredEvent) => void): () => void {
    return this.#subscribers.add(listener)
  }

  timestamp(): string {
    return this.#timestamps.next()
  }

  close(): Promise<void> {
    this.#closing ??= this.#database.close()
    return this.#closing
  }

  /** Tells the caches that a commit leaves; the answer is to be called when it is done. */
  #changes(changes: readonly Change[]): (committed: boolean) => void {
    const [byId, found] = [this.#cache.begin(changes), this.#finds.begin(changes)]
    return (committed) => {
      byId(committed)
      found()
    }
  }

  #decode<T extends TableName>(table: T, raw: RawRow): Rows[T] {
    const known = this.#decoded.get(raw)
    if (known !== undefined) return known as Rows[T]
    const row = decodeRow(table, raw)
    this.#decoded.set(raw, row)
    return row
  }

  #memo<T extends TableName>(table: T): RowMemo<T> {
    const known: RowMemo<T> | undefined = this.#memos[table]
    if (known !== undefined) return known
    const made = new RowMemo<T>(table)
    this.#memos[table] = made as Memos[T]
    return made
  }

  async #read(query: Query): Promise<RawRow[]> {
    this.#refuseWhenClosed()
    return this.#database.read(query)
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw new OperationalError('the store is closed')
  }

  #prepare(changes: readonly Change[]): Prepared {
    const counts = new statements.EventCounts(changes.flatMap((change) => ('event' in change ? [change.event] : [])))
    const { raises } = counts
    const prepared: Prepared = { batch: [], origin: [], events: [] }
    const add = (statement: Statement, change: Change): number => {
      prepared.origin.push(change)
      return prepared.batch.push(statement)
    }
    for (const change of changes) {
      if ('event' in change) {
        const event = { ...change.event }
        const stored = { data: JSON.stringify(event.data), tm_create: this.#timestamps.next() }
        const position = add(this.#statements.event(event, counts.take(event), stored), change)
        prepared.events.push({ event, tm_create: stored.tm_create, position })
      } else add(this.#statements.change(change), change)
    }
    // Raised before the events that take their numbers from them; last here, when all timestamps are handed out.
    prepared.batch.unshift(this.#statements.count(raises, parseMicros(this.#timestamps.next())))
    prepared.origin.unshift(undefined)
    return prepared
  }
}

function storedEvents({ events }: Pending, rows: readonly RawRow[][]): StoredEvent[] {
  return events.map(({ event, tm_create, position }) => {
    const numbers = rows[position]?.[0]
    if (!numbers) throw new Bug('the event log returned no numbers')
    const { data, ...rest } = event
    return statements.storedEvent({ ...rest, ...numbers, tm_create }, () => JSON.stringify(data))
  })
}

function translate(error: unknown, { origin }: Pending): unknown {
  if (error instanceof UniqueFailed && isTable(error.table)) return uniqueViolation(error.table, error.column)
  if (error instanceof UniqueFailed) return new Bug(error.message, { cause: error })
  if (!(error instanceof GuardFailed)) return error
  const change = origin[error.statement]
  return change && 'update' in change
    ? new StaleRow(change.update, change.id)
    : new Bug(error.message, { cause: error })
}

const isTable = (name: string): boolean => tableNames.some((table) => table === name)
