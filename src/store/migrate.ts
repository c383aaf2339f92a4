// Brings a database to the version of this program, all steps in one transaction.
import { OperationalError } from '../base/errors.ts'
import { formatTimestamp } from '../base/time.ts'
import type { Database, Statement } from './database.ts'
import { firstTables } from './migrations/0001-first-tables.ts'
import type { Migration } from './migrations/migration.ts'

/** Version n is reached by the n-th migration. */
export const migrations: readonly (Migration & { readonly name: string })[] = [
  { name: '0001-first-tables', ...firstTables },
]

export interface MigrateOptions {
  /** Microseconds since 1970, noted beside each migration. */
  readonly wallMicros: number
  /** The database's path, for messages. */
  readonly path: string
  /** In place of the program's own, for tests. */
  readonly migrations?: typeof migrations
}

/**
 * Answers the names of the migrations applied now.
 * Throws OperationalError when the database was written by a newer program.
 */
export async function migrate(database: Database, options: MigrateOptions): Promise<string[]> {
  const steps = options.migrations ?? migrations
  const current = await currentVersion(database)
  if (current > steps.length) {
    throw new OperationalError(
      `the database ${options.path} has version ${current}, this program knows ${steps.length}: ` +
        'start the newer program, or choose another folder with PARTYLINE_DATA_DIR',
    )
  }
  const missing = steps.map((step, index) => ({ ...step, version: index + 1 })).slice(current)
  const tm_create = formatTimestamp(options.wallMicros)
  const batch = missing.flatMap(({ up, version, name }): Statement[] => [
    ...up(database.builder.schema).map((query) => ({ query })),
    { query: database.builder.insertInto('schema_version').values({ version, name, tm_create }).compile() },
  ])
  if (batch.length > 0) await database.commit(batch)
  return missing.map((step) => step.name)
}

async function currentVersion(database: Database): Promise<number> {
  const create = database.builder.schema
    .createTable('schema_version')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('tm_create', 'text', (column) => column.notNull())
  await database.commit([{ query: create.compile() }])
  const newest = database.builder.selectFrom('schema_version').select('version').orderBy('version', 'desc').limit(1)
  const [row] = await database.read(newest.compile())
  return Number(row?.['version'] ?? 0)
}
