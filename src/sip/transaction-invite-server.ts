// INVITE server transaction (RFC 3261 §17.2.1, with the Accepted state and Timer L of RFC 6026 §7.1).
// The retransmission of 2xx is the user's (§13.3.1.4); here they only pass.
import type { Table } from '../base/machine.ts'
import type { SipRequest, SipResponse } from './message.ts'
import { T1, T2, T4, transactionLifetime } from './timers.ts'
import type { InviteServerTimer, ServerPort } from './transaction-port.ts'

type Port = ServerPort<InviteServerTimer>

export type InviteServerState = 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated'

export type InviteServerEvent =
  | { readonly kind: 'invite' }
  | { readonly kind: 'ack'; readonly request: SipRequest }
  | { readonly kind: 'respondProvisional'; readonly response: SipResponse }
  | { readonly kind: 'respondSuccess'; readonly response: SipResponse }
  | { readonly kind: 'respondFailure'; readonly response: SipResponse }
  | { readonly kind: 'timerG' }
  | { readonly kind: 'timerH' }
  | { readonly kind: 'timerI' }
  | { readonly kind: 'timerL' }
  | { readonly kind: 'transportError' }

interface RespondEvent {
  readonly response: SipResponse
}

const respond = (port: Port, event: RespondEvent): void => port.sendResponse(event.response)

const accept = (port: Port, event: RespondEvent): void => {
  port.sendResponse(event.response)
  port.start('L', transactionLifetime)
}

const refuse = (port: Port, event: RespondEvent): void => {
  port.sendResponse(event.response)
  port.interval = T1
  if (!port.reliable) port.start('G', port.interval)
  port.start('H', transactionLifetime)
}

// RFC 6026 §7.1: a transport error does not end the transaction; its timers do.
const tellFailed = (port: Port): void => port.indicate({ kind: 'transportFailed' })

export const inviteServerTable: Table<InviteServerState, InviteServerEvent, Port> = {
  proceeding: {
    invite: { to: 'proceeding', run: (port) => port.repeatResponse() },
    ack: 'ignore',
    respondProvisional: { to: 'proceeding', run: respond },
    respondSuccess: { to: 'accepted', run: accept },
    respondFailure: { to: 'completed', run: refuse },
    timerG: 'bug',
    timerH: 'bug',
    timerI: 'bug',
    timerL: 'bug',
    transportError: { to: 'proceeding', run: tellFailed },
  },
  accepted: {
    invite: 'ignore',
    ack: { to: 'accepted', run: (port, event) => port.indicate({ kind: 'ack', request: event.request }) },
    respondProvisional: 'bug',
    respondSuccess: { to: 'accepted', run: respond },
    respondFailure: 'bug',
    timerG: 'bug',
    timerH: 'bug',
    timerI: 'bug',
    timerL: { to: 'terminated' },
    transportError: { to: 'accepted', run: tellFailed },
  },
  completed: {
    invite: { to: 'completed', run: (port) => port.repeatResponse() },
    ack: {
      to: 'confirmed',
      run: (port) => {
        port.stop('G', 'H')
        port.start('I', port.reliable ? 0 : T4)
      },
    },
    respondProvisional: 'bug',
    respondSuccess: 'bug',
    respondFailure: 'bug',
    timerG: {
      to: 'completed',
      run: (port) => {
        port.repeatResponse()
        port.interval = Math.min(2 * port.interval, T2)
        port.start('G', port.interval)
      },
    },
    timerH: {
      to: 'terminated',
      run: (port) => {
        port.stop('G')
        port.indicate({ kind: 'noAck' })
      },
    },
    timerI: 'bug',
    timerL: 'bug',
    transportError: { to: 'completed', run: tellFailed },
  },
  confirmed: {
    invite: 'ignore',
    ack: 'ignore',
    respondProvisional: 'bug',
    respondSuccess: 'bug',
    respondFailure: 'bug',
    timerG: 'bug',
    timerH: 'bug',
    timerI: { to: 'terminated' },
    timerL: 'bug',
    transportError: 'ignore',
  },
  terminated: {
    invite: 'bug',
    ack: 'bug',
    respondProvisional: 'bug',
    respondSuccess: 'bug',
    respondFailure: 'bug',
    timerG: 'bug',
    timerH: 'bug',
    timerI: 'bug',
    timerL: 'bug',
    transportError: 'bug',
  },
}
