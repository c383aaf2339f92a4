// The statements of the ledger, compiled for whatever dialect the database speaks.
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { notDeleted } from '../base/time.ts'
import type { Change, Find, NewEvent, StoredEvent } from '../event/ledger.ts'
import { checkFields, checkRow } from '../event/tables.ts'
import type { TableName } from '../schema/rows.ts'
import type { RawRow, Schema, Statement, Value } from './database.ts'
import { encodeFields } from './row-codec.ts'

type Builder = Kysely<Schema>

const nilUuid = '00000000-0000-0000-0000-000000000000'
/** Scope of the counter that numbers the whole log. */
const logScope = 'log'
/** Scope of the counter that holds the newest timestamp, microseconds since 1970. */
const clockScope = 'clock'

export function selectById(db: Builder, table: TableName, id: string): CompiledQuery {
  return db.selectFrom(table).selectAll().where('id', '=', id).compile()
}

export function selectRows<T extends TableName>(db: Builder, table: TableName, query: Find<T>): CompiledQuery {
  const where = { ...query.where }
  checkFields(table, where)
  let select = db.selectFrom(table).selectAll()
  for (const [column, value] of Object.entries(encodeFields(where))) select = select.where(column, '=', value)
  // A literal, since a database uses a partial index only where it can see that the condition is the same.
  if (query.deleted !== true) select = select.where('tm_delete', '=', sql.lit(notDeleted))
  if (query.before !== undefined) select = select.where('tm_create', '<', query.before)
  select = select.orderBy('tm_create', 'desc')
  return (query.limit === undefined ? select : select.limit(query.limit)).compile()
}

/** The statements of one change of a row; throws Bug when fields and columns do not match. */
export function rowStatement(db: Builder, change: Exclude<Change, { event: NewEvent }>): Statement {
  if ('insert' in change) {
    const row: Record<string, unknown> = { ...change.row }
    checkRow(change.insert, row)
    return { query: db.insertInto(change.insert).values(encodeFields(row)).compile() }
  }
  const set: Record<string, unknown> = { ...change.set, id: change.id }
  const when: Record<string, unknown> = { ...change.when }
  checkFields(change.update, set)
  checkFields(change.update, when)
  let update = db.updateTable(change.update).set(encodeFields(set)).where('id', '=', change.id)
  for (const [column, value] of Object.entries(encodeFields(when))) update = update.where(column, '=', value)
  return { query: update.compile(), guard: true }
}

/** Logs an event, its data as JSON text; its last statement returns the three numbers that `storedEvent` reads. */
export function eventStatements(
  db: Builder,
  event: NewEvent,
  stored: { data: string; tm_create: string },
): Statement[] {
  const customer = `customer:${event.customer_id}`
  const conference = event.conference_id === nilUuid ? undefined : `conference:${event.conference_id}`
  const current = (scope: string) => db.selectFrom('counter').select('value').where('scope', '=', scope)
  const insert = db
    .insertInto('event_log')
    .values({
      id: current(logScope),
      type: event.type,
      customer_id: event.customer_id,
      conference_id: event.conference_id,
      customer_sequence: current(customer),
      conference_sequence: conference === undefined ? 0 : current(conference),
      ...stored,
    })
    .returning(['id', 'customer_sequence', 'conference_sequence'])
  const scopes = conference === undefined ? [logScope, customer] : [logScope, customer, conference]
  return [...scopes.map((scope) => countUp(db, scope)), { query: insert.compile() }]
}

function countUp(db: Builder, scope: string): Statement {
  const count = db
    .insertInto('counter')
    .values({ scope, value: 1 })
    .onConflict((on) => on.column('scope').doUpdateSet({ value: (eb) => eb('counter.value', '+', 1) }))
  return { query: count.compile() }
}

/** Remembers the newest timestamp that was handed out, so that the next process starts after it. */
export function rememberClock(db: Builder, micros: number): Statement {
  const remember = db
    .insertInto('counter')
    .values({ scope: clockScope, value: micros })
    .onConflict((on) => on.column('scope').doUpdateSet({ value: micros }))
  return { query: remember.compile() }
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

/** @param raw a whole row of the log */
export function storedEvent(raw: RawRow): StoredEvent {
  return {
    id: Number(raw['id']),
    type: text(raw['type']),
    customer_id: text(raw['customer_id']),
    conference_id: text(raw['conference_id']),
    customer_sequence: Number(raw['customer_sequence']),
    conference_sequence: Number(raw['conference_sequence']),
    data: JSON.parse(text(raw['data'])),
    tm_create: text(raw['tm_create']),
  }
}

const text = (value: Value | undefined): string => String(value ?? '')
