// Migrations: whole or not at all, once each, and never backwards.
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OperationalError } from '../base/errors.ts'
import type { Database } from './database.ts'
import { migrate, migrations } from './migrate.ts'
import { createTable } from './migrations/migration.ts'
import { openSqlite } from './sqlite.ts'

let database: Database
beforeEach(async () => {
  database = await openSqlite(':memory:')
})
afterEach(() => database.close())

const options = { wallMicros: 0, path: 'test.db' }
const table = (name: string) => ({
  name: `make ${name}`,
  up: (schema: Parameters<typeof createTable>[0]) => [createTable(schema, name, { id: 'text' })],
})

async function tableList(): Promise<unknown[]> {
  const list = database.builder
    .withTables<{ sqlite_master: { name: string; type: string } }>()
    .selectFrom('sqlite_master')
    .select('name')
    .where('type', '=', 'table')
    .orderBy('name')
  return (await database.read(list.compile())).map((row) => row['name'])
}

test('applies each migration once, in order, and notes it', async () => {
  expect(await migrate(database, { ...options, migrations: [table('one')] })).toEqual(['make one'])
  expect(await migrate(database, { ...options, migrations: [table('one'), table('two')] })).toEqual(['make two'])
  expect(await migrate(database, { ...options, migrations: [table('one'), table('two')] })).toEqual([])
  const noted = database.builder.selectFrom('schema_version').selectAll().orderBy('version')
  expect(await database.read(noted.compile())).toEqual([
    { version: 1, name: 'make one', tm_create: '1970-01-01 00:00:00.000000' },
    { version: 2, name: 'make two', tm_create: '1970-01-01 00:00:00.000000' },
  ])
})

test('a migration that fails takes back the ones before it', async () => {
  const failing = [table('one'), table('one')]
  await expect(migrate(database, { ...options, migrations: failing })).rejects.toThrow(/already exists/)
  expect(await tableList()).toEqual(['schema_version'])
})

test('refuses a database that a newer program wrote', async () => {
  await migrate(database, { ...options, migrations: [...migrations, table('later')] })
  const older = migrate(database, options)
  await expect(older).rejects.toThrow(OperationalError)
  await expect(older).rejects.toThrow(/test\.db has version 2, this program knows 1.*PARTYLINE_DATA_DIR/)
})

test('compiles for PostgreSQL without a word of SQLite', () => {
  const postgres = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  const statements = migrations.flatMap(({ up }) => up(postgres.schema))
  expect(statements.length).toBeGreaterThan(40)
  for (const { sql, parameters } of statements) {
    expect(sql).toMatch(/^create (table|(unique )?index) "/)
    expect(sql).not.toMatch(/autoincrement|pragma|without rowid|\?/i)
    expect(parameters).toEqual([])
  }
})
