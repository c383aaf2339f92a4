// A user agent core under test: requests are put in as text, what comes out is read back as messages and events.
import type { TransportFlow } from './flow.ts'
import { header, type SipMessage, type SipRequest, type SipResponse } from './message.ts'
import { parseMessage } from './parse.ts'
import { type ResponseParts, responseTo } from './response.ts'
import { serialize } from './serialize.ts'
import { createUserAgent, type UserAgent } from './user-agent.ts'
import type { Command, Output, SessionEvent } from './user-agent-io.ts'

export const flow: TransportFlow = { transport: 'UDP', remoteAddress: '203.0.113.5', remotePort: 40_000 }
export const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n'

export interface RequestParts {
  readonly method?: string
  readonly uri?: string
  readonly branch?: string
  readonly to?: string
  readonly cseq?: string
  readonly extra?: readonly string[]
  readonly without?: string
  readonly body?: string
  readonly callId?: string
  readonly version?: string
}

function text(parts: RequestParts): Uint8Array {
  const { method = 'INVITE', body = '' } = parts
  const lines = [
    `${method} ${parts.uri ?? 'sip:room@192.0.2.1'} ${parts.version ?? 'SIP/2.0'}`,
    `Via: SIP/2.0/UDP 192.0.2.9:5060;rport;branch=${parts.branch ?? 'z9hG4bKone'}`,
    'Max-Forwards: 70',
    'From: <sip:a@192.0.2.9>;tag=from1',
    `To: ${parts.to ?? '<sip:room@192.0.2.1>'}`,
    `Call-ID: ${parts.callId ?? 'call1'}`,
    `CSeq: ${parts.cseq ?? `1 ${method}`}`,
    'Contact: <sip:a@192.0.2.9>',
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
  ].filter((line) => parts.without === undefined || !line.startsWith(`${parts.without}:`))
  const extra = parts.extra ?? []
  const replaced = lines.filter((line) => !extra.some((other) => other.split(':')[0] === line.split(':')[0]))
  return new TextEncoder().encode([...replaced, ...extra, `Content-Length: ${body.length}`, '', body].join('\r\n'))
}

export class Bench {
  readonly core: UserAgent
  now = 0
  readonly outputs: Output[] = []
  #count = 0

  constructor(address = '192.0.2.1') {
    const token = (length: number): string => {
      this.#count += 1
      return (this.#count * 2_654_435_761).toString(16).padStart(length, '0').slice(-length)
    }
    this.core = createUserAgent({ sentBy: { address, port: 5060 }, userAgent: 'test', token })
  }

  /** Puts a request in and returns the responses that come at once. */
  send(parts: RequestParts, from: TransportFlow = flow): SipResponse[] {
    return this.raw(text(parts), from)
  }

  raw(bytes: Uint8Array, from: TransportFlow = flow): SipResponse[] {
    this.core.handle({ kind: 'received', flow: from, bytes }, this.now)
    return this.#drain()
  }

  command(command: Command): SipResponse[] {
    this.core.handle({ kind: 'command', command }, this.now)
    return this.#drain()
  }

  runTo(now: number): void {
    for (let next = this.core.nextTimeout(); next !== undefined && next.at <= now; next = this.core.nextTimeout()) {
      this.core.handle({ kind: 'timeout' }, next.at)
      this.#drain()
    }
    this.now = now
  }

  get events(): SessionEvent[] {
    return this.outputs.flatMap((output) => (output.kind === 'event' ? [output.event] : []))
  }

  /** What we sent, oldest first. */
  get sent(): SipMessage[] {
    return this.outputs.flatMap((output) => {
      const parsed = output.kind === 'send' ? parseMessage(output.bytes) : undefined
      return parsed?.ok ? [parsed.message] : []
    })
  }

  /** Requests of ours, retransmissions included. */
  requests(method: string): SipRequest[] {
    return this.sent.flatMap((message) => (message.kind === 'request' && message.method === method ? [message] : []))
  }

  lastRequest(method: string): SipRequest {
    const request = this.requests(method).at(-1)
    if (request === undefined) throw new Error(`no ${method} was sent`)
    return request
  }

  /** Answers a request of ours. */
  answer(request: SipRequest, status: number, parts: ResponseParts = {}): void {
    this.raw(serialize(responseTo(request, status, parts)))
  }

  /** Starts a call of ours and returns its INVITE. */
  invite(parts: Partial<Extract<Command, { kind: 'invite' }>> = {}): SipRequest {
    this.command({
      kind: 'invite',
      sessionId: 'ours',
      requestUri: 'sip:bob@203.0.113.5',
      from: { uri: 'sip:room@192.0.2.1', displayName: '' },
      to: { uri: 'sip:bob@203.0.113.5', displayName: '' },
      destination: flow,
      offer: sdp,
      ...parts,
    })
    return this.lastRequest('INVITE')
  }

  /** Notes that are meant to be seen. */
  get warnings(): Record<string, unknown>[] {
    return this.outputs.flatMap((output) =>
      output.kind === 'note' && output.level === 'warn' ? [{ message: output.message, ...output.fields }] : [],
    )
  }

  get session(): string {
    return this.events.findLast((event) => event.kind === 'incoming')?.sessionId ?? ''
  }

  #drain(): SipResponse[] {
    const outputs = this.core.drain()
    this.outputs.push(...outputs)
    return outputs.flatMap((output) => {
      const parsed = output.kind === 'send' ? parseMessage(output.bytes) : undefined
      return parsed?.ok && parsed.message.kind === 'response' ? [parsed.message] : []
    })
  }

  /** A session of theirs with its ACK received; returns the To value of their requests. */
  establish(): string {
    this.send({ body: sdp })
    const [ok] = this.command({ kind: 'accept', sessionId: this.session, description: sdp })
    const to = (ok && header(ok, 'To')) ?? ''
    this.send({ method: 'ACK', branch: 'z9hG4bKack', to, cseq: '1 ACK' })
    return to
  }
}
