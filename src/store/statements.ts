// The statements of the ledger, compiled for whatever dialect the database speaks: each shape once, since building a text costs more than
// running it.
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { notDeleted } from '../base/time.ts'
import type { Change, Find, NewEvent, StoredEvent } from '../event/ledger.ts'
import { checkFields, checkRow, columnsOf } from '../event/tables.ts'
import type { TableName } from '../schema/rows.ts'
import type { Database, Query, RawRow, Schema, Statement, Value } from './database.ts'
import { encodeFields } from './row-codec.ts'

type Builder = Kysely<Schema>

const nilUuid = '00000000-0000-0000-0000-000000000000'
/** Scope of the counter that numbers the whole log. */
const logScope = 'log'
/** Scope of the counter that holds the newest timestamp, microseconds since 1970. */
const clockScope = 'clock'

/** SQL texts kept; the shapes of changes and queries are those that the program writes. */
const maxTexts = 1000

export interface EventNumbers {
  /** How many events of the same commit come after this one: in the log, of its customer, of its conference. */
  readonly logAfter: number
  readonly customerAfter: number
  readonly conferenceAfter: number
}

/** Events of one commit, and how many scopes they count up: the counters are raised once, and each event takes its share. */
export class EventCounts {
  readonly #left = new Map<string, number>()

  constructor(events: readonly NewEvent[]) {
    for (const event of events) {
      for (const scope of scopesOf(event)) this.#left.set(scope, (this.#left.get(scope) ?? 0) + 1)
    }
  }

  /** By how much to raise each counter; asked before any `take`. */
  get raises(): readonly (readonly [scope: string, by: number])[] {
    return [...this.#left]
  }

  /** The place of the next event of the commit. */
  take(event: NewEvent): EventNumbers {
    const [logAfter = 0, customerAfter = 0, conferenceAfter = 0] = scopesOf(event).map((scope) => {
      const after = (this.#left.get(scope) ?? 1) - 1
      this.#left.set(scope, after)
      return after
    })
    return { logAfter, customerAfter, conferenceAfter }
  }
}

const customerScope = (event: NewEvent): string => `customer:${event.customer_id}`
const conferenceScope = (event: NewEvent): string => `conference:${event.conference_id}`

function scopesOf(event: NewEvent): string[] {
  const own = [logScope, customerScope(event)]
  return event.conference_id === nilUuid ? own : [...own, conferenceScope(event)]
}

export class Statements {
  readonly #database: Pick<Database, 'builder' | 'rowText'>
  readonly #db: Builder
  readonly #texts = new Map<string, string>()

  constructor(database: Pick<Database, 'builder' | 'rowText'>) {
    this.#database = database
    this.#db = database.builder
  }

  byId(table: TableName, id: string): Query {
    const make = () => this.#db.selectFrom(table).selectAll().where('id', '=', id).compile()
    return { sql: this.#text(`id ${table}`, make), parameters: [id] }
  }

  /** Of texts, one a row, as `decodeText` takes them. */
  rows<T extends TableName>(table: T, query: Find<T>): Query {
    const where = { ...query.where }
    checkFields(table, where)
    const values = encodeFields(where)
    const { before, limit, deleted = false } = query
    const shape = `rows ${table} ${Object.keys(values)} ${deleted} ${before === undefined} ${limit === undefined}`
    const make = () => selectRows(this.#database, table, { values, before, limit, deleted })
    const bounds = [before, limit].filter((bound) => bound !== undefined)
    return { sql: this.#text(shape, make), parameters: [...Object.values(values), ...bounds] }
  }

  /** The statement of one change of a row; throws Bug when fields and columns do not match. */
  change(change: Exclude<Change, { event: NewEvent }>): Statement {
    return 'insert' in change ? this.#insert(change.insert, change.row) : this.#update(change)
  }

  #insert(table: TableName, given: object): Statement {
    const row: Record<string, unknown> = { ...given }
    checkRow(table, row)
    // In the order of the table, whatever that of the row.
    const values = encodeFields(
      Object.fromEntries(Object.keys(columnsOf(table)).map((column) => [column, row[column]])),
    )
    const make = () => this.#db.insertInto(table).values(values).compile()
    return { query: { sql: this.#text(`insert ${table}`, make), parameters: Object.values(values) } }
  }

  #update(change: Extract<Change, { update: TableName }>): Statement {
    const { id: _id, ...given }: Record<string, unknown> = { ...change.set }
    // The id is not written again, which would move its entries in every index; an update of nothing needs a column all the same.
    const fields = Object.keys(given).length === 0 ? { id: change.id } : given
    const guards: Record<string, unknown> = { ...change.when }
    checkFields(change.update, fields)
    checkFields(change.update, guards)
    const [set, when] = [encodeFields(fields), encodeFields(guards)]
    const make = () => {
      let update = this.#db.updateTable(change.update).set(set).where('id', '=', change.id)
      for (const [column, value] of Object.entries(when)) update = update.where(column, '=', value)
      return update.compile()
    }
    const text = this.#text(`update ${change.update} ${Object.keys(set)} ${Object.keys(when)}`, make)
    const parameters = [...Object.values(set), change.id, ...Object.values(when)]
    return { query: { sql: text, parameters }, guard: true }
  }

  /**
   * Raises counters, and remembers the newest timestamp that was handed out, so that the next process starts after it.
   * @param micros of that timestamp, since 1970
   */
  count(raises: EventCounts['raises'], micros: number): Statement {
    const rows = [...raises, [clockScope, micros] as const]
    const make = () => raiseCounters(this.#db, rows)
    return { query: { sql: this.#text(`count ${rows.length}`, make), parameters: rows.flat() } }
  }

  /** Logs an event, its data as JSON text, after its counters were raised; returns the three numbers that `storedEvent` reads. */
  event(
    event: NewEvent,
    numbers: EventNumbers,
    stored: { readonly data: string; readonly tm_create: string },
  ): Statement {
    const { logAfter, customerAfter, conferenceAfter } = numbers
    const { type, customer_id, conference_id } = event
    const inConference = conference_id !== nilUuid
    const sequence = inConference ? [conferenceAfter, conferenceScope(event)] : [0]
    const own = [logAfter, logScope, type, customer_id, conference_id, customerAfter, customerScope(event)]
    const make = () => insertEvent(this.#db, inConference)
    const parameters = [...own, ...sequence, stored.data, stored.tm_create]
    return { query: { sql: this.#text(`event ${inConference}`, make), parameters } }
  }

  #text(shape: string, make: () => CompiledQuery): string {
    const known = this.#texts.get(shape)
    if (known !== undefined) return known
    if (this.#texts.size >= maxTexts) this.#texts.clear()
    const { sql: text } = make()
    this.#texts.set(shape, text)
    return text
  }
}

interface Bounds {
  readonly values: Readonly<Record<string, Value>>
  readonly before: string | undefined
  readonly limit: number | undefined
  readonly deleted: boolean
}

function selectRows(
  { builder, rowText }: Pick<Database, 'builder' | 'rowText'>,
  table: TableName,
  { values, before, limit, deleted }: Bounds,
): CompiledQuery {
  let select = builder.selectFrom(table).select(rowText(Object.keys(columnsOf(table))).as('row'))
  for (const [column, value] of Object.entries(values)) select = select.where(column, '=', value)
  // A literal, since a database uses a partial index only where it can see that the condition is the same.
  if (!deleted) select = select.where('tm_delete', '=', sql.lit(notDeleted))
  if (before !== undefined) select = select.where('tm_create', '<', before)
  select = select.orderBy('tm_create', 'desc')
  return (limit === undefined ? select : select.limit(limit)).compile()
}

function raiseCounters(db: Builder, rows: readonly (readonly [scope: string, value: number])[]): CompiledQuery {
  const raised = sql<number>`case when counter.scope = ${sql.lit(clockScope)} then excluded.value else counter.value + excluded.value end`
  return db
    .insertInto('counter')
    .values(rows.map(([scope, value]) => ({ scope, value })))
    .onConflict((on) => on.column('scope').doUpdateSet({ value: raised }))
    .compile()
}

function insertEvent(db: Builder, inConference: boolean): CompiledQuery {
  const numbered = () => sql<number>`(select value - ${0} from counter where scope = ${''})`
  const event = { type: '', customer_id: '', conference_id: '' }
  const sequences = { customer_sequence: numbered(), conference_sequence: inConference ? numbered() : 0 }
  return db
    .insertInto('event_log')
    .values({ id: numbered(), ...event, ...sequences, data: '', tm_create: '' })
    .returning(['id', 'customer_sequence', 'conference_sequence'])
    .compile()
}

export function selectClock(db: Builder): CompiledQuery {
  return db.selectFrom('counter').select('value as newest').where('scope', '=', clockScope).compile()
}

/** The newest `tm_create` of a table, off its index. */
export function selectNewest(db: Builder, table: TableName): CompiledQuery {
  return db.selectFrom(table).select('tm_create as newest').orderBy('tm_create', 'desc').limit(1).compile()
}

export function selectNewestEvent(db: Builder): CompiledQuery {
  return db.selectFrom('event_log').select('tm_create as newest').orderBy('id', 'desc').limit(1).compile()
}

export function selectEvents(db: Builder, after: number, limit: number): CompiledQuery {
  return db.selectFrom('event_log').selectAll().where('id', '>', after).orderBy('id').limit(limit).compile()
}

/** @param json of the event's data, asked for when somebody looks at that; what was read is kept */
export function storedEvent(raw: RawRow, json: () => string): StoredEvent {
  let data: StoredEvent['data'] | undefined
  return {
    id: Number(raw['id']),
    type: text(raw['type']),
    customer_id: text(raw['customer_id']),
    conference_id: text(raw['conference_id']),
    customer_sequence: Number(raw['customer_sequence']),
    conference_sequence: Number(raw['conference_sequence']),
    get data() {
      data ??= JSON.parse(json()) as StoredEvent['data']
      return data
    },
    tm_create: text(raw['tm_create']),
  }
}

const text = (value: Value | undefined): string => String(value ?? '')
