// The speech thread as the rest sees it: a queue with a bound, a few jobs at a time, started with the first and again after it died.
import { Worker } from 'node:worker_threads'
import { OperationalError, UserError } from '../../base/errors.ts'
import type { Clock, Timer } from '../../base/time.ts'
import type { SpeechAnswer, SpeechJob, SpeechThreadData, SpeechWork } from './thread-message.ts'

export interface SpeechThreadOptions extends SpeechThreadData {
  readonly clock: Pick<Clock, 'after'>
  /** Jobs that wait; more are refused. */
  readonly mostWaiting: number
  /** Of one job, until the thread is given up. */
  readonly jobMs: number
}

/** Jobs that take turns: a short one does not wait for the end of a long one. */
const mostRunning = 4

interface Waiting {
  readonly job: SpeechJob
  readonly done: PromiseWithResolvers<void>
}

interface Running extends Waiting {
  readonly timer: Timer
}

export class SpeechThread {
  readonly #options: SpeechThreadOptions
  readonly #waiting: Waiting[] = []
  readonly #running = new Map<number, Running>()
  #worker: Worker | undefined
  #nextId = 0
  #closed = false

  constructor(options: SpeechThreadOptions) {
    this.#options = options
  }

  /** Resolves when the WAV file is at `path`. Throws UserError, OperationalError, or the signal's reason. */
  async run(work: SpeechWork, path: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#closed) throw new OperationalError('Speech is closed')
    if (this.#waiting.length >= this.#options.mostWaiting) {
      throw new OperationalError(`${this.#waiting.length} texts wait to be said; no more are taken`, {
        retryable: true,
      })
    }
    this.#nextId += 1
    const job = { id: this.#nextId, work, path, cancelled: new SharedArrayBuffer(4) }
    const waiting = { job, done: Promise.withResolvers<void>() }
    this.#waiting.push(waiting)
    this.#next()
    const aborted = (): void => this.#abort(waiting, signal)
    signal.addEventListener('abort', aborted, { once: true })
    try {
      await waiting.done.promise
    } finally {
      signal.removeEventListener('abort', aborted)
    }
    signal.throwIfAborted()
  }

  /** What runs and waits fails. */
  async close(): Promise<void> {
    this.#closed = true
    const closing = new OperationalError('Speech is closed')
    for (const { done } of this.#waiting.splice(0)) done.reject(closing)
    await this.#give(closing)
  }

  /** What waits is forgotten at once; what runs ends with its present piece. */
  #abort(waiting: Waiting, signal: AbortSignal): void {
    Atomics.store(new Int32Array(waiting.job.cancelled), 0, 1)
    const place = this.#waiting.indexOf(waiting)
    if (place < 0) return
    this.#waiting.splice(place, 1)
    waiting.done.reject(signal.reason)
  }

  #next(): void {
    while (this.#running.size < mostRunning && !this.#closed) {
      const next = this.#waiting.shift()
      if (!next) return
      const { clock, jobMs } = this.#options
      this.#worker ??= this.#start()
      const late = new OperationalError(`The text took longer than ${jobMs} ms to say`)
      this.#running.set(next.job.id, { ...next, timer: clock.after(jobMs, () => void this.#give(late)) })
      this.#worker.postMessage(next.job)
    }
  }

  #start(): Worker {
    const { directory } = this.#options
    // Node calls WASI experimental on stderr, where the log is.
    const worker = new Worker(new URL('./thread-entry.ts', import.meta.url), {
      workerData: { directory } satisfies SpeechThreadData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const died = (why: string): void => {
      if (this.#worker === worker)
        void this.#give(new OperationalError(`The speech thread died: ${why}`, { retryable: true }))
    }
    worker.on('message', (answer: SpeechAnswer) => this.#answered(answer))
    worker.on('error', (error) => died(String(error)))
    worker.on('exit', (code) => died(`code ${code}`))
    return worker
  }

  #answered({ id, failure }: SpeechAnswer): void {
    const running = this.#running.get(id)
    if (!running) return
    this.#running.delete(id)
    running.timer.cancel()
    if (!failure) running.done.resolve()
    else if (failure.user) running.done.reject(new UserError('INVALID_ARGUMENT', failure.message))
    else running.done.reject(new OperationalError(failure.message))
    this.#next()
  }

  /** Ends the thread, fails what it did, and goes on with a new one. */
  async #give(reason: OperationalError): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    for (const { done, timer } of this.#running.values()) {
      timer.cancel()
      done.reject(reason)
    }
    this.#running.clear()
    this.#next()
    await worker?.terminate()
  }
}
