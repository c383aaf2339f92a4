// Non-INVITE server transaction (RFC 3261 §17.2.2).
import type { Table } from '../base/machine.ts'
import type { SipResponse } from './message.ts'
import { transactionLifetime } from './timers.ts'
import type { ServerPort } from './transaction-port.ts'

export type ServerState = 'trying' | 'proceeding' | 'completed' | 'terminated'

export type ServerEvent =
  | { readonly kind: 'request' }
  | { readonly kind: 'respondProvisional'; readonly response: SipResponse }
  | { readonly kind: 'respondFinal'; readonly response: SipResponse }
  | { readonly kind: 'timerJ' }
  | { readonly kind: 'transportError' }

interface RespondEvent {
  readonly response: SipResponse
}

const respond = (port: ServerPort, event: RespondEvent): void => port.sendResponse(event.response)

const complete = (port: ServerPort, event: RespondEvent): void => {
  port.sendResponse(event.response)
  port.start('J', port.reliable ? 0 : transactionLifetime)
}

const fail = (port: ServerPort): void => {
  port.stop('J')
  port.indicate({ kind: 'transportFailed' })
}

export const serverTable: Table<ServerState, ServerEvent, ServerPort> = {
  trying: {
    request: 'ignore',
    respondProvisional: { to: 'proceeding', run: respond },
    respondFinal: { to: 'completed', run: complete },
    timerJ: 'bug',
    // Nothing was sent yet, and the answer may still find a way.
    transportError: 'ignore',
  },
  proceeding: {
    request: { to: 'proceeding', run: (port) => port.repeatResponse() },
    respondProvisional: { to: 'proceeding', run: respond },
    respondFinal: { to: 'completed', run: complete },
    timerJ: 'bug',
    transportError: { to: 'terminated', run: fail },
  },
  completed: {
    request: { to: 'completed', run: (port) => port.repeatResponse() },
    respondProvisional: 'bug',
    respondFinal: 'ignore',
    timerJ: { to: 'terminated' },
    transportError: { to: 'terminated', run: fail },
  },
  terminated: {
    request: 'bug',
    respondProvisional: 'bug',
    // The user may answer after the connection is gone.
    respondFinal: 'ignore',
    timerJ: 'bug',
    transportError: 'bug',
  },
}
