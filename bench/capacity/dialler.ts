// Dials many calls from one SIP socket: INVITE, ACK, BYE (RFC 3261 §13, §15), and no more than a load test needs.
// The audio belongs to the load generator, so an offer names its ports.
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
  writeDescription,
  writeMessage,
} from '../../demo/phone/sip-text.ts'
import { Transactions } from '../../demo/phone/transactions.ts'
import { type BenchCodec, loopback, type Seat } from './bridge.ts'

interface Call {
  readonly callId: string
  readonly tag: string
  readonly uri: string
  to: string
  target: string
  routes: readonly string[]
  sequence: number
}

const token = (): string => randomBytes(8).toString('hex')
const opusType = 96

function offer(codec: BenchCodec, port: number): string {
  if (codec === 'PCMU')
    return writeDescription({ address: loopback, port, payloadTypes: [0], direction: 'sendrecv' }, 1)
  const lines = ['v=0', `o=bench ${port} 1 IN IP4 ${loopback}`, 's=-', `c=IN IP4 ${loopback}`, 't=0 0']
  const media = [`m=audio ${port} RTP/AVP ${opusType}`, `a=rtpmap:${opusType} opus/48000/2`, 'a=ptime:20', 'a=sendrecv']
  return [...lines, ...media, ''].join('\r\n')
}

export class Dialler {
  readonly #codec: BenchCodec
  readonly #transactions: Transactions
  readonly #host: string
  /** ACKs of the latest calls, for a far end that missed one. */
  readonly #acks: { readonly text: string; readonly hop: string }[] = []
  #ended = 0

  static async open(codec: BenchCodec): Promise<Dialler> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }).bind(0, loopback)
    await once(socket, 'listening')
    return new Dialler(socket, codec)
  }

  constructor(socket: Socket, codec: BenchCodec) {
    this.#codec = codec
    this.#host = `${loopback}:${socket.address().port}`
    this.#transactions = new Transactions(socket, {
      onRequest: (message, from) => this.#onRequest(message, from),
      onRepeated2xx: () => {
        for (const { text, hop } of this.#acks) this.#transactions.send(text, hop)
      },
    })
  }

  /** Calls that the far end hung up. */
  get endedByServer(): number {
    return this.#ended
  }

  async dial(uri: string, rtpPort: number): Promise<Seat> {
    const call: Call = { callId: token(), tag: token(), uri, to: `<${uri}>`, target: uri, routes: [], sequence: 1 }
    const answer = await this.#request('INVITE', call, offer(this.#codec, rtpPort))
    const status = Number(answer.start[1])
    if (status >= 300) throw new Error(`the server refused a call: ${answer.start.slice(1).join(' ')}`)
    call.to = first(answer, 'to')
    call.target = uriOf(first(answer, 'contact')) || uri
    call.routes = [...all(answer, 'record-route')].reverse()
    this.#acknowledge(call)
    const far = parseDescription(answer.body)
    const payloadType = far?.payloadTypes[0]
    if (!far || payloadType === undefined) throw new Error('the server answered without audio')
    return { address: far.address, port: far.port, payloadType, leave: () => this.#bye(call) }
  }

  close(): void {
    this.#transactions.close()
  }

  async #bye(call: Call): Promise<void> {
    call.sequence += 1
    await this.#request('BYE', call, '')
  }

  #acknowledge(call: Call): void {
    const ack = { text: this.#write('ACK', call, { branch: `z9hG4bK${token()}`, body: '' }), hop: hopOf(call) }
    this.#transactions.send(ack.text, ack.hop)
    this.#acks.push(ack)
    if (this.#acks.length > 50) this.#acks.shift()
  }

  #request(method: string, call: Call, body: string): Promise<Message> {
    const branch = `z9hG4bK${token()}`
    return this.#transactions.request({
      method,
      branch,
      text: this.#write(method, call, { branch, body }),
      hop: hopOf(call),
    })
  }

  #write(method: string, call: Call, { branch, body }: { readonly branch: string; readonly body: string }): string {
    const fields: Fields = [
      ['Via', `SIP/2.0/UDP ${this.#host};branch=${branch};rport`],
      ['Max-Forwards', '70'],
      ...call.routes.map((route) => ['Route', route] as const),
      ['From', `<sip:bench@${this.#host}>;tag=${call.tag}`],
      ['To', call.to],
      ['Call-ID', call.callId],
      ['CSeq', `${call.sequence} ${method}`],
      ['Contact', `<sip:bench@${this.#host}>`],
      ['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS'],
    ]
    return writeMessage(`${method} ${call.target} SIP/2.0`, fields, body)
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

const hopOf = (call: Call): string => (call.routes[0] === undefined ? call.target : uriOf(call.routes[0]))
