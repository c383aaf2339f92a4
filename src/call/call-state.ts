// The life of a call as the API tells it: every state, every event, one table.
import type { Table } from '../base/machine.ts'
import type { CallStatus } from '../schema/call.ts'

export type CallEvent =
  /** 180 or 183 from the phone that we ring. */
  | { readonly kind: 'alerting' }
  /** 2xx, sent or received. */
  | { readonly kind: 'answered' }
  /** We give up an outgoing call that nobody answered yet. */
  | { readonly kind: 'cancel' }
  /** We end any other call. */
  | { readonly kind: 'terminate' }
  /** The signalling session is over. */
  | { readonly kind: 'gone' }

export const callTable: Table<CallStatus, CallEvent> = {
  dialing: {
    alerting: { to: 'ringing' },
    answered: { to: 'progressing' },
    cancel: { to: 'canceling' },
    terminate: { to: 'terminating' },
    gone: { to: 'hangup' },
  },
  ringing: {
    alerting: 'ignore',
    answered: { to: 'progressing' },
    cancel: { to: 'canceling' },
    terminate: { to: 'terminating' },
    gone: { to: 'hangup' },
  },
  progressing: {
    alerting: 'ignore',
    answered: 'ignore',
    cancel: 'bug',
    terminate: { to: 'terminating' },
    gone: { to: 'hangup' },
  },
  terminating: {
    alerting: 'ignore',
    answered: 'ignore',
    cancel: 'ignore',
    terminate: 'ignore',
    gone: { to: 'hangup' },
  },
  // A 200 that crosses our CANCEL is acknowledged and ended by the signalling core.
  canceling: { alerting: 'ignore', answered: 'ignore', cancel: 'ignore', terminate: 'ignore', gone: { to: 'hangup' } },
  hangup: { alerting: 'ignore', answered: 'ignore', cancel: 'ignore', terminate: 'ignore', gone: 'ignore' },
}
