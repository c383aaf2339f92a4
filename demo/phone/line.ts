// The phone's SIP line: one dialog at a time, as caller or as called party (RFC 3261 §12-15). It is a correct far end
// and no more: ACK per kind, route sets, re-INVITE and UPDATE, repeated 2xx, BYE.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:dgram'
import { performance } from 'node:perf_hooks'
import { all, type Fields, first, type Message, tagOf, uriOf, writeMessage } from './sip-text.ts'
import { Transactions } from './transactions.ts'

/** How a call ended: `status` 0 for a BYE, otherwise the final response that ended it. */
export interface LineEnd {
  readonly by: 'local' | 'remote'
  readonly status: number
}

export interface LineReply {
  readonly status: number
  readonly body: string
}

export interface LineOptions {
  readonly name: string
  /** An offer (undefined: ours is wanted) in an INVITE, re-INVITE or UPDATE; what is returned is the final response. */
  readonly onOffer: (offer: string | undefined) => LineReply
  /** A call that came in stands: the ACK arrived, `body` is what it carried. */
  readonly onConfirmed: (body: string) => void
  readonly onEnded: (end: LineEnd) => void
}

interface Dialog {
  readonly callId: string
  readonly localTag: string
  readonly localUri: string
  readonly remoteUri: string
  routes: readonly string[]
  remoteTag: string
  target: string
  sequence: number
  confirmed: boolean
}

const token = (bytes: number): string => randomBytes(bytes).toString('hex')
const allow = 'INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE'
const hopOf = (dialog: Dialog): string => (dialog.routes[0] === undefined ? dialog.target : uriOf(dialog.routes[0]))

export class Line {
  readonly uri: string
  readonly #options: LineOptions
  readonly #host: string
  readonly #transactions: Transactions
  readonly #own: Fields
  #dialog: Dialog | undefined
  #lastAck: { readonly text: string; readonly hop: string } | undefined
  #stopRepeating: (() => void) | undefined

  /** The socket must be bound already. */
  constructor(socket: Socket, options: LineOptions) {
    const { address, port } = socket.address()
    this.#options = options
    this.#host = `${address.includes(':') ? `[${address}]` : address}:${port}`
    this.uri = `sip:${options.name}@${this.#host}`
    this.#own = [
      ['Contact', `<${this.uri}>`],
      ['Allow', allow],
    ]
    this.#transactions = new Transactions(socket, {
      onRequest: (message, from) => this.#onRequest(message, from),
      onRepeated2xx: () => this.#lastAck && this.#transactions.send(this.#lastAck.text, this.#lastAck.hop),
    })
  }

  /** Resolves once the final response is acknowledged; `setUpMs` is the time from INVITE to ACK. */
  async invite(uri: string, body: string): Promise<LineReply & { readonly setUpMs: number }> {
    if (this.#dialog) throw new Error(`${this.#options.name} is in a call already`)
    const dialog: Dialog = {
      callId: `${token(8)}@${this.#host.split(':')[0]}`,
      localTag: token(4),
      localUri: this.uri,
      remoteUri: uri,
      routes: [],
      remoteTag: '',
      target: uri,
      sequence: 0,
      confirmed: false,
    }
    this.#dialog = dialog
    const startedAt = performance.now()
    const answer = await this.#offer(dialog, body).catch((error: unknown) => {
      this.#dialog = undefined
      throw error
    })
    if (answer.status >= 300) this.#dialog = undefined
    return { ...answer, setUpMs: performance.now() - startedAt }
  }

  /** A new offer within the call. */
  reinvite(body: string): Promise<LineReply> {
    if (!this.#dialog) throw new Error(`${this.#options.name} is in no call`)
    return this.#offer(this.#dialog, body)
  }

  /** Ends the call; resolves when the far end acknowledged it. */
  async bye(): Promise<void> {
    const dialog = this.#dialog
    if (!dialog) return
    dialog.sequence += 1
    await this.#request('BYE', dialog, '')
    this.#end({ by: 'local', status: 0 })
  }

  close(): void {
    this.#stopRepeating?.()
    this.#transactions.close()
  }

  async #offer(dialog: Dialog, body: string): Promise<LineReply> {
    dialog.sequence += 1
    const { sequence } = dialog
    const response = await this.#request('INVITE', dialog, body)
    const status = Number(response.start[1])
    if (status >= 300) return { status, body: response.body }
    dialog.target = uriOf(first(response, 'contact')) || dialog.target
    if (!dialog.confirmed) {
      dialog.remoteTag = tagOf(first(response, 'to'))
      dialog.routes = [...all(response, 'record-route')].reverse()
      dialog.confirmed = true
    }
    const text = this.#write('ACK', { ...dialog, sequence }, { branch: `z9hG4bK${token(8)}`, body: '' })
    this.#lastAck = { text, hop: hopOf(dialog) }
    this.#transactions.send(text, hopOf(dialog))
    return { status, body: response.body }
  }

  #request(method: string, dialog: Dialog, body: string): Promise<Message> {
    const branch = `z9hG4bK${token(8)}`
    const text = this.#write(method, dialog, { branch, body })
    return this.#transactions.request({ method, branch, text, hop: hopOf(dialog) })
  }

  #write(method: string, dialog: Dialog, { branch, body }: { readonly branch: string; readonly body: string }): string {
    const fields: Fields = [
      ['Via', `SIP/2.0/UDP ${this.#host};branch=${branch};rport`],
      ['Max-Forwards', '70'],
      ...dialog.routes.map((route) => ['Route', route] as const),
      ['From', `<${dialog.localUri}>;tag=${dialog.localTag}`],
      ['To', `<${dialog.remoteUri}>${dialog.remoteTag === '' ? '' : `;tag=${dialog.remoteTag}`}`],
      ['Call-ID', dialog.callId],
      ['CSeq', `${dialog.sequence} ${method}`],
      ...this.#own,
      ['User-Agent', 'Partyline built-in phone'],
    ]
    return writeMessage(`${method} ${dialog.target} SIP/2.0`, fields, body)
  }

  #onRequest(message: Message, from: string): void {
    const method = message.start[0]
    const inside = this.#dialog !== undefined && first(message, 'call-id') === this.#dialog.callId
    const answer = (status: string, body = ''): string =>
      this.#transactions.reply(message, from, {
        status,
        fields: this.#own,
        tag: this.#dialog?.localTag ?? token(4),
        body,
      })
    if (method === 'ACK') this.#onAck(message)
    else if (method === 'INVITE' && this.#dialog && !inside) answer('486 Busy Here')
    else if (method === 'INVITE') this.#onInvite(message, from, answer)
    else if (!inside) answer(method === 'OPTIONS' ? '200 OK' : '481 Call/Transaction Does Not Exist')
    else if (method === 'UPDATE' && message.body !== '') {
      const decision = this.#options.onOffer(message.body)
      answer(decision.status === 200 ? '200 OK' : `${decision.status} Refused`, decision.body)
    } else {
      answer('200 OK')
      if (method === 'BYE') this.#end({ by: 'remote', status: 0 })
    }
  }

  #onInvite(message: Message, from: string, answer: (status: string, body?: string) => string): void {
    const fresh = this.#dialog === undefined
    this.#dialog ??= {
      callId: first(message, 'call-id'),
      localTag: token(4),
      localUri: uriOf(first(message, 'to')),
      remoteUri: uriOf(first(message, 'from')),
      remoteTag: tagOf(first(message, 'from')),
      routes: all(message, 'record-route'),
      target: uriOf(first(message, 'contact')),
      sequence: 0,
      confirmed: false,
    }
    if (fresh) answer('180 Ringing')
    const decision = this.#options.onOffer(message.body === '' ? undefined : message.body)
    if (decision.status >= 300) {
      answer(`${decision.status} Refused`)
      if (fresh) this.#end({ by: 'local', status: decision.status })
      return
    }
    const text = answer('200 OK', decision.body)
    this.#stopRepeating?.()
    this.#stopRepeating = this.#transactions.repeat(text, from, () => this.#end({ by: 'local', status: 408 }))
  }

  #onAck(message: Message): void {
    this.#stopRepeating?.()
    if (!this.#dialog || this.#dialog.confirmed) return
    this.#dialog.confirmed = true
    this.#options.onConfirmed(message.body)
  }

  #end(how: LineEnd): void {
    if (!this.#dialog) return
    this.#dialog = undefined
    this.#lastAck = undefined
    this.#stopRepeating?.()
    this.#options.onEnded(how)
  }
}
