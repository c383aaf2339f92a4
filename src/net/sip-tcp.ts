// SIP stream connections: accepted or opened, each with its framer; kept for reuse by remote address (RFC 3261 §18.2).
import { connect, type Socket } from 'node:net'
import type { TransportFlow } from '../sip/flow.ts'
import { StreamFramer } from '../sip/framer.ts'
import type { TransportListener } from './sip-transports.ts'

/** More open connections than this close the longest idle one. */
const maxConnections = 4096
const idleMs = 10 * 60_000
const connectMs = 5_000
const keepAlive = Buffer.from('\r\n')

interface Connection {
  readonly socket: Socket
  readonly flow: TransportFlow
  readonly framer: StreamFramer
}

export class TcpConnections {
  readonly #listener: TransportListener
  readonly #byId = new Map<string, Connection>()
  readonly #byRemote = new Map<string, Connection>()
  #nextId = 1

  constructor(listener: TransportListener) {
    this.#listener = listener
  }

  accept(socket: Socket): void {
    this.#adopt(socket, socket.remoteAddress ?? '', socket.remotePort ?? 0)
  }

  /** Sends on the flow's own connection, else on one to the same remote, else opens one. */
  send(flow: TransportFlow, bytes: Uint8Array): void {
    const known =
      flow.connectionId === undefined ? this.#byRemote.get(remoteKey(flow)) : this.#byId.get(flow.connectionId)
    const connection = known ?? this.#byRemote.get(remoteKey(flow)) ?? this.#open(flow)
    connection.socket.write(bytes)
  }

  close(): void {
    for (const { socket } of this.#byId.values()) socket.destroy()
  }

  #open(flow: TransportFlow): Connection {
    const socket = connect({ host: flow.remoteAddress, port: flow.remotePort, noDelay: true })
    const timer = setTimeout(() => socket.destroy(new Error('connection timed out')), connectMs)
    socket.once('connect', () => clearTimeout(timer))
    socket.once('close', () => clearTimeout(timer))
    return this.#adopt(socket, flow.remoteAddress, flow.remotePort)
  }

  #adopt(socket: Socket, address: string, port: number): Connection {
    const id = `tcp-${this.#nextId}`
    this.#nextId += 1
    const remoteAddress = address.startsWith('::ffff:') ? address.slice(7) : address
    const flow: TransportFlow = { transport: 'TCP', remoteAddress, remotePort: port, connectionId: id }
    const connection: Connection = { socket, flow, framer: new StreamFramer() }
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
      this.#listener.failed(flow, reason)
    })
    return connection
  }

  #data(connection: Connection, bytes: Buffer): void {
    const { messages, pings, error } = connection.framer.push(bytes)
    for (let ping = 0; ping < pings; ping += 1) connection.socket.write(keepAlive)
    for (const message of messages) this.#listener.received(connection.flow, message)
    if (error !== undefined) connection.socket.destroy(new Error(error))
  }

  #shed(): void {
    if (this.#byId.size <= maxConnections) return
    const oldest = this.#byId.values().next().value
    oldest?.socket.destroy(new Error('too many connections'))
  }
}

const remoteKey = (flow: TransportFlow): string => `${flow.remoteAddress}|${flow.remotePort}`
