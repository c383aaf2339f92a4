// What the flow engine asks of the call and conference layers. They implement it; the engine knows nothing else of them.
import type { HangupReason } from '../base/errors.ts'
import type { Address } from '../schema/address.ts'
import type { CallStatus } from '../schema/call.ts'
import type { Action } from '../schema/flow.ts'

/** The call that an activeflow runs on. */
export interface FlowCall {
  readonly id: string
  readonly customerId: string
  readonly direction: 'incoming' | 'outgoing'
  readonly source: Address
  readonly destination: Address
  /** Nil UUID when the call has no master. */
  readonly masterCallId: string
  status(): CallStatus
  /** No-op when the call is up already; rejects when it has ended. */
  answer(): Promise<void>
  /** `''` means normal. */
  hangup(reason: HangupReason): Promise<void>
  /** Reason of another call of the same customer, for `hangup` with a reference. */
  hangupReasonOf(callId: string): Promise<HangupReason>
  echo(durationMs: number, signal: AbortSignal): Promise<void>
  beep(signal: AbortSignal): Promise<void>
  /** The call's `action` follows the cursor of its activeflow. */
  actionChanged(action: Action): void
}

export interface FlowConferences {
  /** Creates the conferencecall in `joining`. Throws UserError for an unknown, foreign or ending conference. */
  admit(request: { call: FlowCall; conferenceId: string; activeflowId: string }): Promise<Admitted>
  /**
   * Enters the mix and resolves when the participant has left it (kick, conference ended); rejects when it could not enter.
   * A nil `conferencecallId` is admitted first; one that was removed before it could enter resolves at once.
   */
  stay(request: StayRequest): Promise<void>
}

export interface Admitted {
  readonly preFlowId: string
  readonly postFlowId: string
  readonly confbridgeId: string
  readonly conferencecallId: string
}

export interface StayRequest {
  readonly call: FlowCall
  readonly confbridgeId: string
  readonly conferencecallId: string
  readonly activeflowId: string
  readonly signal: AbortSignal
}

/** Where `fetch_flow` reads from; the tenant is already chosen. */
export interface FlowSource {
  /** Throws UserError FLOW_NOT_FOUND for a missing, deleted or foreign flow. */
  actionsOf(flowId: string): Promise<readonly Action[]>
}

/** Whether a call in this status can do nothing more than end. */
export const isEnding = (status: CallStatus): boolean =>
  status === 'terminating' || status === 'canceling' || status === 'hangup'
