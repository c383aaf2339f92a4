// What the user agent does with a request (RFC 3261 §8.2, §9.2, §12.2.2): finds its dialog, or checks it and starts a session. All that
// is refused outside dialogs is answered without state (§8.2.7), so that a flood of it leaves nothing behind.
import type { Branches } from './branch.ts'
import { type Dialog, keyOfRequest } from './dialog.ts'
import type { TransportFlow } from './flow.ts'
import { type Header, header, type SipRequest } from './message.ts'
import { type Dialogs, replacementOf } from './replaces.ts'
import { acceptFault, bodyFault, outsideFault, type RequestFault, requireFault } from './request-checks.ts'
import { acceptHeader, allowOutsideHeader, responseTo, supportedHeader } from './response.ts'
import { isIntervalTooSmall } from './session-timer.ts'
import type { DialogOwner, SessionHost } from './session-usage.ts'
import { toTag } from './transaction-key.ts'
import type { ServerTransaction } from './transaction-server-side.ts'
import type { Transactions } from './transactions.ts'
import { formatVia, parseVia, withResponseAddress } from './via.ts'

/** Requests of one address that wait for an answer or the ACK of a refusal; beyond, 503 without state. */
const mostUnansweredOfSource = 1000
/** Server transactions altogether. */
const mostServerTransactions = 50_000
/** Seconds that a 503 asks to wait. */
const retryAfter = { draining: 60, flooded: 10 } as const

export interface RequestsOptions {
  readonly transactions: Transactions
  readonly branches: Branches
  readonly host: SessionHost
  readonly dialogs: Dialogs
  readonly isDraining: () => boolean
  readonly sendResponse: (flow: TransportFlow, response: ReturnType<typeof responseTo>) => void
  readonly dropped: (reason: string, flow: TransportFlow) => void
  readonly session: (sessionId: string) => DialogOwner | undefined
  /** Starts a session for an INVITE that passed the checks. */
  readonly incoming: (transaction: ServerTransaction, replacesSessionId?: string) => DialogOwner
  /** Takes a REGISTER that passed the checks. */
  readonly outside: (transaction: ServerTransaction) => void
}

export class Requests {
  readonly #options: RequestsOptions
  /** The session whose INVITE a CANCEL is for. By name: transactions outlive sessions by half a minute, and should not keep them. */
  readonly #invited = new WeakMap<ServerTransaction, string>()

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  receive(received: SipRequest, flow: TransportFlow): void {
    const { transactions, dialogs } = this.#options
    const request = withSource(received, flow)
    if (transactions.receiveRequest(request)) return
    if (request.method === 'ACK') {
      this.#ack(request, flow)
      return
    }
    const key = keyOfRequest(request)
    const known = key === undefined ? undefined : dialogs.get(key)
    if (request.method === 'CANCEL') {
      this.#cancel(request, flow)
      return
    }
    if (known !== undefined) {
      this.#inDialog(request, flow, known)
      return
    }
    const fault = this.#fault(request, flow)
    if (fault !== undefined) {
      this.refuse(request, flow, fault)
      return
    }
    if (request.method === 'INVITE') this.#invite(request, flow)
    else this.#options.outside(transactions.serve(request, flow))
  }

  /** Answers without keeping anything: retransmissions get the same answer again (§8.2.7). */
  refuse(request: SipRequest, flow: TransportFlow, fault: RequestFault): void {
    const { branches, host, sendResponse } = this.#options
    const text = ['Via', 'From', 'Call-ID', 'CSeq'].map((name) => header(request, name) ?? '').join('\n')
    const parts = { tag: branches.statelessTag(text), headers: [...fault.headers, host.product] }
    sendResponse(flow, responseTo(request, fault.status, parts))
  }

  #invite(request: SipRequest, flow: TransportFlow): void {
    const { transactions, dialogs, incoming } = this.#options
    const replacement = replacementOf(request, dialogs)
    if (replacement.kind === 'refused') {
      this.refuse(request, flow, { status: replacement.status, headers: [] })
      return
    }
    const transaction = transactions.serve(request, flow)
    const replaced = replacement.kind === 'session' ? replacement.sessionId : undefined
    this.#own(transaction, incoming(transaction, replaced))
  }

  #ack(request: SipRequest, flow: TransportFlow): void {
    const key = keyOfRequest(request)
    const owner = key === undefined ? undefined : this.#options.dialogs.get(key)?.owner
    if (owner === undefined) this.#options.dropped('stray-ack', flow)
    else owner.ack(request, flow)
  }

  #cancel(request: SipRequest, flow: TransportFlow): void {
    const { transactions, branches, host } = this.#options
    const invite = transactions.cancelled(request)
    if (invite === undefined) {
      this.refuse(request, flow, { status: 481, headers: [] })
      return
    }
    const owner = this.#options.session(this.#invited.get(invite) ?? '')
    const tag = owner?.localTag ?? invite.responseTag ?? branches.statelessTag(header(request, 'Call-ID') ?? '')
    transactions.serve(request, flow).respond(responseTo(request, 200, { tag, headers: [host.product] }))
    owner?.cancelled(invite, request)
  }

  #inDialog(
    request: SipRequest,
    flow: TransportFlow,
    known: { readonly dialog: Dialog; readonly owner: DialogOwner },
  ): void {
    const transaction = this.#options.transactions.serve(request, flow)
    if (request.method === 'INVITE') this.#own(transaction, known.owner)
    known.owner.request(transaction, known.dialog)
  }

  #own(transaction: ServerTransaction, owner: DialogOwner): void {
    this.#invited.set(transaction, owner.id)
    // RFC 6026 §7.1: the ACK for a 2xx has a branch of its own; one that repeats the INVITE's is an ACK all the same.
    transaction.user = { ack: (ack) => this.#ack(ack, transaction.flow) }
  }

  /** Why a request outside our dialogs starts no session; status 200 answers OPTIONS. */
  #fault(request: SipRequest, flow: TransportFlow): RequestFault | undefined {
    const { branches, transactions } = this.#options
    const { method } = request
    const plain = (status: number, ...headers: Header[]): RequestFault => ({ status, headers })
    const unserved = outsideFault(request)
    if (unserved !== undefined) return unserved
    if (branches.isLooped(request) || transactions.isMerged(request)) return plain(482)
    if (toTag(request) !== undefined) return plain(481)
    const required = requireFault(request)
    if (required !== undefined) return required
    // RFC 3891 §3: only an INVITE can take the place of a session.
    if (method !== 'INVITE' && header(request, 'Replaces') !== undefined) return plain(400)
    if (method === 'OPTIONS') return plain(200, allowOutsideHeader, acceptHeader, supportedHeader)
    // Nobody whom we do not speak with makes us call others.
    if (method === 'REFER') return plain(403)
    if (method === 'REGISTER') return this.#floodFault(flow)
    if (method !== 'INVITE') return plain(481)
    // An OPTIONS with 0 is answered (§11.1: it probes the hops on the way).
    if (Number(header(request, 'Max-Forwards') ?? 70) === 0) return plain(483)
    return acceptFault(request) ?? bodyFault(request) ?? this.#inviteFault(request, flow)
  }

  #inviteFault(request: SipRequest, flow: TransportFlow): RequestFault | undefined {
    const { host, isDraining } = this.#options
    if (header(request, 'Contact') === undefined) return { status: 400, headers: [] }
    if (isDraining()) return unavailable(retryAfter.draining)
    if (isIntervalTooSmall(request, host.limits)) {
      return { status: 422, headers: [{ name: 'Min-SE', value: String(host.limits.minSessionExpires) }] }
    }
    return this.#floodFault(flow)
  }

  #floodFault(flow: TransportFlow): RequestFault | undefined {
    const { transactions } = this.#options
    const flooded =
      transactions.unansweredOf(flow.remoteAddress) >= mostUnansweredOfSource ||
      transactions.serverCount >= mostServerTransactions
    if (!flooded) return undefined
    this.#options.dropped('too-many-unanswered', flow)
    return unavailable(retryAfter.flooded)
  }
}

const unavailable = (seconds: number): RequestFault => ({
  status: 503,
  headers: [{ name: 'Retry-After', value: String(seconds) }],
})

/** Writes `received` and `rport` into the topmost Via (§18.2.1, RFC 3581 §4). */
export function withSource(request: SipRequest, flow: TransportFlow): SipRequest {
  const index = request.headers.findIndex((entry) => entry.name.toLowerCase() === 'via')
  const via = parseVia(request.headers[index]?.value ?? '')
  if (via === undefined) return request
  const value = formatVia(withResponseAddress(via, { address: flow.remoteAddress, port: flow.remotePort }))
  return { ...request, headers: request.headers.with(index, { name: 'Via', value }) }
}
