// What the call layer asks of the layers around it, as narrow as it needs them.

import type { FlowCall } from '../flow/ports.ts'
import type { Address } from '../schema/address.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Header, SipRequest } from '../sip/message.ts'
import type { Command, Credentials } from '../sip/user-agent-io.ts'

/** The SIP core behind its drive loop. */
export interface Signalling {
  command(command: Command): void
}

/** Turns a host of a SIP URI into numeric addresses; rejects when the name does not resolve. */
export type ResolveHost = (host: string) => Promise<readonly string[]>

/** Where and how an outbound call goes. */
export interface DialTarget {
  readonly requestUri: string
  readonly destination: TransportFlow
  readonly credentials?: Credentials
  /** Sent along with the INVITE: a provider's headers, Route of a registered path. */
  readonly headers?: readonly Header[]
}

/** How telephone numbers are reached (routes and providers). */
export interface OutboundRoutes {
  /** In the order of failover. Throws UserError naming `field` when no route leads there. */
  waysTo(customerId: string, number: string, field: string): Promise<readonly DialTarget[]>
}

/** Phones that registered with us. */
export interface RegisteredPhones {
  /** Contacts of an extension (its number, or its id), best q first; empty when none is registered. Throws UserError naming `field` for an unknown one. */
  contactsOf(customerId: string, extension: string, field: string): Promise<readonly DialTarget[]>
}

export type CallDirection = 'incoming' | 'outgoing'

/** What holds toll fraud back: calls a second and calls at once of each customer. */
export interface CallLimits {
  /** Counts one call more; throws UserError LIMIT_REACHED naming the limit. `leave` must follow when it is over. */
  enter(customerId: string, direction: CallDirection): void
  leave(customerId: string, direction: CallDirection): void
}

/** Whom an incoming INVITE is for, and who it is from. */
export interface InboundRoutes {
  route(incoming: { readonly request: SipRequest; readonly flow: TransportFlow }): Promise<InboundRoute>
}

/** What to do with an INVITE: run a flow of a customer, ask who is calling, or refuse with a status. */
export type InboundRoute =
  | {
      readonly ok: true
      readonly customerId: string
      /** Empty when `actions` are to be run. */
      readonly flowId: string
      readonly actions: readonly PlannedAction[]
      readonly source: Address
      readonly destination: Address
      /** The conference that the call is bound for, when it is known already. */
      readonly conferenceId?: string
    }
  /** `guess` marks what the guard against guessing counts; `headers` are challenges. */
  | {
      readonly ok: false
      readonly status: number
      readonly reason: string
      readonly guess: boolean
      readonly headers?: readonly Header[]
    }

/** Runs flows on calls. */
export interface CallFlows {
  /** Stores actions that belong to one call only; answers the flow's id. */
  temporary(customerId: string, actions: readonly PlannedAction[]): Promise<string>
  /** Runs a flow on a call, under an activeflow id chosen by the caller. The call is hung up when the flow ends. */
  start(request: FlowStart): Promise<void>
  /** Ends the activeflow of a call that is over. */
  stop(activeflowId: string): Promise<void>
}

export interface PlannedAction {
  readonly type: string
  readonly option: Readonly<Record<string, unknown>>
}

export interface FlowStart {
  readonly activeflowId: string
  readonly flowId: string
  readonly call: FlowCall
  readonly variables: Readonly<Record<string, string>>
  /** The first action waits for it; when it rejects, none runs. */
  readonly ready?: Promise<void>
}
