// Entry of a database thread: opens the file, then answers batches and reads in the order in which they came. Everything
// that waits when it looks is committed together; while the disk syncs, the next group gathers.
import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { failureOf, primaryCode } from './sqlite-failure.ts'
import { SqliteConnection } from './sqlite-group.ts'
import type { Batch, FromThread, Outcome, ThreadData, ToThread, Wired, WiredAnswer } from './sqlite-protocol.ts'

/** Batches in one group at most, so that the first one's answer does not wait for all. */
const maxGroup = 256

interface Opened {
  readonly database: DatabaseSync
  /** Holds the lock of this data folder while it is open; the system releases it whatever ends the process. */
  readonly lock: DatabaseSync | undefined
}

function open({ role, path }: ThreadData): Opened {
  if (role === 'reader') return { database: connect(path, 'PRAGMA query_only = ON'), lock: undefined }
  if (path === ':memory:') return { database: connect(path, ''), lock: undefined }
  const lock = takeLock(`${path}-lock`)
  try {
    return { database: connectWriter(path), lock }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Every commit is synced. A log of up to 8,000 pages (32 MiB) is folded into the file about once a second at 100 calls a second. */
const writerPragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;
  PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -8192`

function connectWriter(path: string): DatabaseSync {
  const database = connect(path, writerPragmas)
  const [mode] = database.prepare('PRAGMA journal_mode').all()
  if (mode?.['journal_mode'] !== 'wal') throw new Error('its file system cannot keep a write-ahead log (shared memory)')
  return database
}

function connect(path: string, pragmas: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec(pragmas)
  // Reads the header, so that a file which is no database is found now.
  database.prepare('PRAGMA schema_version').all()
  return database
}

function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path, { timeout: 0 })
  lock.exec('BEGIN EXCLUSIVE')
  return lock
}

const codes = { busy: 5, locked: 6, readonly: 8, corrupt: 11, cantopen: 14, notadb: 26 } as const

function refusal(error: unknown): string {
  switch (primaryCode(error)) {
    case codes.busy:
    case codes.locked:
      return 'another server is using it'
    case codes.readonly:
    case codes.cantopen:
      return 'the folder or the file cannot be written'
    case codes.corrupt:
    case codes.notadb:
      return 'the file is damaged or no database'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}

/** Requests as they were made, from the messages that carry them. */
class Inbox {
  readonly #port: MessagePort
  readonly #texts: string[] = []

  constructor(port: MessagePort) {
    this.#port = port
  }

  /** What waits, beginning with `first`; at most about `maxGroup` requests, since the rest comes as an event of its own. */
  *take(first: string): Generator<ToThread> {
    let taken = 0
    for (let text: string | undefined = first; text !== undefined; text = taken < maxGroup ? this.#next() : undefined) {
      const { texts, requests }: Wired = JSON.parse(text)
      this.#texts.push(...texts)
      for (const request of requests) {
        taken += 1
        yield this.#made(request)
      }
    }
  }

  #next(): string | undefined {
    const received: { message: string } | undefined = receiveMessageOnPort(this.#port)
    return received?.message
  }

  #made(request: Wired['requests'][number]): ToThread {
    if (request.kind === 'close') return request
    if (request.kind !== 'batch') return { ...request, sql: this.#texts[request.sql] ?? '' }
    const statements = request.statements.map(([sql, guard, parameters]) => ({
      sql: this.#texts[sql] ?? '',
      guard: guard === 1,
      parameters,
    }))
    return { kind: 'batch', id: request.id, statements }
  }
}

/** Answers requests, all together; true when asked to close. */
function answer(port: MessagePort, connection: SqliteConnection, requests: Iterable<ToThread>): boolean {
  const outcomes: Outcome[] = []
  const texts: string[] = []
  let group: Batch[] = []
  const flush = (): void => {
    if (group.length > 0) outcomes.push(...connection.commitGroup(group))
    group = []
  }
  let closing = false
  for (const request of requests) {
    if (request.kind === 'batch') {
      group.push(request)
      continue
    }
    flush()
    closing = request.kind === 'close'
    if (request.kind === 'close') break
    outcomes.push(read(connection, request, texts))
  }
  flush()
  send(port, { kind: 'outcomes', outcomes }, texts)
  return closing
}

/** @param texts where the texts that it found go */
function read(
  connection: SqliteConnection,
  { kind, id, sql, parameters }: Extract<ToThread, { kind: 'read' | 'texts' }>,
  texts: string[],
): Outcome {
  try {
    if (kind === 'texts') {
      const found = connection.texts(sql, parameters)
      for (const text of found) texts.push(text)
      return { id, texts: found.length }
    }
    return { id, rows: [connection.read(sql, parameters)] }
  } catch (error) {
    return { id, failure: failureOf(error) }
  }
}

function send(port: MessagePort, message: FromThread, texts: readonly string[] = []): void {
  const wired: WiredAnswer = [JSON.stringify(message), ...texts]
  port.postMessage(wired)
}

function serve(port: MessagePort, data: ThreadData): void {
  let opened: Opened
  try {
    opened = open(data)
  } catch (error) {
    send(port, { kind: 'refused', message: refusal(error) })
    return
  }
  const connection = new SqliteConnection(opened.database)
  const inbox = new Inbox(port)
  port.on('message', (text: string) => {
    if (!answer(port, connection, inbox.take(text))) return
    opened.database.close()
    opened.lock?.close()
    port.close()
  })
  send(port, { kind: 'ready' })
}

if (parentPort) serve(parentPort, workerData)
