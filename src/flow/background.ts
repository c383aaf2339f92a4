// Work that flows began and do not wait for. All of it is ended, and waited for, at the end of what it belongs to.
import { classify } from '../base/errors.ts'
import type { Log, LogFields } from '../base/log.ts'

type Work = (signal: AbortSignal) => Promise<unknown>

export class Background {
  readonly #log: Log
  /** Made with the first work: most flows have none. */
  #abort: AbortController | undefined
  #running: Set<Promise<void>> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** Begins at once; a failure is logged with `fields`, unless this was closed before. */
  begin(work: Work, fields: LogFields): void {
    const all = this.#running ?? new Set<Promise<void>>()
    this.#running = all
    const running = this.#watch(work, fields).finally(() => all.delete(running))
    all.add(running)
  }

  /** Aborts what runs; resolves when it has ended. */
  async close(): Promise<void> {
    this.#controller.abort(new Error('over'))
    await Promise.all(this.#running ?? [])
  }

  get #controller(): AbortController {
    this.#abort ??= new AbortController()
    return this.#abort
  }

  async #watch(work: Work, fields: LogFields): Promise<void> {
    const { signal } = this.#controller
    try {
      await work(signal)
    } catch (error) {
      if (signal.aborted) return
      const failure = classify(error)
      const level = failure.kind === 'bug' ? 'error' : 'warn'
      this.#log[level]({ ...fields, reason: failure.message }, 'background work of an action failed')
    }
  }
}
