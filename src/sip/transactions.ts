// The transaction layer (RFC 3261 §17): finds the transaction of each message by a map, makes new ones, forgets ended ones.
import type { Step } from '../base/machine.ts'
import { isSentBy, type SentBy, sentByPort } from './branch.ts'
import { parseCSeq } from './cseq.ts'
import type { Transport, TransportFlow } from './flow.ts'
import { header, type SipRequest, type SipResponse } from './message.ts'
import type { TimerQueue } from './timers.ts'
import type { TransactionHost, TransactionName } from './transaction.ts'
import { type ClientTransaction, type ClientUser, startClientTransaction } from './transaction-client-side.ts'
import { clientKey, hasMagicCookie, mergeKey, responseKey, serverKey, toTag } from './transaction-key.ts'
import { type ServerTransaction, startServerTransaction } from './transaction-server-side.ts'
import { formatVia } from './via.ts'

export interface TransactionsOptions {
  readonly timers: TimerQueue
  readonly sentBy: SentBy
  send(flow: TransportFlow, bytes: Uint8Array): void
  stepped(transaction: TransactionName, event: string, step: Step<string>): void
}

export interface ClientRequest {
  /** Without a Via of ours. */
  readonly request: SipRequest
  readonly branch: string
  readonly flow: TransportFlow
  readonly user: ClientUser
}

export class Transactions {
  readonly #options: TransactionsOptions
  readonly #host: TransactionHost
  readonly #clients = new Map<string, ClientTransaction>()
  readonly #servers = new Map<string, ServerTransaction>()
  /** Requests outside dialogs that are in progress, by what copies of them have in common. */
  readonly #merged = new Map<string, ServerTransaction>()
  /** Server transactions without an answer (acknowledged, for INVITE), by source address. */
  readonly #unanswered = new Map<string, number>()

  constructor(options: TransactionsOptions) {
    this.#options = options
    this.#host = {
      timers: options.timers,
      send: (flow, bytes) => options.send(flow, bytes),
      stepped: (transaction, event, step) => options.stepped(transaction, event, step),
    }
  }

  get size(): number {
    return this.#clients.size + this.#servers.size
  }

  /** Server transactions of one source that wait for an answer or its ACK. */
  unansweredOf(address: string): number {
    return this.#unanswered.get(address) ?? 0
  }

  get serverCount(): number {
    return this.#servers.size
  }

  /** Adds our Via and sends. */
  send({ request, branch, flow, user }: ClientRequest): ClientTransaction {
    const key = clientKey(branch, request.method)
    const complete = withVia(request, this.#options.sentBy, { branch, transport: flow.transport })
    const ended = (): void => {
      this.#clients.delete(key)
    }
    const transaction = startClientTransaction({ host: this.#host, key, request: complete, flow, user, ended })
    this.#clients.set(key, transaction)
    return transaction
  }

  /** False when no transaction of ours asked for this response: it is dropped (§18.1.2, RFC 6026 §8.6). */
  receiveResponse(response: SipResponse, flow: TransportFlow): boolean {
    const of = responseKey(response)
    const transaction = of && isSentBy(of.via, this.#options.sentBy) ? this.#clients.get(of.key) : undefined
    transaction?.receive(response, flow)
    return transaction !== undefined
  }

  /** True when the request is a retransmission or an ACK of a transaction, which has dealt with it. */
  receiveRequest(request: SipRequest): boolean {
    const transaction = this.#servers.get(serverKey(request))
    if (transaction === undefined || !belongs(request, transaction)) return false
    transaction.receive(request)
    return true
  }

  /** Starts a server transaction for a request that `receiveRequest` did not know. */
  serve(request: SipRequest, flow: TransportFlow): ServerTransaction {
    const key = serverKey(request)
    const merged = toTag(request) === undefined ? mergeKey(request) : undefined
    const source = flow.remoteAddress
    this.#unanswered.set(source, this.unansweredOf(source) + 1)
    const transaction = startServerTransaction({
      host: this.#host,
      key,
      request,
      flow,
      answered: () => {
        const left = this.unansweredOf(source) - 1
        if (left > 0) this.#unanswered.set(source, left)
        else this.#unanswered.delete(source)
      },
      ended: () => {
        this.#servers.delete(key)
        if (merged !== undefined) this.#merged.delete(merged)
      },
    })
    this.#servers.set(key, transaction)
    if (merged !== undefined) this.#merged.set(merged, transaction)
    return transaction
  }

  /** The INVITE transaction that a CANCEL is for (§9.2). */
  cancelled(cancel: SipRequest): ServerTransaction | undefined {
    return this.#servers.get(serverKey(cancel, 'INVITE'))
  }

  /** Whether another copy of this request, which came by another way, is in progress (§8.2.2.2). */
  isMerged(request: SipRequest): boolean {
    return toTag(request) === undefined && this.#merged.has(mergeKey(request))
  }

  flowFailed(failed: TransportFlow): void {
    for (const transaction of [...this.#clients.values(), ...this.#servers.values()]) transaction.flowFailed(failed)
  }
}

/** RFC 2543 matching: the To tag of an INVITE is the same, that of an ACK is the response's. With the cookie, the key says all. */
function belongs(request: SipRequest, transaction: ServerTransaction): boolean {
  if (hasMagicCookie(request)) return true
  if (request.method === 'ACK') return transaction.responded && toTag(request) === transaction.responseTag
  if (request.method === 'INVITE') return toTag(request) === toTag(transaction.request)
  return parseCSeq(header(request, 'CSeq') ?? '')?.method === request.method
}

/** The request with our Via on top; `rport` asks for symmetric responses (RFC 3581). */
export function withVia(
  request: SipRequest,
  sentBy: SentBy,
  via: { readonly branch: string; readonly transport: Transport },
): SipRequest {
  const params = new Map([
    ['rport', ''],
    ['branch', via.branch],
  ])
  const { transport } = via
  const value = formatVia({ transport, host: sentBy.address, port: sentByPort(sentBy, transport), params })
  return { ...request, headers: [{ name: 'Via', value }, ...request.headers] }
}
