// One running activeflow: its runner, its journal and its end. The end comes once: stored, then the call hung up.
import { Deferred } from '../base/deferred.ts'
import type { Log } from '../base/log.ts'
import type { Action } from '../schema/flow.ts'
import type { ActiveflowRow } from '../schema/rows.ts'
import { Journal, type JournalPorts } from './journal.ts'
import { type FlowCall, type FlowSource, isEnding } from './ports.ts'
import { type Run, type RunnerPorts, run } from './runner.ts'
import type { Variables } from './variables.ts'

export interface RunningOptions {
  readonly journal: JournalPorts
  /** As it is inserted; its variables are taken from `variables`. */
  readonly row: ActiveflowRow
  readonly variables: Variables
  readonly call: FlowCall | undefined
  readonly flows: FlowSource
}

/** What is needed for the first action, and let go of then. */
export interface Beginning {
  readonly runner: RunnerPorts
  readonly actions: readonly Action[]
  /** The first action waits for it; when it rejects, none runs. */
  readonly ready: Promise<void> | undefined
}

export class RunningActiveflow implements Run {
  readonly variables: Variables
  readonly call: FlowCall | undefined
  readonly flows: FlowSource
  readonly #log: Log
  readonly #journal: Journal
  readonly #abort = new AbortController()
  readonly #stored = new Deferred()
  readonly #done = new Deferred()
  #stopError = ''

  constructor({ journal, row, variables, call, flows }: RunningOptions) {
    this.variables = variables
    this.call = call
    this.flows = flows
    this.#log = journal.log
    this.#journal = new Journal(journal, row, variables)
  }

  get activeflowId(): string {
    return this.#journal.id
  }

  get customerId(): string {
    return this.#journal.customerId
  }

  get referenceId(): string {
    return this.#journal.referenceId
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  began(action: Action): void {
    this.#journal.began(action)
  }

  ended(action: Action, forwardId: string): void {
    this.#journal.ended(action, forwardId)
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
  run(beginning: Beginning, finished: (ended: RunningActiveflow) => Promise<void>): void {
    void this.#act(beginning)
      .then((error) => this.#end(error, finished))
      .catch((error: unknown) =>
        this.#log.error({ activeflow_id: this.activeflowId, err: error }, 'end of an activeflow failed'),
      )
      .then(() => this.#done.resolve())
  }

  /** Resolves with why the flow ended early; empty otherwise. */
  async #act({ runner, actions, ready }: Beginning): Promise<string> {
    return (await this.#begins(ready)) ? run(runner, this, actions) : ''
  }

  async #end(error: string, finished: (ended: RunningActiveflow) => Promise<void>): Promise<void> {
    await this.#store(error || this.#stopError)
    await this.#hangUp()
    await finished(this)
  }

  /** False when the flow was stopped, or what it waits for failed, before its first action. */
  async #begins(ready: Promise<void> | undefined): Promise<boolean> {
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
      this.#log.error({ activeflow_id: this.activeflowId, err: failure }, 'end of an activeflow was not stored')
    }
    this.#stored.resolve()
  }

  async #hangUp(): Promise<void> {
    const { call } = this
    if (!call || isEnding(call.status())) return
    try {
      await call.hangup('normal')
    } catch (error) {
      this.#log.warn({ call_id: call.id, err: error }, 'call could not be hung up at the end of its flow')
    }
  }
}
