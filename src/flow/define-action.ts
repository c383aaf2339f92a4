// The contract of an action: its word, the schema of its option, when it may run and what it does.
// The runner and the validator know actions only through this; a new action is one new file in actions/.
import type { Static, TObject } from 'typebox'
import { Bug } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import type { Action } from '../schema/flow.ts'
import { createOptionCheck, type OptionCheck } from './option-check.ts'
import type { FlowCall, FlowConferences, FlowSource } from './ports.ts'
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

/** What an action may touch while it runs. */
export interface ActionContext {
  readonly activeflowId: string
  readonly customerId: string
  readonly call: FlowCall | undefined
  /** Aborted when the call hangs up or the activeflow is stopped. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly variables: Variables
  readonly conferences: FlowConferences
  readonly flows: FlowSource
  /** Changes the option of this action for its next passes in this activeflow; the stored flow stays as it is. */
  keepOption(patch: Readonly<Record<string, unknown>>): void
}

export interface CallContext extends ActionContext {
  readonly call: FlowCall
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
  readonly check: OptionCheck
  /** Absent when the word is accepted in flows but this server cannot run it. */
  readonly run?: (context: ActionContext, option: Readonly<Record<string, unknown>>) => Promise<Outcome>
}

interface ActionInput<T extends TObject, Media extends boolean> {
  readonly type: string
  readonly option: T
  readonly media: Media
  readonly skippedOnCalls?: boolean
  readonly onError: 'stop' | 'continue'
  readonly run?: (
    context: Media extends true ? CallContext : ActionContext,
    option: Static<T>,
  ) => Outcome | Promise<Outcome>
}

export function defineAction<T extends TObject, const Media extends boolean>(
  input: ActionInput<T, Media>,
): ActionDefinition {
  const { type, option, media, onError, run, skippedOnCalls = false } = input
  const common = { type, option, media, skippedOnCalls, onError, check: createOptionCheck(option) }
  if (run === undefined) return common
  return {
    ...common,
    run: async (context, given) => {
      if (media && context.call === undefined) throw new Bug(`action ${type} ran without a call`)
      // The gate above and the option check before every run make these two narrowings true.
      return run(context as CallContext, given as Static<T>)
    },
  }
}
