// Rows to column values and back, by the kinds in event/tables.ts.
import { Bug } from '../base/errors.ts'
import { frozen } from '../base/frozen.ts'
import { type ColumnKind, columnsOf } from '../event/tables.ts'
import type { Rows, TableName } from '../schema/rows.ts'
import type { RawRow, Value } from './database.ts'

/** Column values of checked fields. JSON keeps the order of its keys, so that a client reads its own data back as sent. */
export function encodeFields(fields: Readonly<Record<string, unknown>>): Record<string, Value> {
  const values: Record<string, Value> = {}
  for (const [field, value] of Object.entries(fields)) values[field] = encodeValue(value)
  return values
}

function encodeValue(value: unknown): Value {
  if (typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return JSON.stringify(value)
}

/** The row that a table holds, frozen; throws Bug when the database's columns are not those of event/tables.ts. */
export function decodeRow<T extends TableName>(table: T, raw: RawRow): Rows[T] {
  const row: Record<string, unknown> = {}
  for (const [column, kind] of Object.entries(columnsOf(table))) {
    const value = raw[column]
    if (value === undefined) throw new Bug(`table ${table} has no column ${column}`)
    row[column] = decodeValue(value, kind)
  }
  return frozen(row) as unknown as Rows[T]
}

/** The row of a JSON array of all its columns in the order of event/tables.ts, frozen; throws Bug when there are not as many. */
export function decodeText<T extends TableName>(table: T, text: string): Rows[T] {
  const values: readonly Value[] = JSON.parse(text)
  const columns = Object.entries(columnsOf(table))
  if (values.length !== columns.length) throw new Bug(`a row of ${table} has ${values.length} columns`)
  const row: Record<string, unknown> = {}
  for (const [index, [column, kind]] of columns.entries()) row[column] = decodeValue(values[index] ?? '', kind)
  return frozen(row) as unknown as Rows[T]
}

function decodeValue(value: Value, kind: ColumnKind): unknown {
  if (kind === 'boolean') return value !== 0
  return kind === 'json' ? JSON.parse(String(value)) : value
}
