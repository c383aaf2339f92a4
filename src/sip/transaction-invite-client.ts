// INVITE client transaction (RFC 3261 §17.1.1, with the Accepted state and Timer M of RFC 6026 §7.2).
import type { Table } from '../base/machine.ts'
import type { SipResponse } from './message.ts'
import { T1, timerDUnreliable, transactionLifetime } from './timers.ts'
import type { ClientPort, InviteClientTimer } from './transaction-port.ts'

type Port = ClientPort<InviteClientTimer>

export type InviteClientState = 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated'

export type InviteClientEvent =
  | { readonly kind: 'provisional'; readonly response: SipResponse }
  | { readonly kind: 'success'; readonly response: SipResponse }
  | { readonly kind: 'failure'; readonly response: SipResponse }
  | { readonly kind: 'timerA' }
  | { readonly kind: 'timerB' }
  | { readonly kind: 'timerD' }
  | { readonly kind: 'timerM' }
  | { readonly kind: 'transportError' }

interface ResponseEvent {
  readonly response: SipResponse
}

/** What entering `calling` does. */
export function startInviteClient(port: Port): void {
  port.sendRequest()
  port.interval = T1
  if (!port.reliable) port.start('A', port.interval)
  port.start('B', transactionLifetime)
}

const tellResponse = (port: Port, event: ResponseEvent): void =>
  port.indicate({ kind: 'response', response: event.response })

const proceed = (port: Port, event: ResponseEvent): void => {
  port.stop('A', 'B')
  tellResponse(port, event)
}

const accept = (port: Port, event: ResponseEvent): void => {
  port.stop('A', 'B')
  port.start('M', transactionLifetime)
  tellResponse(port, event)
}

const complete = (port: Port, event: ResponseEvent): void => {
  port.stop('A', 'B')
  port.sendAck(event.response)
  port.start('D', port.reliable ? 0 : timerDUnreliable)
  tellResponse(port, event)
}

const fail = (port: Port): void => {
  port.stop('A', 'B', 'D', 'M')
  port.indicate({ kind: 'transportFailed' })
}

export const inviteClientTable: Table<InviteClientState, InviteClientEvent, Port> = {
  calling: {
    provisional: { to: 'proceeding', run: proceed },
    success: { to: 'accepted', run: accept },
    failure: { to: 'completed', run: complete },
    timerA: {
      to: 'calling',
      run: (port) => {
        port.sendRequest()
        port.interval *= 2
        port.start('A', port.interval)
      },
    },
    timerB: {
      to: 'terminated',
      run: (port) => {
        port.stop('A')
        port.indicate({ kind: 'timeout' })
      },
    },
    timerD: 'bug',
    timerM: 'bug',
    transportError: { to: 'terminated', run: fail },
  },
  proceeding: {
    provisional: { to: 'proceeding', run: tellResponse },
    success: { to: 'accepted', run: accept },
    failure: { to: 'completed', run: complete },
    timerA: 'bug',
    timerB: 'bug',
    timerD: 'bug',
    timerM: 'bug',
    // No response can come back over a lost connection.
    transportError: { to: 'terminated', run: fail },
  },
  accepted: {
    provisional: 'ignore',
    // Retransmissions and 2xx of other forks: the user acknowledges each (§13.2.2.4).
    success: { to: 'accepted', run: tellResponse },
    failure: 'ignore',
    timerA: 'bug',
    timerB: 'bug',
    timerD: 'bug',
    timerM: { to: 'terminated' },
    transportError: 'ignore',
  },
  completed: {
    provisional: 'ignore',
    success: 'ignore',
    failure: { to: 'completed', run: (port, event) => port.sendAck(event.response) },
    timerA: 'bug',
    timerB: 'bug',
    timerD: { to: 'terminated' },
    timerM: 'bug',
    // The user already has its final response; only our ACK is lost with the connection.
    transportError: { to: 'terminated', run: (port) => port.stop('D') },
  },
  terminated: {
    provisional: 'bug',
    success: 'bug',
    failure: 'bug',
    timerA: 'bug',
    timerB: 'bug',
    timerD: 'bug',
    timerM: 'bug',
    transportError: 'bug',
  },
}
