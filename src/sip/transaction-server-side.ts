// Server transactions with their last response and the flow it goes by: binds the INVITE and non-INVITE server machines to the core
// (RFC 3261 §17.2, response routing §18.2).
import type { Table } from '../base/machine.ts'
import { defaultPort, isReliable, type TransportFlow } from './flow.ts'
import { header, type SipRequest, type SipResponse } from './message.ts'
import { serialize } from './serialize.ts'
import { type Kinded, sameFlow, type TransactionHost, TransactionMachine, type TransactionName } from './transaction.ts'
import { type InviteServerEvent, type InviteServerState, inviteServerTable } from './transaction-invite-server.ts'
import type { InviteServerTimer, ServerIndication, ServerPort, ServerTimer, TimerName } from './transaction-port.ts'
import { type ServerEvent, type ServerState, serverTable } from './transaction-server.ts'
import { parseVia } from './via.ts'

/** Whoever answers the request. */
export interface ServerUser {
  /** An ACK that matched the INVITE transaction after a 2xx; the dialog takes it. */
  ack(request: SipRequest): void
  /** No response can be delivered: the connection, and the one that would replace it, are gone. */
  transportFailed(): void
}

export interface ServerOptions {
  readonly host: TransactionHost
  readonly key: string
  /** With `received` and `rport` filled in. */
  readonly request: SipRequest
  readonly flow: TransportFlow
  readonly ended: () => void
  /** Called once when it has its final response; for an INVITE refused, when that was acknowledged or given up. */
  readonly answered: () => void
}

interface Kind<State extends string, Event extends Kinded, Timer extends TimerName> {
  readonly type: TransactionName['type']
  readonly table: Table<State, Event, ServerPort<Timer>>
  readonly initial: State
  readonly unanswered: readonly State[]
  /** Undefined for what means nothing to this machine. */
  readonly request: (request: SipRequest) => Event | undefined
  readonly respond: (response: SipResponse) => Event
  readonly timer: (timer: Timer) => Event
  readonly transportError: Event
}

const inviteKind: Kind<InviteServerState, InviteServerEvent, InviteServerTimer> = {
  type: 'invite server',
  table: inviteServerTable,
  initial: 'proceeding',
  unanswered: ['proceeding', 'completed'],
  request: (request) => (request.method === 'ACK' ? { kind: 'ack', request } : { kind: 'invite' }),
  respond: (response) => ({
    kind: response.status < 200 ? 'respondProvisional' : response.status < 300 ? 'respondSuccess' : 'respondFailure',
    response,
  }),
  timer: (timer) => ({ kind: `timer${timer}` }),
  transportError: { kind: 'transportError' },
}

const plainKind: Kind<ServerState, ServerEvent, ServerTimer> = {
  type: 'server',
  table: serverTable,
  initial: 'trying',
  unanswered: ['trying', 'proceeding'],
  request: (request) => (request.method === 'ACK' ? undefined : { kind: 'request' }),
  respond: (response) => ({ kind: response.status < 200 ? 'respondProvisional' : 'respondFinal', response }),
  timer: (timer) => ({ kind: `timer${timer}` }),
  transportError: { kind: 'transportError' },
}

/** A server transaction whatever its machine. */
export interface ServerTransaction {
  readonly request: SipRequest
  readonly flow: TransportFlow
  readonly state: string
  /** The To tag of the last response, which an RFC 2543 ACK must carry. */
  readonly lastResponse: SipResponse | undefined
  user: ServerUser | undefined
  respond(response: SipResponse): void
  /** A retransmission, or the ACK. */
  receive(request: SipRequest): void
  flowFailed(failed: TransportFlow): void
}

export const startServerTransaction = (options: ServerOptions): ServerTransaction =>
  options.request.method === 'INVITE' ? new ServerSide(inviteKind, options) : new ServerSide(plainKind, options)

class ServerSide<State extends string, Event extends Kinded, Timer extends TimerName>
  implements ServerTransaction, ServerPort<Timer>
{
  interval = 0
  user: ServerUser | undefined
  readonly #kind: Kind<State, Event, Timer>
  readonly #options: ServerOptions
  readonly #machine: TransactionMachine<State, Event, ServerPort<Timer>, ServerIndication>
  #flow: TransportFlow
  #last: { readonly response: SipResponse; readonly bytes: Uint8Array } | undefined
  #unanswered = true

  constructor(kind: Kind<State, Event, Timer>, options: ServerOptions) {
    this.#kind = kind
    this.#options = options
    this.#flow = options.flow
    this.#machine = new TransactionMachine({
      name: { type: kind.type, key: options.key },
      host: options.host,
      table: kind.table,
      initial: kind.initial,
      tell: (indication) => this.#tell(indication),
      moved: (state) => this.#moved(state),
    })
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

  get lastResponse(): SipResponse | undefined {
    return this.#last?.response
  }

  respond(response: SipResponse): void {
    this.#machine.feed(this.#kind.respond(response), this)
  }

  receive(request: SipRequest): void {
    const event = this.#kind.request(request)
    if (event !== undefined) this.#machine.feed(event, this)
  }

  flowFailed(failed: TransportFlow): void {
    if (!sameFlow(this.#flow, failed)) return
    if (this.#flow.connectionId === undefined) this.#machine.feed(this.#kind.transportError, this)
    else this.#flow = reopenedFlow(this.request, this.#flow)
  }

  sendResponse(response: SipResponse): void {
    this.#last = { response, bytes: serialize(response) }
    this.repeatResponse()
  }

  repeatResponse(): void {
    if (this.#last !== undefined) this.#options.host.send(this.#flow, this.#last.bytes)
  }

  indicate(indication: ServerIndication): void {
    this.#machine.indicate(indication)
  }

  start(timer: Timer, ms: number): void {
    this.#machine.start(timer, ms, () => this.#machine.feed(this.#kind.timer(timer), this))
  }

  stop(...timers: readonly Timer[]): void {
    for (const timer of timers) this.#machine.stop(timer)
  }

  #moved(state: State): void {
    if (this.#unanswered && !this.#kind.unanswered.includes(state)) {
      this.#unanswered = false
      this.#options.answered()
    }
    if (state !== 'terminated') return
    this.#machine.stopAll()
    this.#options.ended()
  }

  #tell(indication: ServerIndication): void {
    if (indication.kind === 'ack') this.user?.ack(indication.request)
    else if (indication.kind === 'transportFailed') this.user?.transportFailed()
  }
}

/** Where responses go when the connection of the request is gone: a new one to the sent-by port (§18.2.2). */
const reopenedFlow = (request: SipRequest, flow: TransportFlow): TransportFlow => ({
  transport: flow.transport,
  remoteAddress: flow.remoteAddress,
  remotePort: parseVia(header(request, 'Via') ?? '')?.port ?? defaultPort(flow.transport),
})
