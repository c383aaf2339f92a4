// The contract of an action: its word, the schema of its option, when it may run and what it does.
// The runner and the validator know actions only through this; a new action is one new file in actions/.
import type { Static, TObject } from 'typebox'
import { Bug } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import type { Action } from '../schema/flow.ts'
import { askAdapter } from './ask-adapter.ts'
import type { DigitCollector } from './digit-collector.ts'
import { createOptionCheck, type OptionCheck } from './option-check.ts'
import type { Playback } from './playback.ts'
import type {
  AdapterKind,
  FlowAdapters,
  FlowCall,
  FlowConferences,
  FlowDialling,
  FlowRecordings,
  FlowSource,
  FlowSpeech,
  FlowWeb,
} from './ports.ts'
import type { Variables } from './variables.ts'

/** What an action that is pushed may look like: ids are given to those without one. */
export type PushedAction = Pick<Action, 'type' | 'option'> & Partial<Action>

/** Where the flow goes after an action. */
export type Outcome =
  | { readonly kind: 'next' }
  /** To the action with this id, in this stack or an outer one; the nil UUID means the next action. */
  | { readonly kind: 'jump'; readonly target: string }
  /** Runs these first, then goes on after the action that pushed them. */
  | { readonly kind: 'push'; readonly actions: readonly PushedAction[] }
  | { readonly kind: 'end' }

export const next: Outcome = { kind: 'next' }
export const end: Outcome = { kind: 'end' }
export const jump = (target: string): Outcome => ({ kind: 'jump', target })
export const push = (actions: readonly PushedAction[]): Outcome => ({ kind: 'push', actions })

/** The parts of the server that actions reach, the same for all runs. */
export interface ActionPorts {
  readonly clock: Clock
  readonly conferences: FlowConferences
  readonly speech: FlowSpeech
  readonly web: FlowWeb
  readonly recordings: FlowRecordings
  readonly dialling: FlowDialling
  readonly adapters: FlowAdapters
}

/** What an action may touch while it runs. */
export interface ActionContext extends ActionPorts {
  readonly activeflowId: string
  readonly customerId: string
  /** What the activeflow runs for: the call, the conversation…; nil for none. */
  readonly referenceId: string
  readonly call: FlowCall | undefined
  /** Undefined without a call, as is `playback`. */
  readonly digits: DigitCollector | undefined
  readonly playback: Playback | undefined
  /** Aborted when the call hangs up or the activeflow is stopped. */
  readonly signal: AbortSignal
  readonly variables: Variables
  readonly flows: FlowSource
  /** Changes the option of this action for its next passes in this activeflow; the stored flow stays as it is. */
  keepOption(patch: Readonly<Record<string, unknown>>): void
  /** Logs what went wrong without failing the action. */
  warn(reason: string): void
  /** Works beside the following actions until the activeflow ends; a failure is logged. */
  alongside(work: Work): void
  /** Works on after the activeflow, until the server stops; a failure is logged. */
  outliving(work: Work): void
}

/** Something to do; the signal says when to give up. */
export type Work = (signal: AbortSignal) => Promise<unknown>

export interface CallContext extends ActionContext {
  readonly call: FlowCall
  readonly digits: DigitCollector
  readonly playback: Playback
}

export interface ActionDefinition {
  readonly type: string
  readonly option: TObject
  /** Needs the media of a live call: skipped silently where there is none. */
  readonly media: boolean
  /** Makes no sense on a call: skipped silently there. */
  readonly skippedOnCalls: boolean
  /** Whether a failure ends the activeflow or is only logged. */
  readonly onError: 'stop' | 'continue'
  /** The endpoint of the user's that does it; undefined for what the server does itself. */
  readonly adapter: AdapterKind | undefined
  readonly check: OptionCheck
  run(context: ActionContext, option: Readonly<Record<string, unknown>>): Promise<Outcome>
}

interface Facts<T extends TObject, Media extends boolean> {
  readonly type: string
  readonly option: T
  readonly media: Media
  readonly skippedOnCalls?: boolean
  readonly onError: 'stop' | 'continue'
}

type RunContext<Media extends boolean> = Media extends true ? CallContext : ActionContext

/** An action is done by its `run`, or by the endpoint of `adapter`. */
type ActionInput<T extends TObject, Media extends boolean> = Facts<T, Media> &
  (
    | { readonly run: (context: RunContext<Media>, option: Static<T>) => Outcome | Promise<Outcome> }
    | { readonly adapter: AdapterKind }
  )

export function defineAction<T extends TObject, const Media extends boolean>(
  input: ActionInput<T, Media>,
): ActionDefinition {
  const { type, option, media, onError, skippedOnCalls = false } = input
  const check = createOptionCheck(option)
  const common = { type, option, media, skippedOnCalls, onError, check }
  if ('adapter' in input) {
    const kind = input.adapter
    const run = async (context: ActionContext, given: Readonly<Record<string, unknown>>): Promise<Outcome> =>
      push(await askAdapter(context, { kind, type, option: given }))
    return { ...common, adapter: kind, run }
  }
  return {
    ...common,
    adapter: undefined,
    run: async (context, given) => {
      if (media && context.call === undefined) throw new Bug(`action ${type} ran without a call`)
      // The gate above and the option check before every run make these two narrowings true.
      return input.run(context as RunContext<Media>, given as Static<T>)
    },
  }
}
