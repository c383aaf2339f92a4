// What the four transaction machines ask of the layer around them, and what they tell their user (RFC 3261 §17).
import type { SipRequest, SipResponse } from './message.ts'

export type InviteClientTimer = 'A' | 'B' | 'D' | 'M'
export type ClientTimer = 'E' | 'F' | 'K'
export type InviteServerTimer = 'G' | 'H' | 'I' | 'L'
export type ServerTimer = 'J'
export type TimerName = InviteClientTimer | ClientTimer | InviteServerTimer | ServerTimer

/** What a client transaction tells its user; delivered after the machine has moved. */
export type ClientIndication =
  | { readonly kind: 'response'; readonly response: SipResponse }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'transportFailed' }

/** What a server transaction tells its user; delivered after the machine has moved. */
export type ServerIndication =
  | { readonly kind: 'ack'; readonly request: SipRequest }
  | { readonly kind: 'noAck' }
  | { readonly kind: 'transportFailed' }

interface TimerPort<Timer> {
  /** A stream transport: no retransmissions, and D, I, J, K are zero. */
  readonly reliable: boolean
  /** Retransmission interval that grows, ms. */
  interval: number
  start(timer: Timer, ms: number): void
  stop(...timers: readonly Timer[]): void
}

export interface ClientPort<Timer = ClientTimer> extends TimerPort<Timer> {
  sendRequest(): void
  /** ACK for a non-2xx response (§17.1.1.3). */
  sendAck(response: SipResponse): void
  indicate(indication: ClientIndication): void
}

export interface ServerPort<Timer = ServerTimer> extends TimerPort<Timer> {
  /** Sends a response and keeps it for retransmission. */
  sendResponse(response: SipResponse): void
  /** Sends the kept response again; nothing when there is none. */
  repeatResponse(): void
  indicate(indication: ServerIndication): void
}
