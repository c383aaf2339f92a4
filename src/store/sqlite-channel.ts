// The server's end of a database thread: requests out, answers matched by number and settled in the order of the requests.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { OperationalError } from '../base/errors.ts'
import type { RawRow } from './database.ts'
import { errorOf } from './sqlite-failure.ts'
import type {
  FromThread,
  RawStatement,
  ThreadData,
  ToThread,
  Wired,
  WiredAnswer,
  WiredRequest,
} from './sqlite-protocol.ts'

interface Answer {
  readonly rows: RawRow[][]
  readonly texts: string[]
}

const rowsOf = ({ rows }: Answer): RawRow[][] => rows

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

export class SqliteChannel {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  /** Position of each SQL text that the thread knows. */
  readonly #texts = new Map<string, number>()
  #newTexts: string[] = []
  #outgoing: WiredRequest[] = []
  #lastId = 0
  #ended: OperationalError | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', ([text, ...texts]: WiredAnswer) => this.#settle(JSON.parse(text), texts))
    worker.on('error', (error) => this.#end(`the database thread failed: ${error.message}`))
    worker.on('exit', () => this.#end('the database is closed'))
  }

  /** Rejects with the thread's one-line reason when it cannot open the database. */
  static async open(data: ThreadData): Promise<SqliteChannel> {
    const worker = new Worker(new URL('./sqlite-thread.ts', import.meta.url), {
      workerData: data,
      execArgv: [],
      name: `store-${data.role}`,
    })
    const [wired]: (WiredAnswer | undefined)[] = await once(worker, 'message')
    const answer: FromThread | undefined = JSON.parse(wired?.[0] ?? 'null') ?? undefined
    if (answer?.kind !== 'ready') {
      await worker.terminate()
      throw new Error(answer?.kind === 'refused' ? answer.message : 'the database thread did not start')
    }
    return new SqliteChannel(worker)
  }

  batch(statements: readonly RawStatement[]): Promise<RawRow[][]> {
    // Not by `await`, which would keep the statements with all their texts until they are answered.
    return this.#request((id) => ({ kind: 'batch', id, statements })).then(rowsOf)
  }

  async read(sql: string, parameters: readonly unknown[]): Promise<RawRow[]> {
    const { rows } = await this.#request((id) => ({ kind: 'read', id, sql, parameters }))
    return rows[0] ?? []
  }

  async texts(sql: string, parameters: readonly unknown[]): Promise<string[]> {
    return (await this.#request((id) => ({ kind: 'texts', id, sql, parameters }))).texts
  }

  /** Resolves when everything requested before is answered and the thread has ended. */
  async close(): Promise<void> {
    if (this.#ended) return
    const exit = once(this.#worker, 'exit')
    this.#post({ kind: 'close' })
    await exit
  }

  #request(message: (id: number) => ToThread): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended)
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      this.#post(message(id))
    })
  }

  /** Requests of one turn of the event loop leave together: waking the thread costs more than most statements. */
  #post(message: ToThread): void {
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush())
    this.#outgoing.push(this.#wired(message))
  }

  #flush(): void {
    const wired: Wired = { texts: this.#newTexts, requests: this.#outgoing }
    this.#newTexts = []
    this.#outgoing = []
    this.#worker.postMessage(JSON.stringify(wired))
  }

  #wired(message: ToThread): WiredRequest {
    if (message.kind === 'close') return message
    if (message.kind !== 'batch') return { ...message, sql: this.#position(message.sql) }
    const statements = message.statements.map(
      ({ sql, guard, parameters }) => [this.#position(sql), guard ? 1 : 0, parameters] as const,
    )
    return { ...message, statements }
  }

  #position(sql: string): number {
    const known = this.#texts.get(sql)
    if (known !== undefined) return known
    const position = this.#texts.size
    this.#texts.set(sql, position)
    this.#newTexts.push(sql)
    return position
  }

  #settle(message: FromThread, texts: readonly string[]): void {
    if (message.kind !== 'outcomes') return
    let taken = 0
    for (const outcome of message.outcomes) {
      const waiting = this.#waiting.get(outcome.id)
      this.#waiting.delete(outcome.id)
      if ('rows' in outcome) waiting?.resolve({ rows: outcome.rows, texts: [] })
      else if ('texts' in outcome) {
        waiting?.resolve({ rows: [], texts: texts.slice(taken, taken + outcome.texts) })
        taken += outcome.texts
      } else waiting?.reject(errorOf(outcome.failure))
    }
  }

  #end(message: string): void {
    this.#ended ??= new OperationalError(message)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended)
    this.#waiting.clear()
  }
}
