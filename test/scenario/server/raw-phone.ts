// A far end on the virtual wire that says what a test writes, and no more: for messages that no honest phone sends.
import { type Header, headers, type SipMessage, type SipRequest, type SipResponse } from '../../../src/sip/message.ts'
import { parseMessage } from '../../../src/sip/parse.ts'
import { serialize } from '../../../src/sip/serialize.ts'
import type { Wire } from './wire.ts'

export interface RawRequest {
  readonly method: string
  readonly uri: string
  readonly callId: string
  readonly cseq: number
  /** Tag of the server, inside a dialog. */
  readonly toTag?: string
  /** Besides, or instead of, those that every request has. */
  readonly headers?: readonly Header[]
  readonly sdp?: string
}

export const field = (name: string, value: string): Header => ({ name, value })

type Answering = (request: SipRequest, phone: RawPhone) => void

export class RawPhone {
  readonly address: string
  readonly received: SipMessage[] = []
  readonly #send: (bytes: Uint8Array) => void

  private constructor(address: string, send: (bytes: Uint8Array) => void) {
    this.address = address
    this.#send = send
  }

  /** At port 5060 of its address, wherever that is; talks to the server only. `answering` sees every request. */
  static async open(wire: Wire, places: { address: string; server: string }, answering: Answering = () => undefined) {
    const { address, server } = places
    const phones: RawPhone[] = []
    const transports = await wire.end(address)(
      { bindIp: address, port: 5060, log: { debug() {}, info() {}, warn() {}, error() {} } },
      {
        received: (_flow, bytes) => {
          const parsed = parseMessage(bytes)
          if (!parsed.ok) return
          for (const phone of phones) {
            phone.received.push(parsed.message)
            if (parsed.message.kind === 'request') answering(parsed.message, phone)
          }
        },
        failed: () => undefined,
      },
    )
    const flow = { transport: 'UDP', remoteAddress: server, remotePort: 5060 } as const
    const phone = new RawPhone(address, (bytes) => transports.send(flow, bytes))
    phones.push(phone)
    return phone
  }

  get invites(): SipRequest[] {
    return this.received.filter((message) => message.kind === 'request').filter(({ method }) => method === 'INVITE')
  }

  /** Responses to a request of this Call-ID and CSeq, `1 INVITE`. */
  responses(callId: string, cseq: string): SipResponse[] {
    return this.received
      .filter((message) => message.kind === 'response')
      .filter((message) => headers(message, 'Call-ID')[0] === callId && headers(message, 'CSeq')[0] === cseq)
  }

  /** The final response, once it came. */
  final(callId: string, cseq: string): SipResponse | undefined {
    return this.responses(callId, cseq).find(({ status }) => status >= 200)
  }

  request({ method, uri, callId, cseq, toTag, headers: more = [], sdp }: RawRequest): void {
    const given = new Set(more.map(({ name }) => name))
    const usual = [
      field('Via', `SIP/2.0/UDP ${this.address}:5060;branch=z9hG4bK-${callId}-${cseq}-${method}`),
      field('From', `<sip:raw@${this.address}>;tag=raw`),
      field('To', `<${uri}>${toTag === undefined ? '' : `;tag=${toTag}`}`),
      field('Call-ID', callId),
      field('CSeq', `${cseq} ${method}`),
      field('Contact', `<sip:raw@${this.address}:5060>`),
      field('Max-Forwards', '70'),
      ...(sdp === undefined ? [] : [field('Content-Type', 'application/sdp')]),
    ].filter(({ name }) => !given.has(name))
    const body = new TextEncoder().encode(sdp ?? '')
    this.#send(serialize({ kind: 'request', method, uri, headers: [...usual, ...more], body }))
  }

  respond(
    request: SipRequest,
    status: number,
    { headers: more = [], sdp }: { headers?: readonly Header[]; sdp?: string } = {},
  ): void {
    const kept = request.headers.filter(({ name }) => /^(via|from|call-id|cseq)$/i.test(name))
    const to = headers(request, 'To')[0] ?? ''
    const own = [
      field('To', to.includes(';tag=') ? to : `${to};tag=raw`),
      ...(sdp === undefined ? [] : [field('Content-Type', 'application/sdp')]),
    ]
    const body = new TextEncoder().encode(sdp ?? '')
    this.#send(serialize({ kind: 'response', status, reason: 'x', headers: [...kept, ...own, ...more], body }))
  }
}

/** The tag that the server gave in this response. */
export const serverTag = (response: SipResponse | undefined): string =>
  /;tag=([^;\s]+)/.exec(response === undefined ? '' : (headers(response, 'To')[0] ?? ''))?.[1] ?? ''
