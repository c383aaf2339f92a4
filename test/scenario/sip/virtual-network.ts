// A seeded network on a virtual clock that joins SIP user agent cores and scripted peers: loss, delay, duplication and reordering for
// UDP, ordered connections for TCP and TLS. One seed gives one history, bit by bit.
import type { TransportFlow } from '../../../src/sip/flow.ts'
import { header, type SipMessage, type SipRequest } from '../../../src/sip/message.ts'
import { parseMessage } from '../../../src/sip/parse.ts'
import { type ResponseParts, responseTo } from '../../../src/sip/response.ts'
import { serialize } from '../../../src/sip/serialize.ts'
import { createUserAgent, type UserAgent } from '../../../src/sip/user-agent.ts'
import type { Command, Output, SessionEnd, SessionEvent, UserAgentOptions } from '../../../src/sip/user-agent-io.ts'

export interface LinkQuality {
  /** Share of datagrams that vanish, 0 to 1. */
  readonly loss: number
  /** Share of datagrams that arrive twice. */
  readonly duplication: number
  /** Transit time is between these, ms; a wide range reorders. */
  readonly delay: readonly [number, number]
}

export const perfectLink: LinkQuality = { loss: 0, duplication: 0, delay: [5, 5] }

/** A datagram, or a message on a connection, on its way. */
export interface Packet {
  readonly at: number
  readonly from: string
  readonly to: string
  readonly bytes: Uint8Array
  readonly message: SipMessage | undefined
}

/** What a peer does when something happens to one of its sessions. */
export type Reaction = (event: SessionEvent, peer: Peer) => void

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

interface Connection extends Pick<TransportFlow, 'transport' | 'remoteName'> {
  readonly id: string
  readonly client: Endpoint
  readonly server: Endpoint
  readonly clientPort: number
  readonly serverPort: number
}

interface Endpoint {
  readonly address: string
  readonly port: number
  receive(bytes: Uint8Array, flow: TransportFlow): void
  failed(flow: TransportFlow): void
}

/** Uniform numbers in [0, 1) of a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class VirtualNetwork {
  readonly random: () => number
  /** Everything that was sent, lost packets included. */
  readonly packets: Packet[] = []
  /** Drops a packet when it returns false. */
  passes: (packet: Packet) => boolean = () => true
  /** Kept off when a test sends so much that keeping it all would hurt. */
  keepsPackets = true
  readonly #quality: LinkQuality
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #peers: Peer[] = []
  readonly #connections = new Map<string, Connection>()
  #queue: Scheduled[] = []
  #order = 0
  #now = 0

  constructor(seed: number, quality: LinkQuality = perfectLink) {
    this.random = seededRandom(seed)
    this.#quality = quality
  }

  get now(): number {
    return this.#now
  }

  /** Adds a user agent core. */
  peer(address: string, react: Reaction = () => undefined, options: Partial<UserAgentOptions> = {}): Peer {
    const peer = new Peer(this, address, { react, options })
    this.#endpoints.set(`${peer.address}:${peer.port}`, peer)
    const { tlsPort } = options.sentBy ?? {}
    if (tlsPort !== undefined) this.#endpoints.set(`${peer.address}:${tlsPort}`, peer)
    this.#peers.push(peer)
    return peer
  }

  /** Adds a peer that the test scripts, message by message. */
  scripted(address: string, onMessage: (message: SipMessage, from: TransportFlow) => void): ScriptedPeer {
    const peer = new ScriptedPeer(this, address, onMessage)
    this.#endpoints.set(`${address}:5060`, peer)
    return peer
  }

  /** Runs something at a time to come. */
  at(ms: number, run: () => void): void {
    this.#queue.push({ at: Math.max(ms, this.#now), order: this.#order++, run })
  }

  /** Closes a connection on both sides. */
  cut(connectionId: string): void {
    const connection = this.#connections.get(connectionId)
    if (connection === undefined) return
    this.#connections.delete(connectionId)
    connection.client.failed(clientFlow(connection))
    connection.server.failed(serverFlow(connection))
  }

  /** First lines of what was sent, with CSeq method for responses: `INVITE`, `200 INVITE`; optionally from one address only. */
  trace(from?: string): string[] {
    return this.packets
      .filter((packet) => from === undefined || packet.from === `${from}:5060`)
      .map(({ message }) => {
        if (message === undefined) return 'malformed'
        if (message.kind === 'request') return message.method
        return `${message.status} ${(header(message, 'CSeq') ?? '').split(' ')[1]}`
      })
  }

  get connectionIds(): string[] {
    return [...this.#connections.keys()]
  }

  /** The name that a connection was opened for. */
  connectionName(id: string): string | undefined {
    return this.#connections.get(id)?.remoteName
  }

  send(from: Endpoint, flow: TransportFlow, bytes: Uint8Array): void {
    const to = `${flow.remoteAddress}:${flow.remotePort}`
    const parsed = parseMessage(bytes)
    const packet: Packet = {
      at: this.#now,
      from: `${from.address}:${from.port}`,
      to,
      bytes,
      message: parsed.ok ? parsed.message : undefined,
    }
    if (this.keepsPackets) this.packets.push(packet)
    if (flow.transport !== 'UDP') {
      this.#sendOnConnection(from, flow, bytes)
      return
    }
    if (!this.passes(packet) || this.random() < this.#quality.loss) return
    const copies = this.random() < this.#quality.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const source: TransportFlow = { transport: 'UDP', remoteAddress: from.address, remotePort: from.port }
      this.at(this.#now + this.#transit(), () => this.#endpoints.get(to)?.receive(bytes, source))
    }
  }

  /** Runs until nothing is on its way and no core waits, or until `limit`. */
  run(limit = Number.POSITIVE_INFINITY): void {
    for (;;) {
      const packet = this.#queue.reduce<Scheduled | undefined>(
        (first, next) => (first !== undefined && !before(next, first) ? first : next),
        undefined,
      )
      const waiting = this.#earliestTimer()
      const at = Math.min(packet?.at ?? Number.POSITIVE_INFINITY, waiting?.at ?? Number.POSITIVE_INFINITY)
      if (at > limit || at === Number.POSITIVE_INFINITY) break
      this.#now = Math.max(this.#now, at)
      if (packet !== undefined && packet.at <= at) {
        this.#queue = this.#queue.filter((entry) => entry !== packet)
        packet.run()
      } else waiting?.peer.wake()
    }
    if (limit !== Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, limit)
  }

  #earliestTimer(): { readonly at: number; readonly peer: Peer } | undefined {
    let first: { at: number; peer: Peer } | undefined
    for (const peer of this.#peers) {
      const next = peer.core.nextTimeout()
      if (next !== undefined && (first === undefined || next.at < first.at)) first = { at: next.at, peer }
    }
    return first
  }

  #transit(): number {
    const [least, most] = this.#quality.delay
    return least + this.random() * (most - least)
  }

  #sendOnConnection(from: Endpoint, flow: TransportFlow, bytes: Uint8Array): void {
    const connection = this.#connectionFor(from, flow)
    if (connection === undefined) {
      this.at(this.#now, () => from.failed(flow))
      return
    }
    const toServer = connection.client === from
    const [to, seen] = toServer
      ? [connection.server, serverFlow(connection)]
      : [connection.client, clientFlow(connection)]
    this.at(this.#now + this.#quality.delay[0], () => to.receive(bytes, seen))
  }

  #connectionFor(from: Endpoint, flow: TransportFlow): Connection | undefined {
    if (flow.connectionId !== undefined) return this.#connections.get(flow.connectionId)
    const server = this.#endpoints.get(`${flow.remoteAddress}:${flow.remotePort}`)
    if (server === undefined) return undefined
    const open = [...this.#connections.values()].find(
      (entry) => entry.client === from && entry.server === server && sameKind(entry, flow),
    )
    if (open !== undefined) return open
    const number = this.#order++
    const connection: Connection = {
      id: `connection-${number}`,
      transport: flow.transport,
      ...(flow.remoteName !== undefined && { remoteName: flow.remoteName }),
      client: from,
      server,
      serverPort: flow.remotePort,
      clientPort: 40_000 + (number % 20_000),
    }
    this.#connections.set(connection.id, connection)
    return connection
  }
}

const before = (one: Scheduled, other: Scheduled): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** What was opened for one name, or as another transport, is not used again. */
const sameKind = (one: Connection, other: TransportFlow): boolean =>
  one.transport === other.transport && one.remoteName === other.remoteName

const clientFlow = ({ id, server, serverPort, transport, remoteName }: Connection): TransportFlow => ({
  transport,
  remoteAddress: server.address,
  remotePort: serverPort,
  connectionId: id,
  ...(remoteName !== undefined && { remoteName }),
})

const serverFlow = ({ id, client, clientPort, transport }: Connection): TransportFlow => ({
  transport,
  remoteAddress: client.address,
  remotePort: clientPort,
  connectionId: id,
})

interface PeerOptions {
  readonly react: Reaction
  readonly options: Partial<UserAgentOptions>
}

/** A user agent core on the network, with the events of its sessions. */
export class Peer implements Endpoint {
  readonly core: UserAgent
  readonly address: string
  readonly port: number
  readonly events: SessionEvent[] = []
  readonly warnings: Output[] = []
  react: Reaction
  readonly #network: VirtualNetwork
  #calls = 0
  #draining = false

  constructor(network: VirtualNetwork, address: string, { react, options }: PeerOptions) {
    this.#network = network
    this.address = address
    this.port = options.sentBy?.port ?? 5060
    this.react = react
    const token = (length: number): string =>
      Array.from({ length }, () => Math.floor(network.random() * 16).toString(16)).join('')
    this.core = createUserAgent({ sentBy: { address, port: this.port }, userAgent: 'test', token, ...options })
  }

  get ended(): SessionEnd[] {
    return this.events.flatMap((event) => (event.kind === 'ended' ? [event.end] : []))
  }

  kinds(sessionId?: string): string[] {
    return this.events
      .filter((event) => sessionId === undefined || event.sessionId === sessionId)
      .map((event) => event.kind)
  }

  last<K extends SessionEvent['kind']>(kind: K): Extract<SessionEvent, { kind: K }> | undefined {
    return this.events.findLast((event): event is Extract<SessionEvent, { kind: K }> => event.kind === kind)
  }

  /** Calls another peer and returns the session id. */
  call(
    to: { readonly address: string; readonly port: number },
    options: Partial<Extract<Command, { kind: 'invite' }>> = {},
  ): string {
    this.#calls += 1
    const sessionId = options.sessionId ?? `call-${this.#calls}`
    this.command({
      kind: 'invite',
      requestUri: `sip:room@${to.address}:${to.port}`,
      from: { uri: `sip:caller@${this.address}`, displayName: '' },
      to: { uri: `sip:room@${to.address}`, displayName: '' },
      destination: { transport: 'UDP', remoteAddress: to.address, remotePort: to.port },
      ...options,
      sessionId,
    })
    return sessionId
  }

  command(command: Command): void {
    this.core.handle({ kind: 'command', command }, this.#network.now)
    this.#drain()
  }

  receive(bytes: Uint8Array, flow: TransportFlow): void {
    this.core.handle({ kind: 'received', bytes, flow }, this.#network.now)
    this.#drain()
  }

  failed(flow: TransportFlow): void {
    this.core.handle({ kind: 'flowFailed', flow, reason: 'closed' }, this.#network.now)
    this.#drain()
  }

  wake(): void {
    this.core.handle({ kind: 'timeout' }, this.#network.now)
    this.#drain()
  }

  /** A reaction gives commands in the middle of this: what they put out comes after what is being drained. */
  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    for (let outputs = this.core.drain(); outputs.length > 0; outputs = this.core.drain()) {
      for (const output of outputs) this.#take(output)
    }
    this.#draining = false
  }

  #take(output: Output): void {
    if (output.kind === 'send') this.#network.send(this, output.flow, output.bytes)
    else if (output.kind === 'note' && output.level === 'warn') this.warnings.push(output)
    else if (output.kind === 'event') {
      this.events.push(output.event)
      this.react(output.event, this)
    }
  }
}

/** A peer without a stack: gets messages, sends text. */
export class ScriptedPeer implements Endpoint {
  readonly address: string
  readonly port = 5060
  readonly received: SipMessage[] = []
  readonly #network: VirtualNetwork
  readonly #onMessage: (message: SipMessage, from: TransportFlow) => void

  constructor(network: VirtualNetwork, address: string, onMessage: (message: SipMessage, from: TransportFlow) => void) {
    this.#network = network
    this.address = address
    this.#onMessage = onMessage
  }

  receive(bytes: Uint8Array, flow: TransportFlow): void {
    const parsed = parseMessage(bytes)
    if (!parsed.ok) return
    this.received.push(parsed.message)
    this.#onMessage(parsed.message, flow)
  }

  failed(): void {
    // Scripts see what they get; a lost connection is silence.
  }

  /** Answers a request; `parts.tag` goes into To. */
  respond(to: TransportFlow, request: SipRequest, status: number, parts: ResponseParts = {}): void {
    const contact = { name: 'Contact', value: `<sip:${this.address}:${this.port}>` }
    const response = responseTo(request, status, { ...parts, headers: [contact, ...(parts.headers ?? [])] })
    this.#network.send(this, to, serialize(response))
  }

  /** Sends lines, joined by CRLF; the last part is the body. */
  send(to: TransportFlow, lines: readonly string[], body = ''): void {
    const text = [...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
    this.#network.send(this, to, new TextEncoder().encode(text))
  }
}
