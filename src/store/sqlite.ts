// The embedded database: SQLite behind a writing and a reading thread, so that neither the disk nor a long batch holds up
// the server or a read.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import { OperationalError } from '../base/errors.ts'
import type { Database, Query, RawRow, Schema, Statement } from './database.ts'
import { SqliteChannel } from './sqlite-channel.ts'

const dialect = {
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
}

class SqliteDatabase implements Database {
  readonly builder = new Kysely<Schema>({ dialect })
  readonly #writer: SqliteChannel
  readonly #reader: SqliteChannel

  constructor(writer: SqliteChannel, reader: SqliteChannel) {
    this.#writer = writer
    this.#reader = reader
  }

  rowText(columns: readonly string[]) {
    return sql<string>`json_array(${sql.join(columns.map((column) => sql.ref(column)))})`
  }

  texts(query: Query): Promise<string[]> {
    return this.#reader.texts(query.sql, query.parameters)
  }

  read(query: Query): Promise<RawRow[]> {
    return this.#reader.read(query.sql, query.parameters)
  }

  commit(batch: readonly Statement[]): Promise<RawRow[][]> {
    return this.#writer.batch(
      batch.map(({ query, guard }) => ({ sql: query.sql, parameters: query.parameters, guard: guard === true })),
    )
  }

  /** The writer is last, so that it can fold the write-ahead log into the file. */
  async close(): Promise<void> {
    await this.#reader.close()
    await this.#writer.close()
  }
}

/**
 * Opens or creates the database file; its folder is created too.
 * Throws OperationalError with one line that names the path and the setting.
 */
export async function openSqlite(path: string): Promise<Database> {
  try {
    // The database holds signing keys and password hashes: a folder that we make is for our own user alone.
    if (path !== ':memory:') await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const writer = await SqliteChannel.open({ role: 'writer', path })
    if (path === ':memory:') return new SqliteDatabase(writer, writer)
    return new SqliteDatabase(writer, await openReader(path, writer))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new OperationalError(`cannot open the database ${path}: ${reason}; PARTYLINE_DATA_DIR names its folder`, {
      cause: error,
    })
  }
}

async function openReader(path: string, writer: SqliteChannel): Promise<SqliteChannel> {
  try {
    return await SqliteChannel.open({ role: 'reader', path })
  } catch (error) {
    await writer.close()
    throw error
  }
}
