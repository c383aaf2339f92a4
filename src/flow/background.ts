// Work that flows began and do not wait for. All of it is ended, and waited for, at the end of what it belongs to.
import { classify } from '../base/errors.ts'
import type { Log, LogFields } from '../base/log.ts'

type Work = (signal: AbortSignal) => Promise<unknown>

export class Background {
  readonly #log: Log
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Begins at once; a failure is logged with `fields`, unless this was closed before. */
  begin(work: Work, fields: LogFields): void {
    const running = this.#watch(work, fields).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Aborts what runs; resolves when it has ended. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('over'))
    await Promise.all(this.#running)
  }

  async #watch(work: Work, fields: LogFields): Promise<void> {
    try {
      await work(this.#abort.signal)
    } catch (error) {
      if (this.#abort.signal.aborted) return
      const failure = classify(error)
      const level = failure.kind === 'bug' ? 'error' : 'warn'
      this.#log[level]({ ...fields, reason: failure.message }, 'background work of an action failed')
    }
  }
}
