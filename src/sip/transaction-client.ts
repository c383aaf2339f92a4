// Non-INVITE client transaction (RFC 3261 §17.1.2).
import type { Table } from '../base/machine.ts'
import type { SipResponse } from './message.ts'
import { T1, T2, T4, transactionLifetime } from './timers.ts'
import type { ClientPort } from './transaction-port.ts'

export type ClientState = 'trying' | 'proceeding' | 'completed' | 'terminated'

export type ClientEvent =
  | { readonly kind: 'provisional'; readonly response: SipResponse }
  | { readonly kind: 'final'; readonly response: SipResponse }
  | { readonly kind: 'timerE' }
  | { readonly kind: 'timerF' }
  | { readonly kind: 'timerK' }
  | { readonly kind: 'transportError' }

interface ResponseEvent {
  readonly response: SipResponse
}

/** What entering `trying` does. */
export function startClient(port: ClientPort): void {
  port.sendRequest()
  port.interval = T1
  if (!port.reliable) port.start('E', port.interval)
  port.start('F', transactionLifetime)
}

const tellResponse = (port: ClientPort, event: ResponseEvent): void =>
  port.indicate({ kind: 'response', response: event.response })

const complete = (port: ClientPort, event: ResponseEvent): void => {
  port.stop('E', 'F')
  port.start('K', port.reliable ? 0 : T4)
  tellResponse(port, event)
}

const timeOut = (port: ClientPort): void => {
  port.stop('E')
  port.indicate({ kind: 'timeout' })
}

const fail = (port: ClientPort): void => {
  port.stop('E', 'F')
  port.indicate({ kind: 'transportFailed' })
}

const repeat = (port: ClientPort, interval: number): void => {
  port.sendRequest()
  port.interval = interval
  port.start('E', interval)
}

export const clientTable: Table<ClientState, ClientEvent, ClientPort> = {
  trying: {
    provisional: { to: 'proceeding', run: tellResponse },
    final: { to: 'completed', run: complete },
    timerE: { to: 'trying', run: (port) => repeat(port, Math.min(2 * port.interval, T2)) },
    timerF: { to: 'terminated', run: timeOut },
    timerK: 'bug',
    transportError: { to: 'terminated', run: fail },
  },
  proceeding: {
    provisional: { to: 'proceeding', run: tellResponse },
    final: { to: 'completed', run: complete },
    timerE: { to: 'proceeding', run: (port) => repeat(port, T2) },
    timerF: { to: 'terminated', run: timeOut },
    timerK: 'bug',
    transportError: { to: 'terminated', run: fail },
  },
  completed: {
    provisional: 'ignore',
    final: 'ignore',
    timerE: 'bug',
    timerF: 'bug',
    timerK: { to: 'terminated' },
    transportError: 'ignore',
  },
  terminated: {
    provisional: 'bug',
    final: 'bug',
    timerE: 'bug',
    timerF: 'bug',
    timerK: 'bug',
    transportError: 'bug',
  },
}
