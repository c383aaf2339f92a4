// A migration: numbered, never changed once released, written for every dialect at once.
import type { ColumnDataType, CompiledQuery, SchemaModule } from 'kysely'
import { notDeleted } from '../../base/time.ts'

export interface Migration {
  /** The statements that lead from the version before to this one. */
  readonly up: (schema: SchemaModule) => CompiledQuery[]
}

/** How the kinds of event/tables.ts are kept: booleans as 0 and 1, JSON as text, so that both databases answer alike. */
const dataType = { text: 'text', integer: 'bigint', boolean: 'integer', json: 'text' } as const satisfies Record<
  string,
  ColumnDataType
>

/** Creates a table of columns without NULL; `kind` of each as in event/tables.ts, the first column is the primary key. */
export function createTable(
  schema: SchemaModule,
  name: string,
  columns: Readonly<Record<string, keyof typeof dataType>>,
): CompiledQuery {
  let table = schema.createTable(name)
  for (const [index, [column, kind]] of Object.entries(columns).entries()) {
    table = table.addColumn(column, dataType[kind], (type) =>
      index === 0 ? type.notNull().primaryKey() : type.notNull(),
    )
  }
  return table.compile()
}

export function createIndex(schema: SchemaModule, table: string, columns: readonly string[]): CompiledQuery {
  return schema
    .createIndex(`${table}__${columns.join('__')}`)
    .on(table)
    .columns([...columns])
    .compile()
}

/** @param among which rows may not share a value; the name tells a driver the table and the column */
export function createUnique(
  schema: SchemaModule,
  table: string,
  column: string,
  among: 'all' | 'not deleted' = 'all',
): CompiledQuery {
  const index = schema.createIndex(`${table}__${column}__unique`).unique().on(table).column(column)
  return (among === 'all' ? index : index.where('tm_delete', '=', notDeleted)).compile()
}
