// Client transactions with their bytes and flow: binds the INVITE and non-INVITE client machines to the core (RFC 3261 §17.1).
import type { Table } from '../base/machine.ts'
import { isReliable, type TransportFlow } from './flow.ts'
import { type Header, header, headers, type SipRequest, type SipResponse } from './message.ts'
import { serialize } from './serialize.ts'
import { type Kinded, sameFlow, type TransactionHost, TransactionMachine, type TransactionName } from './transaction.ts'
import { type ClientEvent, type ClientState, clientTable, startClient } from './transaction-client.ts'
import {
  type InviteClientEvent,
  type InviteClientState,
  inviteClientTable,
  startInviteClient,
} from './transaction-invite-client.ts'
import type { ClientIndication, ClientPort, ClientTimer, InviteClientTimer, TimerName } from './transaction-port.ts'

/** Whoever sent the request. */
export interface ClientUser {
  /** Every provisional response, and the final one; for INVITE every 2xx until Timer M. */
  response(response: SipResponse, flow: TransportFlow): void
  failed(why: 'timeout' | 'transport'): void
}

export interface ClientOptions {
  readonly host: TransactionHost
  readonly key: string
  /** With our Via on top. */
  readonly request: SipRequest
  readonly flow: TransportFlow
  readonly user: ClientUser
  readonly ended: () => void
}

/** One of the two client machines, and how messages become its events. */
interface Kind<State extends string, Event extends Kinded, Timer extends TimerName> {
  readonly type: TransactionName['type']
  readonly table: Table<State, Event, ClientPort<Timer>>
  readonly initial: State
  readonly start: (port: ClientPort<Timer>) => void
  readonly response: (response: SipResponse) => Event
  readonly timer: (timer: Timer) => Event
  readonly transportError: Event
}

const inviteKind: Kind<InviteClientState, InviteClientEvent, InviteClientTimer> = {
  type: 'invite client',
  table: inviteClientTable,
  initial: 'calling',
  start: startInviteClient,
  response: (response) => ({
    kind: response.status < 200 ? 'provisional' : response.status < 300 ? 'success' : 'failure',
    response,
  }),
  timer: (timer) => ({ kind: `timer${timer}` }),
  transportError: { kind: 'transportError' },
}

const plainKind: Kind<ClientState, ClientEvent, ClientTimer> = {
  type: 'client',
  table: clientTable,
  initial: 'trying',
  start: startClient,
  response: (response) => ({ kind: response.status < 200 ? 'provisional' : 'final', response }),
  timer: (timer) => ({ kind: `timer${timer}` }),
  transportError: { kind: 'transportError' },
}

/** A client transaction whatever its machine. */
export interface ClientTransaction {
  readonly request: SipRequest
  readonly flow: TransportFlow
  readonly state: string
  receive(response: SipResponse, flow: TransportFlow): void
  flowFailed(failed: TransportFlow): void
  /** Forgets the transaction without telling its user: nothing more is sent. */
  abandon(): void
}

/** Sends the request and waits for what comes. */
export const startClientTransaction = (options: ClientOptions): ClientTransaction =>
  options.request.method === 'INVITE' ? new ClientSide(inviteKind, options) : new ClientSide(plainKind, options)

class ClientSide<State extends string, Event extends Kinded, Timer extends TimerName>
  implements ClientTransaction, ClientPort<Timer>
{
  interval = 0
  readonly #kind: Kind<State, Event, Timer>
  readonly #options: ClientOptions
  readonly #machine: TransactionMachine<State, Event, ClientPort<Timer>, ClientIndication>
  readonly #bytes: Uint8Array
  #flow: TransportFlow

  constructor(kind: Kind<State, Event, Timer>, options: ClientOptions) {
    this.#kind = kind
    this.#options = options
    this.#flow = options.flow
    this.#bytes = serialize(options.request)
    this.#machine = new TransactionMachine({
      name: { type: kind.type, key: options.key },
      host: options.host,
      table: kind.table,
      initial: kind.initial,
      owner: this,
    })
    kind.start(this)
  }

  get request(): SipRequest {
    return this.#options.request
  }

  get flow(): TransportFlow {
    return this.#flow
  }

  get reliable(): boolean {
    return isReliable(this.#flow.transport)
  }

  get state(): State {
    return this.#machine.state
  }

  receive(response: SipResponse, flow: TransportFlow): void {
    // Later messages of a stream transaction go where its responses come from.
    if (this.reliable && flow.transport === this.#flow.transport) this.#flow = flow
    this.#machine.feed(this.#kind.response(response), this)
  }

  flowFailed(failed: TransportFlow): void {
    if (sameFlow(this.#flow, failed)) this.#machine.feed(this.#kind.transportError, this)
  }

  abandon(): void {
    this.#machine.stopAll()
    this.#options.ended()
  }

  sendRequest(): void {
    this.#options.host.send(this.#flow, this.#bytes)
  }

  sendAck(response: SipResponse): void {
    this.#options.host.send(this.#flow, serialize(ackForFailure(this.request, response)))
  }

  indicate(indication: ClientIndication): void {
    this.#machine.indicate(indication)
  }

  start(timer: Timer, ms: number): void {
    this.#machine.start(timer, ms, () => this.#machine.feed(this.#kind.timer(timer), this))
  }

  stop(...timers: readonly Timer[]): void {
    for (const timer of timers) this.#machine.stop(timer)
  }

  moved(state: State): void {
    if (state === 'terminated') this.abandon()
  }

  tell(indication: ClientIndication): void {
    const { user } = this.#options
    if (indication.kind === 'response') user.response(indication.response, this.#flow)
    else user.failed(indication.kind === 'timeout' ? 'timeout' : 'transport')
  }
}

/** ACK for a 300-699 response: the INVITE's branch, the response's To (§17.1.1.3). */
export function ackForFailure(invite: SipRequest, response: SipResponse): SipRequest {
  const one = (name: string, value: string | undefined): Header[] => (value === undefined ? [] : [{ name, value }])
  const number = (header(invite, 'CSeq') ?? '').split(/\s/)[0]
  return {
    kind: 'request',
    method: 'ACK',
    uri: invite.uri,
    headers: [
      ...one('Via', header(invite, 'Via')),
      ...headers(invite, 'Route').map((value) => ({ name: 'Route', value })),
      ...one('Max-Forwards', '70'),
      ...one('From', header(invite, 'From')),
      ...one('To', header(response, 'To')),
      ...one('Call-ID', header(invite, 'Call-ID')),
      ...one('CSeq', `${number} ACK`),
    ],
    body: new Uint8Array(),
  }
}
