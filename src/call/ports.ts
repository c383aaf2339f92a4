// What the call layer asks of the layers around it, as narrow as it needs them.

import type { FlowCall } from '../flow/ports.ts'
import type { TransportFlow } from '../sip/flow.ts'
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
