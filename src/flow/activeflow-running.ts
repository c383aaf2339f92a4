// One running activeflow: its runner, its journal and its end. The end comes once: stored, then the call hung up.
import type { Action } from '../schema/flow.ts'
import type { ActiveflowRow } from '../schema/rows.ts'
import { Journal, type JournalPorts } from './journal.ts'
import { type FlowCall, type FlowSource, isEnding } from './ports.ts'
import { type RunnerPorts, run } from './runner.ts'
import type { Variables } from './variables.ts'

export interface RunningOptions {
  readonly journal: JournalPorts
  readonly runner: RunnerPorts
  /** As it is inserted; its variables are taken from `variables`. */
  readonly row: ActiveflowRow
  readonly variables: Variables
  readonly actions: readonly Action[]
  readonly call: FlowCall | undefined
  readonly flows: FlowSource
  /** The first action waits for it; when it rejects, none runs. */
  readonly ready: Promise<void> | undefined
}

export class RunningActiveflow {
  readonly #options: RunningOptions
  readonly #journal: Journal
  readonly #abort = new AbortController()
  readonly #stored = Promise.withResolvers<void>()
  readonly #done = Promise.withResolvers<void>()
  #stopError = ''

  constructor(options: RunningOptions) {
    this.#options = options
    this.#journal = new Journal(options.journal, options.row, options.variables)
  }

  /** As of now. */
  get row(): ActiveflowRow {
    return this.#journal.row
  }

  /** Resolves when everything that belongs to the end is done. */
  get done(): Promise<void> {
    return this.#done.promise
  }

  /**
   * Cuts the running action short; resolves when the end is stored.
   * @param error what `error` will say; empty for an end that was wished
   */
  stop(error: string): Promise<void> {
    if (!this.#abort.signal.aborted) this.#stopError = error
    this.#abort.abort(new Error(error || 'activeflow stopped'))
    return this.#stored.promise
  }

  /** To be called instead of `run` when the row could not be stored. */
  abandon(): void {
    this.#stored.resolve()
    this.#done.resolve()
  }

  /** To be called once, when the row is stored. `finished` is the last step before `done`. */
  run(finished: () => Promise<void>): void {
    this.#run(finished).then(this.#done.resolve, (error: unknown) => {
      this.#options.journal.log.error({ activeflow_id: this.row.id, err: error }, 'end of an activeflow failed')
      this.#done.resolve()
    })
  }

  async #run(finished: () => Promise<void>): Promise<void> {
    const { runner, row, variables, actions, call, flows } = this.#options
    const error = (await this.#begins())
      ? await run(runner, {
          activeflowId: row.id,
          customerId: row.customer_id,
          referenceId: row.reference_id,
          actions,
          call,
          signal: this.#abort.signal,
          variables,
          flows,
          began: (action) => this.#journal.began(action),
          ended: (action, forwardId) => this.#journal.ended(action, forwardId),
        })
      : ''
    await this.#store(error || this.#stopError)
    await this.#hangUp()
    await finished()
  }

  /** False when the flow was stopped, or what it waits for failed, before its first action. */
  async #begins(): Promise<boolean> {
    const { ready } = this.#options
    if (ready === undefined) return true
    const { signal } = this.#abort
    const stopped = new Promise<boolean>((resolve) => {
      if (signal.aborted) resolve(false)
      signal.addEventListener('abort', () => resolve(false), { once: true })
    })
    const begun = ready.then(
      () => true,
      () => false,
    )
    return Promise.race([begun, stopped])
  }

  async #store(error: string): Promise<void> {
    try {
      await this.#journal.close(error)
    } catch (failure) {
      const { log } = this.#options.journal
      log.error({ activeflow_id: this.row.id, err: failure }, 'end of an activeflow was not stored')
    }
    this.#stored.resolve()
  }

  async #hangUp(): Promise<void> {
    const { call, journal } = this.#options
    if (!call || isEnding(call.status())) return
    try {
      await call.hangup('normal')
    } catch (error) {
      journal.log.warn({ call_id: call.id, err: error }, 'call could not be hung up at the end of its flow')
    }
  }
}
