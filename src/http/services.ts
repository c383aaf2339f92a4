// What the routes ask of the domain: one small interface per resource. `customerId` is the caller's tenant: another
// customer's id is answered like one that does not exist. All throw UserError.

import type { Customer } from '../schema/account.ts'
import type { Address } from '../schema/address.ts'
import type { Call } from '../schema/call.ts'
import type { Conference, Conferencecall } from '../schema/conference.ts'
import type { ConversationAccount } from '../schema/conversation.ts'
import type { Action, Activeflow, Flow } from '../schema/flow.ts'

/** Newest first; rows with a tm_create below `before`, at most `limit`. */
export interface Page {
  readonly before?: string
  readonly limit: number
}

export interface ConferenceInput {
  readonly id?: string
  readonly type: Conference['type']
  readonly name: string
  readonly detail: string
  readonly data: Record<string, unknown>
  /** Seconds; 0 = never. */
  readonly timeout: number
  readonly pre_flow_id: string
  readonly post_flow_id: string
}

export interface ConferenceService {
  create(customerId: string, input: ConferenceInput): Promise<Conference>
  get(customerId: string, id: string): Promise<Conference>
  list(customerId: string, page: Page): Promise<Conference[]>
  update(customerId: string, id: string, patch: Partial<ConferenceInput>): Promise<Conference>
  remove(customerId: string, id: string): Promise<Conference>
  regenerateHash(customerId: string, id: string): Promise<Conference>
}

export interface ConferencecallService {
  get(customerId: string, id: string): Promise<Conferencecall>
  list(customerId: string, page: Page): Promise<Conferencecall[]>
  kick(customerId: string, id: string): Promise<Conferencecall>
}

export interface CallInput {
  readonly source: Address
  readonly destinations: Address[]
  readonly flow_id: string
  /** As the flow service normalised them. */
  readonly actions: Action[]
  readonly variables: Record<string, string>
}

export interface CallService {
  create(customerId: string, input: CallInput): Promise<{ calls: Call[]; groupcalls: Record<string, unknown>[] }>
  get(customerId: string, id: string): Promise<Call>
  list(customerId: string, page: Page): Promise<Call[]>
  remove(customerId: string, id: string): Promise<Call>
  hangup(customerId: string, id: string): Promise<Call>
}

export interface FlowInput {
  readonly name: string
  readonly detail: string
  /** Raw; the service validates and normalises. */
  readonly actions: unknown[]
  readonly on_complete_flow_id: string
}

export interface FlowService {
  create(customerId: string, input: FlowInput): Promise<Flow>
  get(customerId: string, id: string): Promise<Flow>
  list(customerId: string, page: Page): Promise<Flow[]>
  update(customerId: string, id: string, patch: Partial<FlowInput>): Promise<Flow>
  remove(customerId: string, id: string): Promise<Flow>
  regenerateHash(customerId: string, id: string): Promise<Flow>
  /** Throws UserError that names the field. */
  normalise(actions: unknown[]): Action[] | Promise<Action[]>
}

export interface ActiveflowInput {
  readonly id?: string
  readonly flow_id: string
  /** Run when no flow is named; one of the two is needed. */
  readonly actions?: unknown[]
  readonly variables: Record<string, string>
  readonly webhook_uri: string
  readonly webhook_method: string
}

export interface ActiveflowService {
  create(customerId: string, input: ActiveflowInput): Promise<Activeflow>
  get(customerId: string, id: string): Promise<Activeflow>
  list(customerId: string, page: Page): Promise<Activeflow[]>
  stop(customerId: string, id: string): Promise<Activeflow>
  remove(customerId: string, id: string): Promise<Activeflow>
}

export interface ConversationAccountInput {
  readonly type: ConversationAccount['type']
  readonly name: string
  readonly detail: string
  readonly secret: string
  readonly token: string
  readonly provider_data: string
  readonly message_flow_id: string
}

export interface SetupInput {
  readonly reference_type: string
  readonly account_id?: string
  readonly secret?: string
  readonly token?: string
}

export interface ConversationAccountService {
  create(customerId: string, input: ConversationAccountInput): Promise<ConversationAccount>
  get(customerId: string, id: string): Promise<ConversationAccount>
  list(customerId: string, page: Page): Promise<ConversationAccount[]>
  update(customerId: string, id: string, patch: Partial<ConversationAccountInput>): Promise<ConversationAccount>
  remove(customerId: string, id: string): Promise<ConversationAccount>
  setup(customerId: string, input: SetupInput): Promise<object>
  setLineInfo(customerId: string, input: { line_secret: string; line_token: string }): Promise<Customer>
}

export interface Services {
  readonly conferences: ConferenceService
  readonly conferencecalls: ConferencecallService
  readonly calls: CallService
  readonly flows: FlowService
  readonly activeflows: ActiveflowService
  readonly conversationAccounts: ConversationAccountService
}
