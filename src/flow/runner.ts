// Runs a flow: moves the cursor, executes one action after another until the end, an error or an abort.
// It knows no action by name; what an action is comes from the registry.
import { classify, UserError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Action } from '../schema/flow.ts'
import { Background } from './background.ts'
import { Cursor } from './cursor.ts'
import type { ActionContext, ActionDefinition, ActionPorts, Outcome, PushedAction } from './define-action.ts'
import { DigitCollector } from './digit-collector.ts'
import { Playback } from './playback.ts'
import { type FlowCall, type FlowSource, isEnding } from './ports.ts'
import type { Registry } from './registry.ts'
import type { Variables } from './variables.ts'
import { untilAborted } from './wait.ts'

/** How often one action may run in an activeflow, and how many may follow one another without reaching the call. */
export const runLimits = { perAction: 100, withoutCall: 1000 } as const

/** What all runs of a server share. */
export interface RunnerPorts extends ActionPorts {
  readonly registry: Registry
  readonly log: Log
  /** Of the whole server: for work that outlives the activeflow that began it. */
  readonly background: Background
  /** Text for `tm_execute`. */
  timestamp(): string
}

export interface Run {
  readonly activeflowId: string
  readonly customerId: string
  /** What the activeflow runs for; nil for nothing. */
  readonly referenceId: string
  readonly call: FlowCall | undefined
  readonly signal: AbortSignal
  readonly variables: Variables
  readonly flows: FlowSource
  /** Told of each action before it runs, with variables filled in and `tm_execute` set. */
  began(action: Action): void
  /** Told after it ran, failed or was cut short, with the id of the jump that it asked for (nil for none). */
  ended(action: Action, forwardId: string): void
}

/** Resolves when the flow ended; the text says why it ended early, empty otherwise. Never rejects. */
export const run = (ports: RunnerPorts, request: Run, actions: readonly PushedAction[]): Promise<string> =>
  new Runner(ports, request).run(actions)

class Runner {
  readonly #ports: RunnerPorts
  readonly #run: Run
  readonly #cursor = new Cursor()
  readonly #executions = new Map<string, number>()
  readonly #background: Background
  #digits: DigitCollector | undefined
  readonly #playback: Playback | undefined
  #withoutCall = 0

  constructor(ports: RunnerPorts, request: Run) {
    this.#ports = ports
    this.#run = request
    this.#background = new Background(ports.log)
    this.#playback = request.call && new Playback()
  }

  async run(actions: readonly PushedAction[]): Promise<string> {
    try {
      this.#begins(actions)
      for (let step = this.#next(); step !== undefined; step = this.#next()) {
        const outcome = await this.#execute(step.action, step.definition)
        if (outcome.kind === 'end') return ''
        if (outcome.kind === 'push') this.#cursor.push(outcome.actions)
      }
      return ''
    } catch (error) {
      return this.#endedBy(error)
    } finally {
      this.#close()
    }
  }

  #begins(actions: readonly PushedAction[]): void {
    const { call, variables } = this.#run
    this.#cursor.push(actions)
    this.#digits = call && new DigitCollector(call.audio, variables, this.#ports.clock)
  }

  /** What is to be executed now; undefined at the end of the flow. */
  #next(): { readonly action: Action; readonly definition: ActionDefinition } | undefined {
    while (!this.#isOver()) {
      const action = this.#cursor.advance()
      if (!action) return undefined
      const definition = this.#definition(action)
      this.#countStep(definition)
      if (this.#isSkipped(definition)) continue
      this.#countExecution(action)
      return { action, definition }
    }
    return undefined
  }

  #endedBy(error: unknown): string {
    const { signal, activeflowId } = this.#run
    if (signal.aborted) return ''
    const { log } = this.#ports
    const failure = classify(error)
    const fields = { activeflow_id: activeflowId, code: failure.code, reason: failure.message }
    if (failure.kind === 'bug') log.error({ ...fields, err: failure }, 'activeflow ended by a fault')
    else log.info(fields, 'activeflow ended by an error')
    return failure.kind === 'bug' ? 'internal error' : failure.message
  }

  /** Ends what works beside the actions, without waiting for it. */
  #close(): void {
    this.#digits?.close()
    void this.#background.close()
  }

  #isOver(): boolean {
    const { signal, call } = this.#run
    return signal.aborted || (call !== undefined && isEnding(call.status()))
  }

  #definition(action: Action): ActionDefinition {
    const definition = this.#ports.registry.get(action.type)
    if (!definition) throw new UserError('INVALID_ACTION_TYPE', `action ${action.type} does not exist`)
    return definition
  }

  #isSkipped(definition: ActionDefinition): boolean {
    return this.#run.call ? definition.skippedOnCalls : definition.media
  }

  #countStep(definition: ActionDefinition): void {
    this.#withoutCall = definition.media && this.#run.call ? 0 : this.#withoutCall + 1
    if (this.#withoutCall <= runLimits.withoutCall) return
    throw new UserError('LIMIT_REACHED', `${runLimits.withoutCall} actions in a row did not reach the call`)
  }

  #countExecution(action: Action): void {
    const count = (this.#executions.get(action.id) ?? 0) + 1
    this.#executions.set(action.id, count)
    if (count <= runLimits.perAction) return
    const { type, id } = action
    throw new UserError('LIMIT_REACHED', `action ${type} (${id}) was to run more than ${runLimits.perAction} times`)
  }

  async #execute(action: Action, definition: ActionDefinition): Promise<Outcome> {
    let shown: Action | undefined
    try {
      const refusal = this.#ports.registry.refusal(definition)
      if (refusal !== undefined) throw new UserError('NOT_IMPLEMENTED', `the action ${refusal}`)
      const option = definition.check.ready(this.#run.variables.substitute(action.option))
      shown = this.#begin(action, option)
      const outcome = await untilAborted(definition.run(this.#context(action), option), this.#run.signal)
      if (outcome.kind === 'jump') this.#cursor.jump(outcome.target)
      return outcome
    } catch (error) {
      shown ??= this.#begin(action, action.option)
      return this.#failed(error, definition)
    } finally {
      if (shown) this.#run.ended(shown, this.#cursor.forwardId)
    }
  }

  #begin(action: Action, option: Readonly<Record<string, unknown>>): Action {
    const shown = { ...action, option: { ...option }, tm_execute: this.#ports.timestamp() }
    this.#run.began(shown)
    this.#run.call?.actionChanged(shown)
    return shown
  }

  #failed(error: unknown, definition: ActionDefinition): Outcome {
    if (this.#isOver()) return { kind: 'end' }
    const failure = classify(error)
    const { type } = definition
    if (failure.kind === 'bug') throw failure
    if (definition.onError === 'stop')
      throw new UserError(failure.code, `${type}: ${failure.message}`, { cause: error })
    this.#ports.log.warn(
      { activeflow_id: this.#run.activeflowId, action: type, reason: failure.message },
      'action failed, the flow goes on',
    )
    return { kind: 'next' }
  }

  #context(action: Action): ActionContext {
    const { activeflowId, customerId, referenceId, call, signal, variables, flows } = this.#run
    const { registry: _registry, log, background, timestamp: _timestamp, ...ports } = this.#ports
    const fields = { activeflow_id: activeflowId, action: action.type }
    return {
      ...ports,
      ...{ activeflowId, customerId, referenceId, call, signal, variables, flows },
      digits: this.#digits,
      playback: this.#playback,
      keepOption: (patch) => void Object.assign(action.option, patch),
      warn: (reason) => log.warn({ ...fields, reason }, 'part of an action failed'),
      alongside: (work) => this.#background.begin(work, fields),
      outliving: (work) => background.begin(work, fields),
    }
  }
}
