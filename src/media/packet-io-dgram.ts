// Packet I/O over node:dgram: two sockets per leg. Slow next to a batching addon, but it runs everywhere.
// Sends are synchronous in practice: with a numeric address and no callback, libuv tries the system call at once.
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { OperationalError } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { PacketIo, PacketSink, PortPair } from './packet-io.ts'
import { PortRange } from './port-range.ts'

/** Half a second of a busy leg; the kernel may grant less. */
const receiveBufferBytes = 256 * 1024

export interface DgramOptions {
  readonly bindAddress: string
  /** Inclusive. */
  readonly portMin: number
  readonly portMax: number
  readonly clock: Pick<Clock, 'now'>
  /** Where in the range to begin, [0, 1). */
  readonly start?: number
}

export function createDgramPacketIo(options: DgramOptions): PacketIo {
  return new DgramPacketIo(options)
}

class DgramPacketIo implements PacketIo {
  readonly #options: DgramOptions
  readonly #ports: PortRange
  readonly #open = new Set<DgramPair>()

  constructor(options: DgramOptions) {
    this.#options = options
    this.#ports = new PortRange({ min: options.portMin, max: options.portMax }, options.start)
  }

  async open(sink: PacketSink, wanted?: number): Promise<PortPair> {
    if (wanted !== undefined) return this.#openAt(wanted, sink)
    const refused = new Set<number>()
    for (;;) {
      const port = this.#ports.take(this.#options.clock.now(), refused)
      if (port === undefined) throw this.#exhausted()
      const pair = await this.#tryPair(port, sink)
      if (pair) return pair
      refused.add(port)
      this.#ports.refuse(port)
    }
  }

  async #openAt(port: number, sink: PacketSink): Promise<PortPair> {
    const pair = await this.#tryPair(port, sink)
    if (pair === undefined) throw new OperationalError(`RTP port ${port} is taken.`, { retryable: true })
    this.#ports.claim(port)
    return pair
  }

  flush(): void {
    // Every datagram has left already.
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((pair) => pair.close()))
  }

  async #tryPair(port: number, sink: PacketSink): Promise<PortPair | undefined> {
    const address = this.#options.bindAddress
    const rtp = await bind(address, port)
    if (!rtp) return undefined
    const rtcp = await bind(address, port + 1)
    if (!rtcp) {
      await closed(rtp)
      return undefined
    }
    const { clock } = this.#options
    rtp.on('message', (bytes, from) => sink.rtp(bytes, plain(from), clock.now()))
    rtcp.on('message', (bytes, from) => sink.rtcp(bytes, plain(from), clock.now()))
    const pair = new DgramPair({ address, port, rtp, rtcp }, () => {
      this.#open.delete(pair)
      this.#ports.release(port, clock.now())
    })
    this.#open.add(pair)
    return pair
  }

  #exhausted(): OperationalError {
    const { portMin, portMax } = this.#options
    return new OperationalError(`No RTP port pair is free between ${portMin} and ${portMax}.`, { retryable: true })
  }
}

interface PairSockets {
  readonly address: string
  readonly port: number
  readonly rtp: Socket
  readonly rtcp: Socket
}

class DgramPair implements PortPair {
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
  readonly #sockets: PairSockets
  readonly #onClosed: () => void
  readonly #mapped: boolean
  #closing: Promise<void> | undefined

  constructor(sockets: PairSockets, onClosed: () => void) {
    this.address = sockets.address
    this.rtpPort = sockets.port
    this.rtcpPort = sockets.port + 1
    this.#sockets = sockets
    this.#onClosed = onClosed
    this.#mapped = isIPv6(sockets.address)
  }

  sendRtp(bytes: Uint8Array, to: Endpoint): void {
    this.#send(this.#sockets.rtp, bytes, to)
  }

  sendRtcp(bytes: Uint8Array, to: Endpoint): void {
    this.#send(this.#sockets.rtcp, bytes, to)
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([closed(this.#sockets.rtp), closed(this.#sockets.rtcp)]).then(() => this.#onClosed())
    return this.#closing
  }

  #send(socket: Socket, bytes: Uint8Array, to: Endpoint): void {
    if (this.#closing || to.port <= 0 || to.port > 65535) return
    const address = this.#mapped && !to.address.includes(':') ? `::ffff:${to.address}` : to.address
    // What the kernel does not take at once waits in libuv, which does not copy.
    socket.send(Uint8Array.from(bytes), to.port, address)
  }
}

/** A bound socket, or undefined when the port is taken. */
function bind(address: string, port: number): Promise<Socket | undefined> {
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  const socket = createSocket({ type, recvBufferSize: receiveBufferBytes, lookup: numericOnly })
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else
        reject(
          new OperationalError(`Cannot listen for RTP on ${address} port ${port}: ${error.message}`, { cause: error }),
        )
    })
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      // An unreachable far end shows as silence, and is reported as such.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

type Found = (error: NodeJS.ErrnoException | null, address: string, family: number) => void

/** Addresses in a media plan are numeric; answering at once keeps sends synchronous, and nothing is asked of DNS. */
function numericOnly(hostname: string, _options: unknown, found: Found): void {
  found(null, hostname, isIPv6(hostname) ? 6 : 4)
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()))

const mappedPrefix = '::ffff:'

function plain(from: Endpoint): Endpoint {
  return from.address.startsWith(mappedPrefix)
    ? { address: from.address.slice(mappedPrefix.length), port: from.port }
    : from
}
