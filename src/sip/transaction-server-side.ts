// Server transactions with their last response and the flow it goes by: binds the INVITE and non-INVITE server machines to the core
// (RFC 3261 §17.2, response routing §18.2).
import type { Table } from '../base/machine.ts'
import { defaultPort, isReliable, type TransportFlow } from './flow.ts'
import { header, type SipRequest, type SipResponse } from './message.ts'
import { serialize } from './serialize.ts'
import { type Kinded, sameFlow, type TransactionHost, TransactionMachine, type TransactionName } from './transaction.ts'
import { type InviteServerEvent, type InviteServerState, inviteServerTable } from './transaction-invite-server.ts'
import { hasMagicCookie, toTag } from './transaction-key.ts'
import type { InviteServerTimer, ServerIndication, ServerPort, ServerTimer, TimerName } from './transaction-port.ts'
import { type ServerEvent, type ServerState, serverTable } from './transaction-server.ts'
import { parseVia } from './via.ts'

/** Whoever answers the request. */
export interface ServerUser {
  /** An ACK that matched the INVITE transaction after a 2xx; the dialog takes it. */
  ack(request: SipRequest): void
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
  /** Not to be asked for after a final response, which leaves it empty: retransmissions alone come then. That of an accepted INVITE only loses
   * its body, until it is released. */
  readonly request: SipRequest
  readonly flow: TransportFlow
  readonly state: string
  readonly responded: boolean
  /** The To tag of the last response, which an RFC 2543 ACK must carry. */
  readonly responseTag: string | undefined
  user: ServerUser | undefined
  respond(response: SipResponse): void
  /** Whoever accepted the INVITE is gone; what remains takes in what is late. */
  release(): void
  /** A retransmission, or the ACK. */
  receive(request: SipRequest): void
  flowFailed(failed: TransportFlow): void
}

const noBody = new Uint8Array(0)
const emptied: SipRequest = { kind: 'request', method: '', uri: '', headers: [], body: noBody }

export const startServerTransaction = (options: ServerOptions): ServerTransaction =>
  options.request.method === 'INVITE' ? new ServerSide(inviteKind, options) : new ServerSide(plainKind, options)

class ServerSide<State extends string, Event extends Kinded, Timer extends TimerName>
  implements ServerTransaction, ServerPort<Timer>
{
  interval = 0
  user: ServerUser | undefined
  readonly #kind: Kind<State, Event, Timer>
  readonly #options: Omit<ServerOptions, 'request'>
  readonly #machine: TransactionMachine<State, Event, ServerPort<Timer>, ServerIndication>
  #flow: TransportFlow
  #request: SipRequest
  /** The last response, as long as it may be asked for again. */
  #last: Uint8Array | undefined
  responded = false
  responseTag: string | undefined
  #unanswered = true

  constructor(kind: Kind<State, Event, Timer>, { request, ...options }: ServerOptions) {
    this.#kind = kind
    this.#options = options
    this.#request = request
    this.#flow = options.flow
    this.#machine = new TransactionMachine({
      name: { type: kind.type, key: options.key },
      host: options.host,
      table: kind.table,
      initial: kind.initial,
      owner: this,
    })
  }

  get request(): SipRequest {
    return this.#request
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

  respond(response: SipResponse): void {
    this.#machine.feed(this.#kind.respond(response), this)
  }

  /** Most of what a call leaves behind for 32 s, unless it is what later messages are told by. */
  release(): void {
    const { connectionId } = this.#flow
    if (connectionId === undefined && hasMagicCookie(this.#request)) this.#request = emptied
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
    const bytes = serialize(response)
    if (this.state !== 'accepted') this.#last = bytes
    this.responded = true
    this.responseTag = toTag(response)
    this.#options.host.send(this.#flow, bytes)
  }

  repeatResponse(): void {
    if (this.#last !== undefined) this.#options.host.send(this.#flow, this.#last)
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

  moved(state: State): void {
    if (this.#unanswered && !this.#kind.unanswered.includes(state)) {
      this.#unanswered = false
      this.#options.answered()
    }
    if (state === 'accepted') this.#forget()
    else if (state === 'completed' && this.#kind.type === 'server') this.release()
    if (state !== 'terminated') return
    this.#machine.stopAll()
    this.#options.ended()
  }

  /** Its 2xx is repeated by whoever sent it (RFC 6026 §7.1). */
  #forget(): void {
    this.#last = undefined
    this.#request = { ...this.#request, body: noBody }
  }

  tell(indication: ServerIndication): void {
    if (indication.kind === 'ack') this.user?.ack(indication.request)
  }
}

/** Where responses go when the connection of the request is gone: a new one to the sent-by port (§18.2.2). */
const reopenedFlow = (request: SipRequest, flow: TransportFlow): TransportFlow => ({
  transport: flow.transport,
  remoteAddress: flow.remoteAddress,
  remotePort: parseVia(header(request, 'Via') ?? '')?.port ?? defaultPort(flow.transport),
})
