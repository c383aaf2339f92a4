// Dials many calls from one SIP socket: INVITE, ACK, BYE (RFC 3261 §13, §15), with the times of each, and no more than a load test needs.
// The audio is somebody else's, so that whoever dials brings the offer.
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  all,
  type Fields,
  first,
  type Message,
  parseDescription,
  tagOf,
  uriOf,
  writeMessage,
} from '../demo/phone/sip-text.ts'
import { Transactions } from '../demo/phone/transactions.ts'
import { loopback } from './capacity/bridge.ts'

export interface Answered {
  readonly callId: string
  /** Where the server receives this call's RTP. */
  readonly address: string
  readonly port: number
  readonly payloadType: number
  /** Milliseconds since 1970 at which the INVITE left, and milliseconds from then to its 200. */
  readonly invitedAt: number
  readonly setUpMs: number
  /** Hangs up; resolves with the milliseconds that the 200 to the BYE took. */
  hangUp(): Promise<number>
}

interface Dialog {
  readonly callId: string
  readonly tag: string
  to: string
  target: string
  routes: readonly string[]
  sequence: number
}

const token = (): string => randomBytes(8).toString('hex')
/** Of the socket, each way; the kernel may grant less. */
const bufferBytes = 1 << 22
const wallNow = (): number => performance.timeOrigin + performance.now()

export class SipCalls {
  readonly #transactions: Transactions
  readonly #host: string
  /** The ACK of each call that is up, by Call-ID, for a far end that missed it. */
  readonly #acks = new Map<string, { readonly text: string; readonly hop: string }>()
  #ended = 0
  #repeated = 0

  static async open(): Promise<SipCalls> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: bufferBytes, sendBufferSize: bufferBytes }).bind(
      0,
      loopback,
    )
    await once(socket, 'listening')
    return new SipCalls(socket)
  }

  constructor(socket: Socket) {
    this.#host = `${loopback}:${socket.address().port}`
    this.#transactions = new Transactions(socket, {
      onRequest: (message, from) => this.#onRequest(message, from),
      // Which one came again is seen below.
      onRepeated2xx: () => {},
    })
    socket.on('message', (bytes) => this.#acknowledgeAgain(bytes))
  }

  /** Calls that the far end hung up. */
  get endedByServer(): number {
    return this.#ended
  }

  /** 2xx answers that came more than once. */
  get repeated2xx(): number {
    return this.#repeated
  }

  /** Resolves when the call is answered; rejects when it is refused or nobody answers within 32 s. */
  async dial(uri: string, offer: string): Promise<Answered> {
    const dialog: Dialog = { callId: token(), tag: token(), to: `<${uri}>`, target: uri, routes: [], sequence: 1 }
    const invitedAt = wallNow()
    const answer = await this.#request('INVITE', dialog, offer)
    const setUpMs = wallNow() - invitedAt
    const status = Number(answer.start[1])
    if (status >= 300) throw new Error(`the server refused a call: ${answer.start.slice(1).join(' ')}`)
    dialog.to = first(answer, 'to')
    dialog.target = uriOf(first(answer, 'contact')) || uri
    dialog.routes = [...all(answer, 'record-route')].reverse()
    this.#acknowledge(dialog)
    const far = parseDescription(answer.body)
    const payloadType = far?.payloadTypes[0]
    if (!far || payloadType === undefined) throw new Error('the server answered without audio')
    const { address, port } = far
    const hangUp = (): Promise<number> => this.#bye(dialog)
    return { callId: dialog.callId, address, port, payloadType, invitedAt, setUpMs, hangUp }
  }

  close(): void {
    this.#transactions.close()
  }

  async #bye(dialog: Dialog): Promise<number> {
    dialog.sequence += 1
    this.#acks.delete(dialog.callId)
    const at = performance.now()
    const answer = await this.#request('BYE', dialog, '')
    if (answer.start[1] !== '200') throw new Error(`BYE: ${answer.start.slice(1).join(' ')}`)
    return performance.now() - at
  }

  #acknowledge(dialog: Dialog): void {
    const ack = { text: this.#write('ACK', dialog, { branch: `z9hG4bK${token()}`, body: '' }), hop: hopOf(dialog) }
    this.#transactions.send(ack.text, ack.hop)
    this.#acks.set(dialog.callId, ack)
  }

  /** A 2xx to an INVITE that was acknowledged before: its ACK was lost or late (§13.2.2.4). */
  #acknowledgeAgain(bytes: Buffer): void {
    const text = bytes.toString('latin1')
    if (!text.startsWith('SIP/2.0 200') || !/^CSeq: *\d+ +INVITE/im.test(text)) return
    const ack = this.#acks.get(/^Call-ID: *(\S+)/im.exec(text)?.[1] ?? '')
    if (ack === undefined) return
    this.#repeated += 1
    this.#transactions.send(ack.text, ack.hop)
  }

  #request(method: string, dialog: Dialog, body: string): Promise<Message> {
    const branch = `z9hG4bK${token()}`
    const text = this.#write(method, dialog, { branch, body })
    return this.#transactions.request({ method, branch, text, hop: hopOf(dialog) })
  }

  #write(method: string, dialog: Dialog, { branch, body }: { readonly branch: string; readonly body: string }): string {
    const fields: Fields = [
      ['Via', `SIP/2.0/UDP ${this.#host};branch=${branch};rport`],
      ['Max-Forwards', '70'],
      ...dialog.routes.map((route) => ['Route', route] as const),
      ['From', `<sip:bench@${this.#host}>;tag=${dialog.tag}`],
      ['To', dialog.to],
      ['Call-ID', dialog.callId],
      ['CSeq', `${dialog.sequence} ${method}`],
      ['Contact', `<sip:bench@${this.#host}>`],
      ['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS'],
    ]
    return writeMessage(`${method} ${dialog.target} SIP/2.0`, fields, body)
  }

  #onRequest(message: Message, from: string): void {
    const method = message.start[0]
    if (method === 'ACK') return
    if (method === 'BYE') this.#ended += 1
    const known = method === 'BYE' || method === 'OPTIONS'
    const status = known ? '200 OK' : '501 Not Implemented'
    this.#transactions.reply(message, from, { status, fields: [], tag: tagOf(first(message, 'to')) || token() })
  }
}

const hopOf = (dialog: Dialog): string => (dialog.routes[0] === undefined ? dialog.target : uriOf(dialog.routes[0]))
