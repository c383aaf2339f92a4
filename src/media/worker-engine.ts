// The media engine as the rest of the server sees it: a proxy to one worker thread, which is replaced when it dies.
// With it die its legs and everything asked of it; whoever owns them is told by a notice.
import { Worker } from 'node:worker_threads'
import { OperationalError } from '../base/errors.ts'
import { Listeners } from '../base/listeners.ts'
import type { EngineCommand, EngineNotice, EngineOptions, EngineReplies, MediaEngine } from './engine.ts'
import type { EngineLoad } from './in-thread-engine.ts'
import { OpenRecordings } from './recording/open-recordings.ts'
import { threadClock } from './thread-clock.ts'
import { type FromWorker, fromPlainError, type ToWorker } from './worker-message.ts'

export interface WorkerLoad extends EngineLoad {
  /** Microseconds of the worker's thread. */
  readonly cpu: { readonly user: number; readonly system: number }
}

export interface WorkerEngine extends MediaEngine {
  /** What moves the packets: `native`, or `node:dgram` and why. */
  readonly packetIo: string
  load(): Promise<WorkerLoad>
  /** Ends the worker as a crash would. */
  crash(): Promise<void>
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Doubled after every worker that did not come up. */
const firstRetryMs = 100
const lastRetryMs = 10_000

/** Resolves once the worker is up; throws OperationalError when it cannot come up. */
export async function createWorkerEngine(options: EngineOptions): Promise<WorkerEngine> {
  const engine = new WorkerProxy(options)
  await engine.start()
  return engine
}

class WorkerProxy implements WorkerEngine {
  readonly #options: EngineOptions
  readonly #listeners = new Listeners<[notice: EngineNotice]>()
  readonly #pending = new Map<number, Pending>()
  readonly #legs = new Set<string>()
  readonly #recordings = new OpenRecordings()
  #worker: Worker | undefined
  #packetIo = ''
  #nextId = 1
  #closing: Promise<void> | undefined

  constructor(options: EngineOptions) {
    this.#options = options
  }

  get packetIo(): string {
    return this.#packetIo
  }

  async start(): Promise<void> {
    const { worker, packetIo } = await startWorker(this.#options)
    this.#packetIo = packetIo
    if (this.#closing) {
      await worker.terminate()
      return
    }
    this.#worker = worker
    let reason = 'the thread ended'
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => this.#died(reason))
  }

  async request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    this.#recordings.asked(command)
    const value = await this.#post((id) => ({ kind: 'request', id, command })).catch((error: unknown) => {
      this.#recordings.refused(command)
      throw error
    })
    if (command.kind === 'openLeg') this.#legs.add(command.legId)
    if (command.kind === 'closeLeg') this.#legs.delete(command.legId)
    return value as EngineReplies[C['kind']]
  }

  onNotice(listener: (notice: EngineNotice) => void): () => void {
    return this.#listeners.add(listener)
  }

  async load(): Promise<WorkerLoad> {
    return (await this.#post((id) => ({ kind: 'load', id }))) as WorkerLoad
  }

  async crash(): Promise<void> {
    await this.#worker?.terminate()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    await this.#send(worker, (id) => ({ kind: 'close', id })).catch(() => undefined)
    await worker.terminate()
    this.#legs.clear()
  }

  #post(message: (id: number) => ToWorker): Promise<unknown> {
    if (!this.#worker || this.#closing) {
      return Promise.reject(new OperationalError('The media worker is not running.', { retryable: !this.#closing }))
    }
    return this.#send(this.#worker, message)
  }

  #send(worker: Worker, message: (id: number) => ToWorker): Promise<unknown> {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      worker.postMessage(message(id))
    })
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'notice') this.#tell(message.notice)
    if (message.kind !== 'reply' && message.kind !== 'failure') return
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (message.kind === 'reply') pending?.resolve(message.value)
    else pending?.reject(fromPlainError(message.error))
  }

  #tell(notice: EngineNotice): void {
    this.#recordings.told(notice)
    this.#listeners.tell(notice)
  }

  #died(reason: string): void {
    this.#worker = undefined
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    const cutOff = this.#closing ? [] : this.#recordings.cutOff(`The media worker died: ${reason}`)
    for (const { reject } of pending)
      reject(new OperationalError(`The media worker died: ${reason}`, { retryable: true }))
    if (this.#closing) return
    const legIds = [...this.#legs]
    this.#legs.clear()
    this.#restart(firstRetryMs, () => {
      for (const notice of [...cutOff, { kind: 'workerDied', legIds, reason } as const]) this.#tell(notice)
    })
  }

  /** Brings a new worker up; `announce` once, when it is up or first fails to come up. */
  #restart(retryMs: number, announce: () => void): void {
    this.start().then(announce, () => {
      announce()
      if (this.#closing) return
      threadClock.after(retryMs, () => this.#restart(Math.min(lastRetryMs, retryMs * 2), () => undefined))
    })
  }
}

function startWorker(options: EngineOptions): Promise<{ readonly worker: Worker; readonly packetIo: string }> {
  const worker = new Worker(new URL('./engine-worker.ts', import.meta.url), { workerData: options, name: 'media' })
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      const cause = error instanceof Error ? error.message : `it ended with ${String(error)}`
      reject(new OperationalError(`The media worker did not come up: ${cause}`, { retryable: true }))
    }
    worker.once('error', failed)
    worker.once('exit', failed)
    worker.once('message', (message: FromWorker) => {
      worker.off('error', failed)
      worker.off('exit', failed)
      resolve({ worker, packetIo: message.kind === 'ready' ? message.packetIo : '' })
    })
  })
}
