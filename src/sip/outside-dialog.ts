// Requests outside dialogs that are no INVITE (RFC 3261 §8, §10, §11): a REGISTER of theirs waits for whoever keeps bindings, an OPTIONS
// of ours asks whether somebody is there.
import { formatHost } from './host.ts'
import type { SipRequest } from './message.ts'
import { formatNameAddr } from './name-addr.ts'
import { acceptHeader, noBody, responseTo, supportedHeader } from './response.ts'
import type { SessionHost } from './session-usage.ts'
import { type Deadline, transactionLifetime } from './timers.ts'
import type { ServerTransaction } from './transaction-server-side.ts'
import type { Command } from './user-agent-io.ts'

type RespondCommand = Extract<Command, { kind: 'respond' }>
type OptionsCommand = Extract<Command, { kind: 'options' }>

export class OutsideDialog {
  readonly #host: SessionHost
  readonly #waiting = new Map<string, { readonly transaction: ServerTransaction; readonly giveUp: Deadline }>()

  constructor(host: SessionHost) {
    this.#host = host
  }

  /** Tells of a request that passed the checks. */
  receive(transaction: ServerTransaction): void {
    const requestId = this.#host.token(32)
    // By then the far end has given up (Timer F); the answer only frees what is kept.
    const giveUp = this.#host.timers.after(transactionLifetime, 'answer to a request', () =>
      this.respond({ kind: 'respond', requestId, status: 500 }),
    )
    this.#waiting.set(requestId, { transaction, giveUp })
    const { request, flow } = transaction
    this.#host.emit({ kind: 'request', sessionId: '', requestId, request, flow })
  }

  respond({ requestId, status, headers = [] }: RespondCommand): void {
    const waiting = this.#waiting.get(requestId)
    if (waiting === undefined || status < 200 || status > 699) {
      this.#host.note('warn', 'response out of place', { request: requestId, status })
      return
    }
    this.#waiting.delete(requestId)
    this.#host.timers.cancel(waiting.giveUp)
    const { transaction } = waiting
    const parts = { tag: this.#host.token(16), headers: [...headers, this.#host.product] }
    transaction.respond(responseTo(transaction.request, status, parts))
  }

  options({ requestId, requestUri, destination }: OptionsCommand): void {
    const ended = (status: number): void => this.#host.emit({ kind: 'optionsEnded', sessionId: '', requestId, status })
    this.#host.send({
      request: this.#optionsRequest(requestUri, destination),
      flow: destination,
      user: {
        response: (response) => {
          if (response.status >= 200) ended(response.status)
        },
        failed: () => ended(0),
      },
    })
  }

  #optionsRequest(uri: string, flow: OptionsCommand['destination']): SipRequest {
    const host = this.#host
    const scheme = /^sips:/i.test(uri) ? 'sips' : 'sip'
    const from = { uri: `${scheme}:${formatHost(host.address)}`, params: new Map([['tag', host.token(16)]]) }
    return {
      kind: 'request',
      method: 'OPTIONS',
      uri,
      headers: [
        { name: 'Max-Forwards', value: '70' },
        { name: 'From', value: formatNameAddr(from) },
        { name: 'To', value: formatNameAddr({ uri }) },
        { name: 'Call-ID', value: host.token(32) },
        { name: 'CSeq', value: '1 OPTIONS' },
        host.contact(flow, uri),
        acceptHeader,
        supportedHeader,
        host.product,
      ],
      body: noBody,
    }
  }
}
