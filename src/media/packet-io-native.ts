// Packet I/O over the native addon: one call receives from all sockets that have something, one call sends what was gathered.
// It never blocks by itself and has no event loop behind it: somebody must call `receive` (native-loop.ts does).
import { getSystemErrorName } from 'node:util'
import { Bug, OperationalError } from '../base/errors.ts'
import type { EncodedPayload } from '../rtp/jitter-buffer.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import { type NativeAddon, peerPort, receiveRow } from './native-addon.ts'
import { NativeSender, type SendingSocket } from './native-sender.ts'
import type { PacketIo, PacketSink, PortPair, Shortcut } from './packet-io.ts'
import type { DgramOptions } from './packet-io-dgram.ts'
import { PortRange } from './port-range.ts'
import { ReceivedViews, SourceMemory } from './received-views.ts'

/** Half a second of a busy leg; the kernel may grant less. */
const receiveBufferBytes = 256 * 1024
/** Expedited Forwarding (RFC 3246) as a traffic class octet: audio before bulk. */
const expeditedForwarding = 46 << 2
/** Datagrams per call; as many more calls follow as there is more. */
const batch = 256
/** Octets kept of a datagram. What is longer came through no Ethernet and is no audio. */
const place = 2048

export interface NativeOptions extends DgramOptions {
  readonly addon: NativeAddon
}

/** Since creation, in datagrams. */
export interface NativeCounters {
  readonly received: number
  /** Longer than can be kept, and dropped. */
  readonly truncated: number
  readonly receiveErrors: number
  readonly sent: number
  /** Not sent: the socket's buffer was full. */
  readonly noRoom: number
  /** Not sent: unreachable, not permitted, no address. */
  readonly sendErrors: number
}

export interface NativePacketIo extends PacketIo {
  /** Pairs open now. */
  readonly size: number
  /** Hands out all that has arrived, each datagram with the time at which the kernel took it in. Returns how many. */
  receive(): number
  sendAlike(heads: Int32Array, count: number, payload: EncodedPayload): void
  divert(channel: number, place: number): void
  divertTo(shortcut: Shortcut): void
  /** Blocks the thread; see NativeAddon.wait. */
  wait(micros: number, watch: number): number
  /** From now on datagrams are gathered until `flush` or `release`; otherwise they leave when the running piece of code ends. */
  hold(): void
  release(): void
  counters(): NativeCounters
}

/** Throws OperationalError when the kernel has no descriptors left. */
export function createNativePacketIo(options: NativeOptions): NativePacketIo {
  return new BatchedPacketIo(options)
}

/** One bound socket: where its datagrams go, and from whom the last one came. */
interface Channel extends SendingSocket {
  readonly sink: PacketSink
  readonly control: boolean
  /** Made for the first datagram that is not from the connected peer. */
  sources: SourceMemory | undefined
}

class BatchedPacketIo implements NativePacketIo {
  readonly #options: NativeOptions
  readonly #addon: NativeAddon
  readonly #handle: number
  readonly #ports: PortRange
  readonly #open = new Set<NativePair>()
  /** By slot. */
  readonly #channels: (Channel | undefined)[] = []
  readonly #arena = new Uint8Array(batch * place)
  readonly #rows = new Int32Array(batch * receiveRow.words)
  readonly #views = new ReceivedViews(this.#arena, place)
  readonly #sender: NativeSender
  /** Places of diverted slots, by slot. */
  #places = new Int32Array(0)
  #shortcut: Shortcut | undefined
  #closed = false

  constructor(options: NativeOptions) {
    this.#options = options
    this.#addon = options.addon
    this.#ports = new PortRange({ min: options.portMin, max: options.portMax }, options.start)
    this.#handle = options.addon.create()
    if (this.#handle < 0) throw new OperationalError(`No packet I/O: ${getSystemErrorName(this.#handle)}`)
    this.#sender = new NativeSender(options.addon, this.#handle)
  }

  get size(): number {
    return this.#open.size
  }

  async open(sink: PacketSink, wanted?: number): Promise<PortPair> {
    if (this.#closed) throw new Bug('The packet I/O is closed.')
    if (wanted !== undefined) return this.#openAt(wanted, sink)
    const refused = new Set<number>()
    for (;;) {
      const port = this.#ports.take(this.#options.clock.now(), refused)
      if (port === undefined) throw this.#exhausted()
      const pair = this.#tryPair(port, sink)
      if (pair) return pair
      refused.add(port)
      this.#ports.refuse(port)
    }
  }

  #openAt(port: number, sink: PacketSink): PortPair {
    const pair = this.#tryPair(port, sink)
    if (pair === undefined) throw new OperationalError(`RTP port ${port} is taken.`, { retryable: true })
    this.#ports.claim(port)
    return pair
  }

  flush(): void {
    this.#sender.flush()
  }

  sendAlike(heads: Int32Array, count: number, payload: EncodedPayload): void {
    if (!this.#closed) this.#sender.sendAlike(heads, count, payload)
  }

  divertTo(shortcut: Shortcut): void {
    this.#shortcut = shortcut
  }

  divert(channel: number, place: number): void {
    if (channel < 0) return
    if (channel >= this.#places.length) {
      const before = this.#places
      this.#places = new Int32Array(2 * channel + 64).fill(-1)
      this.#places.set(before)
    }
    this.#places[channel] = place
    // Of whom is left to itself everything comes from its peer.
    const diverted = this.#channels[channel]
    if (diverted && place >= 0) diverted.sources = undefined
  }

  hold(): void {
    this.#sender.hold()
  }

  release(): void {
    this.#sender.release()
  }

  wait(micros: number, watch: number): number {
    const reason = this.#closed ? 0 : this.#addon.wait(this.#handle, micros, watch)
    if (reason < 0) throw new OperationalError(`Waiting for media failed: ${getSystemErrorName(reason)}`)
    return reason
  }

  receive(): number {
    let total = 0
    while (!this.#closed) {
      const now = this.#options.clock.now()
      const count = this.#addon.receive(this.#handle, this.#arena, place, this.#rows)
      for (let row = 0; row < count; row += 1) this.#deliver(row, now)
      total += count
      if (count < batch) break
    }
    return total
  }

  counters(): NativeCounters {
    const out = new Float64Array(7)
    if (!this.#closed) this.#addon.counters(this.#handle, out)
    const [received = 0, truncated = 0, receiveErrors = 0, sent = 0, noRoom = 0, errors = 0, bad = 0] = out
    return { received, truncated, receiveErrors, sent, noRoom, sendErrors: errors + bad + this.#sender.unsendable }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((pair) => pair.close()))
    if (this.#closed) return
    this.#closed = true
    this.#addon.destroy(this.#handle)
  }

  #deliver(row: number, now: number): void {
    const rows = this.#rows
    const at = row * receiveRow.words
    const slot = rows[at + receiveRow.slot] ?? 0
    const place = this.#places[slot] ?? -1
    if (place >= 0 && rows[at + receiveRow.port] === peerPort) {
      // Where the summary has its place.
      rows[at + receiveRow.slot] = place
      if (this.#shortcut?.takeSummary(rows, at, now - (rows[at + receiveRow.age] ?? 0) / 1000)) return
      rows[at + receiveRow.slot] = slot
    }
    const channel = this.#channels[slot]
    if (!channel || rows[at + receiveRow.truncated] !== 0) return
    const bytes = this.#views.view(row, rows[at + receiveRow.length] ?? 0)
    const known = rows[at + receiveRow.port] === peerPort ? channel.peer : undefined
    const source = known ?? this.#sourcesOf(channel).of(rows, at + receiveRow.port)
    const arrival = now - (rows[at + receiveRow.age] ?? 0) / 1000
    if (channel.control) channel.sink.rtcp(bytes, source, arrival)
    else channel.sink.rtp(bytes, source, arrival)
  }

  #tryPair(port: number, sink: PacketSink): NativePair | undefined {
    const rtp = this.#bind(port, sink, false)
    if (!rtp) return undefined
    const rtcp = this.#bind(port + 1, sink, true)
    if (!rtcp) {
      this.#unbind(rtp)
      return undefined
    }
    const place = { address: this.#options.bindAddress, port, rtp, rtcp }
    const pair = new NativePair(place, this.#sender, this.#release)
    this.#open.add(pair)
    return pair
  }

  #sourcesOf(channel: Channel): SourceMemory {
    channel.sources ??= new SourceMemory(this.#addon)
    return channel.sources
  }

  readonly #release = (pair: NativePair): void => {
    this.#sender.flush()
    this.#unbind(pair.rtp)
    this.#unbind(pair.rtcp)
    this.#open.delete(pair)
    this.#ports.release(pair.rtpPort, this.#options.clock.now())
  }

  /** A bound socket, or undefined when the port is taken. */
  #bind(port: number, sink: PacketSink, control: boolean): Channel | undefined {
    const { bindAddress: address } = this.#options
    const slot = this.#addon.open(this.#handle, address, port, receiveBufferBytes, expeditedForwarding)
    if (slot < 0) {
      const name = getSystemErrorName(slot)
      if (name === 'EADDRINUSE' || name === 'EACCES') return undefined
      throw new OperationalError(`Cannot listen for RTP on ${address} port ${port}: ${name}`)
    }
    const channel: Channel = {
      slot,
      sink,
      control,
      sources: undefined,
      to: undefined,
      words: undefined,
      packets: 0,
      connected: false,
      peer: undefined,
    }
    this.#channels[slot] = channel
    return channel
  }

  #unbind(channel: Channel): void {
    this.#channels[channel.slot] = undefined
    if (channel.slot < this.#places.length) this.#places[channel.slot] = -1
    this.#addon.close(this.#handle, channel.slot)
  }

  #exhausted(): OperationalError {
    const { portMin, portMax } = this.#options
    return new OperationalError(`No RTP port pair is free between ${portMin} and ${portMax}.`, { retryable: true })
  }
}

interface PairPlace {
  readonly address: string
  readonly port: number
  readonly rtp: Channel
  readonly rtcp: Channel
}

class NativePair implements PortPair {
  readonly address: string
  readonly rtpPort: number
  readonly rtp: Channel
  readonly rtcp: Channel
  readonly #sender: NativeSender
  readonly #onClose: (pair: NativePair) => void
  #closed = false

  constructor(place: PairPlace, sender: NativeSender, onClose: (pair: NativePair) => void) {
    this.address = place.address
    this.rtpPort = place.port
    this.rtp = place.rtp
    this.rtcp = place.rtcp
    this.#sender = sender
    this.#onClose = onClose
  }

  get rtcpPort(): number {
    return this.rtpPort + 1
  }

  sendRtp(bytes: Uint8Array, to: Endpoint): void {
    if (!this.#closed) this.#sender.add(this.rtp, bytes, to)
  }

  sendRtcp(bytes: Uint8Array, to: Endpoint): void {
    if (!this.#closed) this.#sender.add(this.rtcp, bytes, to)
  }

  channel(to: Endpoint): number {
    return this.#closed ? -1 : this.#sender.channel(this.rtp, to)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#onClose(this)
  }
}
