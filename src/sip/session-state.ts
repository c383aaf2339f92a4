// Life of a session (INVITE usage, RFC 3261 §9, §13, §15) as a state table. It says what may happen when; the session acts on it.
import type { Table } from '../base/machine.ts'

export type SessionState =
  /** INVITE sent, nothing heard: CANCEL must wait (§9.1). */
  | 'calling'
  | 'proceeding'
  /** To be cancelled as soon as a provisional response comes. */
  | 'cancelPending'
  /** CANCEL sent, final response awaited. */
  | 'cancelling'
  /** 2xx with an offer received; the ACK waits for our answer. */
  | 'answering'
  /** INVITE received, no final response sent. */
  | 'incoming'
  /** 2xx sent, ACK awaited. */
  | 'accepting'
  /** 2xx sent and to be ended: BYE must wait for the ACK (§15). */
  | 'closing'
  | 'established'
  | 'ended'

export type SessionStateEvent =
  | 'provisional'
  | 'success'
  /** 2xx whose offer must be answered first. */
  | 'successWithOffer'
  /** Non-2xx final response, sent or received, or none at all. */
  | 'failure'
  | 'accept'
  /** ACK sent or received. */
  | 'acknowledged'
  /** We end it. */
  | 'terminate'
  /** The far end ended it, or is gone. */
  | 'gone'

type Kinds = { readonly [K in SessionStateEvent]: { readonly kind: K } }[SessionStateEvent]

const ended = { to: 'ended' } as const

export const sessionTable: Table<SessionState, Kinds> = {
  calling: {
    provisional: { to: 'proceeding' },
    success: { to: 'established' },
    successWithOffer: { to: 'answering' },
    failure: ended,
    accept: 'ignore',
    acknowledged: 'bug',
    terminate: { to: 'cancelPending' },
    gone: ended,
  },
  proceeding: {
    provisional: { to: 'proceeding' },
    success: { to: 'established' },
    successWithOffer: { to: 'answering' },
    failure: ended,
    accept: 'ignore',
    acknowledged: 'bug',
    terminate: { to: 'cancelling' },
    gone: ended,
  },
  cancelPending: {
    provisional: { to: 'cancelling' },
    success: ended,
    successWithOffer: ended,
    failure: ended,
    accept: 'ignore',
    acknowledged: 'bug',
    terminate: 'ignore',
    gone: ended,
  },
  cancelling: {
    provisional: 'ignore',
    success: ended,
    successWithOffer: ended,
    failure: ended,
    accept: 'ignore',
    acknowledged: 'bug',
    terminate: 'ignore',
    gone: ended,
  },
  answering: {
    provisional: 'ignore',
    success: 'ignore',
    successWithOffer: 'ignore',
    failure: 'ignore',
    accept: 'ignore',
    acknowledged: { to: 'established' },
    terminate: ended,
    gone: ended,
  },
  incoming: {
    provisional: { to: 'incoming' },
    success: 'bug',
    successWithOffer: 'bug',
    failure: ended,
    accept: { to: 'accepting' },
    acknowledged: 'ignore',
    terminate: ended,
    gone: ended,
  },
  accepting: {
    provisional: 'ignore',
    success: 'bug',
    successWithOffer: 'bug',
    failure: 'ignore',
    accept: 'ignore',
    acknowledged: { to: 'established' },
    terminate: { to: 'closing' },
    gone: ended,
  },
  closing: {
    provisional: 'ignore',
    success: 'bug',
    successWithOffer: 'bug',
    failure: 'ignore',
    accept: 'ignore',
    acknowledged: ended,
    terminate: 'ignore',
    gone: ended,
  },
  established: {
    provisional: 'ignore',
    success: 'ignore',
    successWithOffer: 'ignore',
    failure: 'ignore',
    accept: 'ignore',
    acknowledged: 'ignore',
    terminate: ended,
    gone: ended,
  },
  ended: {
    provisional: 'ignore',
    success: 'ignore',
    successWithOffer: 'ignore',
    failure: 'ignore',
    accept: 'ignore',
    acknowledged: 'ignore',
    terminate: 'ignore',
    gone: 'ignore',
  },
}
