// What the parts of a session (INVITE usage, RFC 3261 §13-15) share, and what they need of the user agent around them.
import type { Authentication } from './authentication.ts'
import type { Dialog } from './dialog.ts'
import type { TransportFlow } from './flow.ts'
import type { Header, SipRequest } from './message.ts'
import type { OfferAnswer } from './offer-answer.ts'
import type { SessionStateEvent } from './session-state.ts'
import type { SessionTimer, TimerLimits } from './session-timer.ts'
import type { TimerQueue } from './timers.ts'
import type { ClientTransaction, ClientUser } from './transaction-client-side.ts'
import type { ServerTransaction } from './transaction-server-side.ts'
import type { SessionEnd, SessionEvent } from './user-agent-io.ts'

export interface OutgoingRequest {
  /** Without Via. */
  readonly request: SipRequest
  readonly flow: TransportFlow
  readonly user: ClientUser
  /** Of the INVITE, for its CANCEL (§9.1); a new one otherwise. */
  readonly branch?: string
}

/** A datagram and where it goes, for sending it again. */
export interface Sent {
  readonly flow: TransportFlow
  readonly bytes: Uint8Array
}

/** Whoever takes the requests of a dialog. */
export interface DialogOwner {
  /** Of the session. */
  readonly id: string
  readonly state: string
  /** Our tag of a session of theirs, which the answer to a CANCEL repeats (§9.2). */
  readonly localTag: string | undefined
  /** Any request but ACK and CANCEL. */
  request(transaction: ServerTransaction, dialog: Dialog): void
  ack(request: SipRequest, flow: TransportFlow): void
  /** A CANCEL that matched this INVITE transaction; it was answered already. */
  cancelled(transaction: ServerTransaction, cancel: SipRequest): void
}

export interface SessionHost {
  readonly timers: TimerQueue
  readonly limits: TimerLimits
  /** Our address, as written into Via. */
  readonly address: string
  token(length: number): string
  mintBranch(): string
  /** Starts a client transaction. */
  send(outgoing: OutgoingRequest): ClientTransaction
  /** Sends an ACK for a 2xx, which has no transaction of its own (§13.2.2.4). */
  sendAck(request: SipRequest, flow: TransportFlow): Sent
  resend(sent: Sent): void
  emit(event: SessionEvent): void
  note(level: 'debug' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void
  /** Where the next request of the dialog goes. */
  flowOf(dialog: Dialog): TransportFlow
  /** Contact of ours for a flow and the Request-URI of the request that it is in, or answers: `<sip:…>` or `<sips:…>`. */
  contact(flow: TransportFlow, requestUri: string): Header
  /** User-Agent. */
  readonly product: Header
  bind(dialog: Dialog, owner: DialogOwner): void
  unbind(dialog: Dialog): void
  /** Takes a REFER in a dialog of this session. */
  refer(usage: Usage, dialog: Dialog, transaction: ServerTransaction): void
  /** Called once, when the session has ended. */
  forget(sessionId: string): void
}

export interface Usage extends DialogOwner {
  readonly host: SessionHost
  readonly offers: OfferAnswer
  readonly timer: SessionTimer
  readonly authentication: Authentication
  /** The dialog of the session; while early and forked, the latest heard from. */
  dialog: Dialog | undefined
  /** Our session description in force, for refreshes by re-INVITE. */
  localDescription: string | undefined
  remoteDescription: string | undefined
  /** False when the event means nothing in the present state. */
  move(event: SessionStateEvent): boolean
  /** Sends BYE in the session's dialog. */
  bye(headers?: readonly Header[]): void
  /** Emits `ended` and frees everything; BYE or CANCEL must have been sent before. */
  finish(end: SessionEnd): void
  /** Something settled; what waited for it may go now. */
  settled(): void
}
