// The legs at rest, as numbers in tables: of a thousand phones in a conference all but a few are, and all that is known of each must pass
// through the processor's cache 50 times a second. A packet that is not exactly the expected one ends a rest, and the leg looks at it.
import { distance32 } from '../base/serial.ts'
import { frameMs } from '../dsp/frame.ts'
import { byteAt, headerLength, read16, read32 } from '../rtp/packet.ts'
import { mostWaiting } from '../rtp/silent-run.ts'
import { type Endpoint, sameEndpoint } from '../rtp/source-check.ts'
import type { Encoding } from './encoding.ts'
import { headColumns, type PacketIo, type PortPair, type Shortcut, summary } from './packet-io.ts'
import { Rest, type Restful } from './rest.ts'

/** Of what comes in. Packets are counted from the oldest that waited when the rest began, frames to be played from its beginning. */
const input = {
  sequence: 0,
  timestamp: 1,
  ssrc: 2,
  payloadType: 3,
  length: 4,
  octet: 5,
  mask: 6,
  packets: 7,
  played: 8,
  frames: 9,
  transit: 10,
  clockRate: 11,
  units: 12,
  waited: 13,
  columns: 16,
} as const
/** Milliseconds; then when the last packets came, by their number: one more than may wait, so that the one played last is still there. */
const time = {
  origin: 0,
  leastTransit: 1,
  mostTransit: 2,
  leastMargin: 3,
  jitter: 4,
  arrivals: 8,
  columns: 24,
} as const
const ringMask = mostWaiting
/** Of what goes out. */
const output = { channel: 0, sequence: 1, timestamp: 2, ssrc: 3, payloadType: 4, sent: 5, columns: 6 } as const
/** Packets handed over at once, where many can be. */
const batch = 256
const firstCapacity = 64
/** Version 2, no padding, no extension, no contributing sources. */
const plain = 0x80

export class RestingLegs implements Shortcut {
  readonly #packetIo: PacketIo
  readonly #rest = new Rest()
  /** Places that are free, the lowest last. */
  readonly #free: number[] = []
  #capacity = 0
  #inputs = new Int32Array(0)
  #times = new Float64Array(0)
  #outputs = new Int32Array(0)
  readonly #peers: (Endpoint | undefined)[] = []
  readonly #ports: (PortPair | undefined)[] = []
  readonly #heads = new Int32Array(batch * headColumns)
  readonly #headBytes = new DataView(this.#heads.buffer)
  #datagram = new Uint8Array(headerLength)

  constructor(packetIo: PacketIo) {
    this.#packetIo = packetIo
    packetIo.divertTo?.(this)
  }

  /** Legs at rest. */
  get size(): number {
    return this.#capacity - this.#free.length
  }

  /** Puts a leg to rest and gives it a place, if it agrees. `now` in monotonic milliseconds. */
  add(leg: Restful, now: number): boolean {
    const rest = this.#rest
    if (!leg.rest(rest, now)) return false
    const place = this.#free.pop() ?? this.#grow()
    leg.place = place
    this.#peers[place] = rest.to
    this.#ports[place] = rest.ports
    this.#writeInput(place, rest)
    this.#writeOutput(place, rest)
    this.#packetIo.divert?.(rest.channel, place)
    return true
  }

  /** Ends a rest: the leg takes back what happened. `playedAt`: when its last frame was played, monotonic milliseconds. */
  remove(leg: Restful, playedAt: number): void {
    const { place } = leg
    const rest = this.#rest
    this.#packetIo.divert?.(this.#outputs[place * output.columns + output.channel] ?? -1, -1)
    this.#peers[place] = undefined
    this.#ports[place] = undefined
    this.#free.push(place)
    this.#read(place, rest)
    rest.playedAt = playedAt
    leg.place = -1
    leg.resume(rest)
  }

  /** Takes a datagram that is exactly what was to come next; false for any other, which the leg has to see. */
  take(place: number, bytes: Uint8Array, source: Endpoint, now: number): boolean {
    const inputs = this.#inputs
    const at = place * input.columns
    const peer = this.#peers[place]
    if (peer === undefined || (source !== peer && !sameEndpoint(source, peer))) return false
    const sequence = inputs[at + input.sequence] ?? 0
    const timestamp = inputs[at + input.timestamp] ?? 0
    if (bytes.length !== inputs[at + input.length] || byteAt(bytes, 0) !== plain) return false
    if (byteAt(bytes, 1) !== inputs[at + input.payloadType] || read16(bytes, 2) !== sequence) return false
    if ((read32(bytes, 4) | 0) !== timestamp || (read32(bytes, 8) | 0) !== inputs[at + input.ssrc]) return false
    const octet = inputs[at + input.octet] ?? 0
    const mask = inputs[at + input.mask] ?? 0
    for (let index = headerLength; index < bytes.length; index += 1)
      if ((byteAt(bytes, index) & mask) !== octet) return false
    return this.#store(place, now)
  }

  /** The same of a datagram of which only this is known. */
  takeSummary(summaries: Int32Array, from: number, now: number): boolean {
    const inputs = this.#inputs
    const place = summaries[from + summary.place] ?? 0
    const at = place * input.columns
    const fill = summaries[from + summary.fill] ?? -1
    if (fill < 0 || (fill & (inputs[at + input.mask] ?? 0)) !== inputs[at + input.octet]) return false
    const type = (inputs[at + input.payloadType] ?? 0) << 16
    const head = from + summary.head
    if (summaries[head] !== ((plain << 24) | type | (inputs[at + input.sequence] ?? 0))) return false
    if (summaries[head + 1] !== inputs[at + input.timestamp] || summaries[head + 2] !== inputs[at + input.ssrc])
      return false
    return summaries[from + summary.length] === inputs[at + input.length] && this.#store(place, now)
  }

  /** Notes the expected packet; false when too many wait already. */
  #store(place: number, now: number): boolean {
    const inputs = this.#inputs
    const at = place * input.columns
    const packets = inputs[at + input.packets] ?? 0
    if (packets - (inputs[at + input.played] ?? 0) >= mostWaiting) return false
    const timestamp = inputs[at + input.timestamp] ?? 0
    this.#times[place * time.columns + time.arrivals + (packets & ringMask)] = now
    inputs[at + input.packets] = packets + 1
    inputs[at + input.sequence] = ((inputs[at + input.sequence] ?? 0) + 1) & 0xffff
    inputs[at + input.timestamp] = (timestamp + (inputs[at + input.units] ?? 0)) | 0
    this.#measure(place, timestamp, now)
    return true
  }

  /** A frame's time: plays a packet. False when there is none, or when it is time for the leg to think. */
  play(place: number, now: number): boolean {
    const inputs = this.#inputs
    const at = place * input.columns
    const played = inputs[at + input.played] ?? 0
    if (inputs[at + input.packets] === played || inputs[at + input.frames] === played) return false
    inputs[at + input.played] = played + 1
    const times = this.#times
    const from = place * time.columns
    const margin = now - (times[from + time.arrivals + (played & ringMask)] ?? 0)
    if (margin < (times[from + time.leastMargin] ?? 0)) times[from + time.leastMargin] = margin
    return true
  }

  /** Sends this payload to the first `count` places. */
  send(places: Int32Array, count: number, encoding: Encoding): void {
    const units = (encoding.format.codec.facts.clockRate * frameMs) / 1000
    const all = this.#packetIo.sendAlike ? batch : 1
    for (let done = 0; done < count; done += all) {
      const rows = Math.min(all, count - done)
      for (let row = 0; row < rows; row += 1) this.#writeHead(row, places[done + row] ?? 0, units)
      if (this.#packetIo.sendAlike) this.#packetIo.sendAlike(this.#heads, rows, encoding)
      else this.#sendAlone(places[done] ?? 0, encoding)
    }
  }

  /** Transit time and jitter, as the receive stream (RFC 3550 §A.8) and the playout count them. */
  #measure(place: number, timestamp: number, now: number): void {
    const inputs = this.#inputs
    const times = this.#times
    const at = place * input.columns
    const from = place * time.columns
    const origin = times[from + time.origin] ?? 0
    times[from + time.origin] = origin + frameMs
    const transitMs = now - origin
    if (transitMs < (times[from + time.leastTransit] ?? 0)) times[from + time.leastTransit] = transitMs
    if (transitMs > (times[from + time.mostTransit] ?? 0)) times[from + time.mostTransit] = transitMs
    const clockRate = inputs[at + input.clockRate] ?? 0
    const transit = (Math.round((now * clockRate) / 1000) - timestamp) | 0
    const change = Math.abs(distance32(inputs[at + input.transit] ?? 0, transit))
    inputs[at + input.transit] = transit
    const jitter = times[from + time.jitter] ?? 0
    if (change < clockRate) times[from + time.jitter] = jitter + (change - jitter) / 16
  }

  /** The header of a place's next packet. */
  #writeHead(row: number, place: number, units: number): void {
    const outputs = this.#outputs
    const at = place * output.columns
    const sequence = outputs[at + output.sequence] ?? 0
    const timestamp = outputs[at + output.timestamp] ?? 0
    const head = this.#headBytes
    const to = 4 * row * headColumns
    this.#heads[row * headColumns] = outputs[at + output.channel] ?? 0
    head.setUint32(to + 4, (plain << 24) | ((outputs[at + output.payloadType] ?? 0) << 16) | sequence)
    head.setInt32(to + 8, timestamp)
    head.setInt32(to + 12, outputs[at + output.ssrc] ?? 0)
    outputs[at + output.sequence] = (sequence + 1) & 0xffff
    outputs[at + output.timestamp] = (timestamp + units) | 0
    outputs[at + output.sent] = (outputs[at + output.sent] ?? 0) + 1
  }

  /** Where packets leave one by one. */
  #sendAlone(place: number, { bytes, length }: Encoding): void {
    const peer = this.#peers[place]
    if (this.#datagram.length !== headerLength + length) this.#datagram = new Uint8Array(headerLength + length)
    for (let index = 0; index < headerLength; index += 1) this.#datagram[index] = this.#headBytes.getUint8(4 + index)
    for (let index = 0; index < length; index += 1) this.#datagram[headerLength + index] = bytes[index] ?? 0
    if (peer) this.#ports[place]?.sendRtp(this.#datagram, peer)
  }

  #writeInput(place: number, rest: Rest): void {
    const inputs = this.#inputs
    const times = this.#times
    const at = place * input.columns
    const from = place * time.columns
    inputs[at + input.sequence] = rest.sequence
    inputs[at + input.timestamp] = rest.timestamp
    inputs[at + input.ssrc] = rest.ssrc
    inputs[at + input.payloadType] = rest.payloadType
    inputs[at + input.length] = headerLength + rest.payloadLength
    inputs[at + input.octet] = rest.silence.octet
    inputs[at + input.mask] = rest.silence.mask
    inputs[at + input.packets] = rest.waiting
    inputs[at + input.played] = 0
    inputs[at + input.frames] = rest.frames
    inputs[at + input.transit] = rest.transit
    inputs[at + input.clockRate] = rest.clockRate
    inputs[at + input.units] = rest.units
    inputs[at + input.waited] = rest.waiting
    for (let index = 0; index < rest.waiting; index += 1)
      times[from + time.arrivals + index] = rest.arrivals[index] ?? 0
    times[from + time.origin] = rest.originMs
    times[from + time.leastTransit] = Number.POSITIVE_INFINITY
    times[from + time.mostTransit] = Number.NEGATIVE_INFINITY
    times[from + time.leastMargin] = Number.POSITIVE_INFINITY
    times[from + time.jitter] = rest.jitter
  }

  #writeOutput(place: number, rest: Rest): void {
    const outputs = this.#outputs
    const at = place * output.columns
    outputs[at + output.channel] = rest.channel
    outputs[at + output.sequence] = rest.sendSequence
    outputs[at + output.timestamp] = rest.sendTimestamp
    outputs[at + output.ssrc] = rest.sendSsrc
    outputs[at + output.payloadType] = rest.sendPayloadType
    outputs[at + output.sent] = 0
  }

  #read(place: number, rest: Rest): void {
    const inputs = this.#inputs
    const times = this.#times
    const at = place * input.columns
    const from = place * time.columns
    const packets = inputs[at + input.packets] ?? 0
    const played = inputs[at + input.played] ?? 0
    rest.sequence = inputs[at + input.sequence] ?? 0
    rest.payloadLength = (inputs[at + input.length] ?? 0) - headerLength
    rest.units = inputs[at + input.units] ?? 0
    rest.transit = inputs[at + input.transit] ?? 0
    rest.received = packets - (inputs[at + input.waited] ?? 0)
    rest.played = played
    rest.waiting = packets - played
    for (let index = 0; index < rest.waiting; index += 1)
      rest.arrivals[index] = times[from + time.arrivals + ((played + index) & ringMask)] ?? 0
    rest.leastTransitMs = times[from + time.leastTransit] ?? 0
    rest.mostTransitMs = times[from + time.mostTransit] ?? 0
    rest.leastMarginMs = times[from + time.leastMargin] ?? 0
    rest.jitter = times[from + time.jitter] ?? 0
    rest.lastArrival = times[from + time.arrivals + ((packets - 1) & ringMask)] ?? 0
    rest.playedArrival = times[from + time.arrivals + ((played - 1) & ringMask)] ?? 0
    rest.sent = this.#outputs[place * output.columns + output.sent] ?? 0
  }

  /** Makes places, and answers the first of them. */
  #grow(): number {
    const before = this.#capacity
    this.#capacity = Math.max(firstCapacity, 2 * before)
    this.#inputs = grown(this.#inputs, new Int32Array(this.#capacity * input.columns))
    this.#times = grown(this.#times, new Float64Array(this.#capacity * time.columns))
    this.#outputs = grown(this.#outputs, new Int32Array(this.#capacity * output.columns))
    for (let place = this.#capacity - 1; place > before; place -= 1) this.#free.push(place)
    return before
  }
}

function grown<A extends Int32Array | Float64Array>(before: A, after: A): A {
  after.set(before)
  return after
}
