// The built-in phone's SIP transactions over UDP (RFC 3261 §17): what is sent is repeated until it is answered, what was
// answered is answered again the same way.
import type { Socket } from 'node:dgram'
import { all, type Fields, first, type Message, parseMessage, tagOf, targetOf, writeMessage } from './sip-text.ts'

/** Timer values T1, T2 and 64·T1 of RFC 3261. */
const t1Ms = 500
const t2Ms = 4000
const giveUpMs = 64 * t1Ms

export interface OutgoingRequest {
  readonly method: string
  readonly branch: string
  readonly text: string
  /** `sip:` URI of the next hop. */
  readonly hop: string
}

export interface TransactionHandlers {
  /** A request that is no retransmission; `from` is the URI of where it came from. */
  readonly onRequest: (message: Message, from: string) => void
  /** A 2xx to an INVITE came again: its ACK was lost (§13.2.2.4). */
  readonly onRepeated2xx: () => void
}

interface Pending {
  readonly request: OutgoingRequest
  readonly stop: () => void
  readonly resolve: (response: Message) => void
}

export const branchOf = (message: Message): string => /branch=([^;,\s]+)/.exec(first(message, 'via'))?.[1] ?? ''

export class Transactions {
  readonly #socket: Socket
  readonly #handlers: TransactionHandlers
  readonly #pending = new Map<string, Pending>()
  /** Final responses by method and branch of the request, and ACKs to failures by branch. */
  readonly #answered = new Map<string, { readonly text: string; readonly hop: string }>()
  readonly #repeating = new Set<() => void>()

  constructor(socket: Socket, handlers: TransactionHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    socket.on('message', (bytes, { address, port, family }) => {
      const message = parseMessage(bytes.toString('utf8'))
      if (message?.start[0] === 'SIP/2.0') this.#onResponse(message)
      else if (message) this.#onRequest(message, `sip:${family === 'IPv6' ? `[${address}]` : address}:${port}`)
    })
  }

  send(text: string, hop: string): void {
    const { address, port } = targetOf(hop)
    this.#socket.send(text, port, address)
  }

  /** Sends again after T1, 2·T1 … T2 until the returned function is called or 64·T1 passed. */
  repeat(text: string, hop: string, giveUp?: () => void): () => void {
    let wait = t1Ms
    let waited = 0
    let timer: NodeJS.Timeout
    const stop = (): void => {
      clearTimeout(timer)
      this.#repeating.delete(stop)
    }
    const again = (): void => {
      timer = setTimeout(() => {
        waited += wait
        wait = Math.min(wait * 2, t2Ms)
        if (waited < giveUpMs) {
          this.send(text, hop)
          again()
        } else giveUp?.()
      }, wait)
    }
    this.#repeating.add(stop)
    again()
    return stop
  }

  /** Resolves with the final response, acknowledged if it is a failure of an INVITE; rejects when none comes. */
  request(request: OutgoingRequest): Promise<Message> {
    return new Promise((resolve, reject) => {
      const stop = this.repeat(request.text, request.hop, () => {
        this.#pending.delete(request.branch)
        reject(new Error(`no answer to ${request.method} from ${request.hop}`))
      })
      this.#pending.set(request.branch, { request, stop, resolve })
      this.send(request.text, request.hop)
    })
  }

  /** Answers a request; a final answer is given again to retransmissions of it. */
  reply(
    message: Message,
    from: string,
    answer: { readonly status: string; readonly fields: Fields; readonly tag: string; readonly body?: string },
  ): string {
    const to = first(message, 'to')
    const text = writeMessage(
      `SIP/2.0 ${answer.status}`,
      [
        ...all(message, 'via').map((via) => ['Via', via] as const),
        ...all(message, 'record-route').map((route) => ['Record-Route', route] as const),
        ['From', first(message, 'from')],
        ['To', tagOf(to) === '' ? `${to};tag=${answer.tag}` : to],
        ['Call-ID', first(message, 'call-id')],
        ['CSeq', first(message, 'cseq')],
        ...answer.fields,
      ],
      answer.body,
    )
    this.send(text, from)
    if (!answer.status.startsWith('1'))
      this.#answered.set(`${message.start[0]} ${branchOf(message)}`, { text, hop: from })
    return text
  }

  close(): void {
    for (const stop of this.#repeating) stop()
    this.#pending.clear()
    this.#socket.close()
  }

  #onRequest(message: Message, from: string): void {
    const known = this.#answered.get(`${message.start[0]} ${branchOf(message)}`)
    if (known) this.send(known.text, from)
    else this.#handlers.onRequest(message, from)
  }

  #onResponse(response: Message): void {
    const status = Number(response.start[1])
    const branch = branchOf(response)
    const invite = first(response, 'cseq').endsWith('INVITE')
    const waiting = this.#pending.get(branch)
    if (!waiting) {
      const ack = this.#answered.get(branch)
      if (ack) this.send(ack.text, ack.hop)
      else if (invite && status >= 200 && status < 300) this.#handlers.onRepeated2xx()
      return
    }
    if (invite || status >= 200) waiting.stop()
    if (status < 200) return
    this.#pending.delete(branch)
    if (invite && status >= 300) this.#acknowledgeFailure(waiting.request, response)
    waiting.resolve(response)
  }

  /** The ACK of a failed INVITE belongs to its transaction and copies its fields (§17.1.1.3). */
  #acknowledgeFailure({ branch, hop, text }: OutgoingRequest, response: Message): void {
    const request = parseMessage(text)
    if (!request) return
    const fields: Fields = [
      ['Via', first(request, 'via')],
      ['Max-Forwards', '70'],
      ...all(request, 'route').map((route) => ['Route', route] as const),
      ['From', first(request, 'from')],
      ['To', first(response, 'to')],
      ['Call-ID', first(request, 'call-id')],
      ['CSeq', first(request, 'cseq').replace('INVITE', 'ACK')],
    ]
    const ack = writeMessage(`ACK ${request.start[1]} SIP/2.0`, fields)
    this.#answered.set(branch, { text: ack, hop })
    this.send(ack, hop)
  }
}
