// Runs an action by asking an endpoint of the user's: it is told the action and its call, and answers with variables to
// set and actions to run next.
import type { Action } from '../schema/flow.ts'
import type { AdapterKind, AdapterPayload, AdapterReply, FlowAdapters, FlowCall, FlowSource } from './ports.ts'
import type { Variables } from './variables.ts'

type Option = Readonly<Record<string, unknown>>

/** What of an action's context it takes to ask. */
export interface Asker {
  readonly activeflowId: string
  readonly customerId: string
  readonly referenceId: string
  readonly call: FlowCall | undefined
  readonly signal: AbortSignal
  readonly variables: Variables
  readonly adapters: FlowAdapters
  readonly flows: FlowSource
  warn(reason: string): void
  outliving(work: (signal: AbortSignal) => Promise<unknown>): void
}

export interface Question {
  readonly kind: AdapterKind
  /** Word of the action. */
  readonly type: string
  readonly option: Option
}

/**
 * The actions to run next. With an option `sync` that is false, the flow does not wait: variables are set when they come,
 * actions are not run.
 */
export async function askAdapter(asker: Asker, question: Question): Promise<readonly Action[]> {
  const { kind, option } = question
  const payload = payloadOf(asker, question)
  if (option['sync'] === false) {
    asker.outliving(async (signal) => {
      const reply = await asker.adapters.ask(kind, payload, signal)
      keep(asker, reply)
      if (reply.actions.length > 0) asker.warn('the actions of the answer are not run; set option.sync to run them')
    })
    return []
  }
  const reply = await asker.adapters.ask(kind, payload, asker.signal)
  keep(asker, reply)
  return asker.flows.checked(reply.actions, `actions of the ${kind} adapter`)
}

function keep({ variables }: Asker, reply: AdapterReply): void {
  for (const [name, value] of Object.entries(reply.variables)) variables.set(name, value)
}

function payloadOf(asker: Asker, { type, option }: Question): AdapterPayload {
  const { activeflowId, customerId, referenceId, call, variables } = asker
  return {
    action: type,
    option,
    activeflow_id: activeflowId,
    customer_id: customerId,
    reference_id: referenceId,
    call: call ? shownCall(call) : null,
    variables: variables.toObject(),
  }
}

const shownCall = (call: FlowCall): NonNullable<AdapterPayload['call']> => {
  const { id, direction, source, destination } = call
  return { id, direction, status: call.status(), source, destination }
}
