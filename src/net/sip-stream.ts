// SIP connections over any stream transport: accepted or opened, each with its framer; kept for reuse by remote address
// (RFC 3261 §18.2, RFC 5923). How a connection is opened is given from outside, so that one for TLS can never become plain TCP.
import type { Socket } from 'node:net'
import { StreamFramer } from '../sip/framer.ts'

export interface StreamFlow<T extends string> {
  readonly transport: T
  /** Numeric address, without brackets for IPv6. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Host of the URI that led to the address; what a certificate must show. */
  readonly remoteName?: string
  readonly connectionId?: string
}

export interface StreamListener<T extends string> {
  received(flow: StreamFlow<T>, bytes: Uint8Array): void
  failed(flow: StreamFlow<T>, reason: string): void
}

export interface StreamOptions<T extends string> {
  readonly transport: T
  readonly listener: StreamListener<T>
  /** A socket on its way to the flow's remote end; what is written before `readyEvent` must wait until then. */
  readonly open: (flow: StreamFlow<T>) => Socket
  readonly readyEvent: 'connect' | 'secureConnect'
}

/** More open connections than this close the oldest one. */
export const maxConnections = 4096
const idleMs = 10 * 60_000
const connectMs = 5_000
/** Octets that wait for a peer which does not read. */
const longestBacklog = 1 << 20
const keepAlive = Buffer.from('\r\n')

interface Connection<T extends string> {
  readonly socket: Socket
  readonly flow: StreamFlow<T>
  readonly framer: StreamFramer
}

export class StreamConnections<T extends string> {
  readonly #options: StreamOptions<T>
  readonly #byId = new Map<string, Connection<T>>()
  readonly #byRemote = new Map<string, Connection<T>>()
  #nextId = 1

  constructor(options: StreamOptions<T>) {
    this.#options = options
  }

  get size(): number {
    return this.#byId.size
  }

  accept(socket: Socket): void {
    const { transport } = this.#options
    const remoteAddress = plainAddress(socket.remoteAddress ?? '')
    this.#adopt(socket, { transport, remoteAddress, remotePort: socket.remotePort ?? 0 })
  }

  /** Sends on the flow's own connection, else on one to the same remote, else opens one. Failures come by `failed`. */
  send(flow: StreamFlow<T>, bytes: Uint8Array): void {
    const known = flow.connectionId === undefined ? undefined : this.#byId.get(flow.connectionId)
    try {
      const { socket } = known ?? this.#byRemote.get(remoteKey(flow)) ?? this.#open(flow)
      socket.write(bytes)
      if (socket.writableLength > longestBacklog) socket.destroy(new Error('the far end does not read'))
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'cannot connect'
      queueMicrotask(() => this.#options.listener.failed(flow, reason))
    }
  }

  close(): void {
    for (const { socket } of this.#byId.values()) socket.destroy()
  }

  #open({ connectionId: _, ...flow }: StreamFlow<T>): Connection<T> {
    const socket = this.#options.open(flow)
    const timer = setTimeout(() => socket.destroy(new Error('connection timed out')), connectMs)
    socket.once(this.#options.readyEvent, () => clearTimeout(timer))
    socket.once('close', () => clearTimeout(timer))
    return this.#adopt(socket, flow)
  }

  #adopt(socket: Socket, remote: StreamFlow<T>): Connection<T> {
    const { transport, listener } = this.#options
    const id = `${transport.toLowerCase()}-${this.#nextId}`
    this.#nextId += 1
    const flow: StreamFlow<T> = { ...remote, connectionId: id }
    const connection: Connection<T> = { socket, flow, framer: new StreamFramer() }
    this.#byId.set(id, connection)
    this.#byRemote.set(remoteKey(flow), connection)
    this.#shed()
    let reason = 'connection closed'
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.on('data', (bytes: Buffer) => this.#data(connection, bytes))
    socket.on('error', (error) => {
      reason = error.message
    })
    socket.on('close', () => {
      this.#byId.delete(id)
      if (this.#byRemote.get(remoteKey(flow)) === connection) this.#byRemote.delete(remoteKey(flow))
      listener.failed(flow, reason)
    })
    return connection
  }

  #data(connection: Connection<T>, bytes: Buffer): void {
    const { messages, pings, error } = connection.framer.push(bytes)
    for (let ping = 0; ping < pings; ping += 1) connection.socket.write(keepAlive)
    for (const message of messages) this.#options.listener.received(connection.flow, message)
    if (error !== undefined) connection.socket.destroy(new Error(error))
  }

  #shed(): void {
    if (this.#byId.size <= maxConnections) return
    const oldest = this.#byId.values().next().value
    oldest?.socket.destroy(new Error('too many connections'))
  }
}

/** A connection that was verified for one name says nothing about another. */
const remoteKey = ({ remoteAddress, remotePort, remoteName = '' }: StreamFlow<string>): string =>
  `${remoteAddress}|${remotePort}|${remoteName.toLowerCase()}`

/** `::ffff:192.0.2.1` of a dual-stack socket is the IPv4 address it stands for. */
const plainAddress = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address)
