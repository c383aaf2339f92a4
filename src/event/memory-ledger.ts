// A ledger without a disk, for unit tests of the domain: the semantics of the store, kept equal by store/ledger.suite.ts.
import { frozen } from '../base/frozen.ts'
import { type Clock, notDeleted, TimestampSource } from '../base/time.ts'
import type { Rows, TableName } from '../schema/rows.ts'
import { type Change, type Find, type Ledger, type NewEvent, StaleRow, type StoredEvent } from './ledger.ts'
import { Subscribers } from './subscribers.ts'
import { checkFields, checkRow, tables } from './tables.ts'
import { uniqueViolation } from './unique-violation.ts'

type Row = Record<string, unknown> & { readonly id: string; readonly tm_create: string; readonly tm_delete: string }

const nilUuid = '00000000-0000-0000-0000-000000000000'

/** 2026-01-01 00:00:00 UTC, where the clock of a ledger without one stands still; timestamps then grow by a microsecond. */
const standingClock = { wallMicros: () => Date.UTC(2026, 0, 1) * 1000 }

/** Committed facts; a commit works on a copy of what it touches and swaps it in whole. */
interface Facts {
  readonly tables: Map<TableName, Map<string, Row>>
  readonly log: StoredEvent[]
  readonly sequences: Map<string, number>
}

class MemoryLedger implements Ledger {
  #facts: Facts = { tables: new Map(), log: [], sequences: new Map() }
  readonly #timestamps: TimestampSource
  readonly #subscribers = new Subscribers((error) => {
    queueMicrotask(() => {
      throw error
    })
  })

  constructor(clock: Pick<Clock, 'wallMicros'>) {
    this.#timestamps = new TimestampSource(clock)
  }

  async get<T extends TableName>(table: T, id: string): Promise<Rows[T] | undefined> {
    const row = this.#facts.tables.get(table)?.get(id)
    return row && asRow<T>(row)
  }

  async find<T extends TableName>(table: T, query: Find<T>): Promise<Rows[T][]> {
    checkFields(table, query.where ?? {})
    const rows = [...(this.#facts.tables.get(table)?.values() ?? [])].filter(
      (row) =>
        (query.deleted === true || isLive(row)) &&
        (query.before === undefined || row.tm_create < query.before) &&
        fits(row, query.where ?? {}),
    )
    rows.sort((a, b) => (a.tm_create < b.tm_create ? 1 : -1))
    return rows.slice(0, query.limit ?? rows.length).map((row) => asRow<T>(row))
  }

  async commit(changes: readonly Change[]): Promise<StoredEvent[]> {
    const { tables, log, sequences } = this.#facts
    const next: Facts = { tables: new Map(tables), log: [...log], sequences: new Map(sequences) }
    for (const change of changes) this.#apply(next, change)
    this.#facts = next
    const events = structuredClone(next.log.slice(log.length))
    await Promise.resolve()
    this.#subscribers.deliver(structuredClone(events))
    return events
  }

  async events(after: number, limit: number): Promise<StoredEvent[]> {
    return structuredClone(this.#facts.log.slice(after, after + limit))
  }

  subscribe(listener: (event: StoredEvent) => void): () => void {
    return this.#subscribers.add(listener)
  }

  timestamp(): string {
    return this.#timestamps.next()
  }

  #apply(facts: Facts, change: Change): void {
    if ('event' in change) {
      facts.log.push(this.#stored(facts, change.event))
    } else if ('insert' in change) {
      const row: Row = { ...change.row }
      checkRow(change.insert, row)
      put(facts, change.insert, structuredClone(row), undefined)
    } else {
      checkFields(change.update, { ...change.set, ...change.when })
      const old = facts.tables.get(change.update)?.get(change.id)
      if (!old || !fits(old, change.when ?? {})) throw new StaleRow(change.update, change.id)
      put(facts, change.update, { ...old, ...structuredClone(change.set), id: change.id }, old)
    }
  }

  #stored(facts: Facts, event: NewEvent): StoredEvent {
    const count = (scope: string): number => {
      const value = (facts.sequences.get(scope) ?? 0) + 1
      facts.sequences.set(scope, value)
      return value
    }
    return {
      ...structuredClone(event),
      id: facts.log.length + 1,
      customer_sequence: count(`customer:${event.customer_id}`),
      conference_sequence: event.conference_id === nilUuid ? 0 : count(`conference:${event.conference_id}`),
      tm_create: this.#timestamps.next(),
    }
  }
}

function put(facts: Facts, name: TableName, row: Row, old: Row | undefined): void {
  const table = new Map(facts.tables.get(name))
  if (!old && table.has(row.id)) throw uniqueViolation(name, 'id')
  const unique = tables[name].unique
  for (const other of table.values()) {
    if (other === old) continue
    if (other.tm_create === row.tm_create) throw uniqueViolation(name, 'tm_create')
    if (!unique || other[unique.column] !== row[unique.column]) continue
    if (unique.among === 'all' || (isLive(other) && isLive(row))) throw uniqueViolation(name, unique.column)
  }
  table.set(row.id, row)
  facts.tables.set(name, table)
}

const isLive = (row: Row): boolean => row.tm_delete === notDeleted

/** Equality of every field; objects and arrays by their JSON text, as in the store. */
function fits(row: Row, where: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(where).every(([field, value]) => JSON.stringify(row[field]) === JSON.stringify(value))
}

/** A copy, so that a caller cannot change what is stored. Tables only ever receive rows of their own type. */
function asRow<T extends TableName>(row: Row): Rows[T] {
  return frozen(structuredClone(row)) as unknown as Rows[T]
}

/** @param options.clock where timestamps come from; without one they start at 2026-01-01 and grow by a microsecond */
export function createMemoryLedger(options: { readonly clock?: Pick<Clock, 'wallMicros'> } = {}): Ledger {
  return new MemoryLedger(options.clock ?? standingClock)
}
