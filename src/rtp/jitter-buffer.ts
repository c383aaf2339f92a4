// Puts packets of one RTP stream back into order in a ring of fixed capacity, still encoded: codecs with state must decode in order.
// It knows sequence numbers and timestamps, not time: when to play is the playout's business. What was played last is stored into next, so that
// a stream that waits for little keeps to few octets, which the processor's cache still holds.
import { distance16, distance32 } from '../base/serial.ts'
import type { SilentOctets } from '../dsp/silent-octets.ts'
import type { PacketView } from './packet.ts'
import { mostWaiting, type SilentRun } from './silent-run.ts'
import {
  type BufferedPacket,
  newSlot,
  type Ring,
  type Slot,
  type SpareSlots,
  type Taken,
  usualCapacity,
} from './spare-slots.ts'

/** `early`: the packet lies beyond the ring, so the sender jumped, and the caller starts over. `useless`: no audio in it, or too much. */
export type Insertion = 'stored' | 'late' | 'early' | 'useless'

/** What the buffer asks about payloads. */
export interface PayloadFacts {
  /** How long a payload lasts; 0 when it is none. */
  samplesIn(payload: EncodedPayload): number
  /** Payloads of nothing but silence, wherever they are played; absent when they cannot be told. */
  readonly silence?: SilentOctets | undefined
}

/** A payload in storage that may be longer than it. */
export interface EncodedPayload {
  readonly bytes: Uint8Array
  readonly length: number
}

/** Why playing begins at a packet: it came late, those before it were lost, or the sender had paused. */
export type Beginning = 'late' | 'lost' | 'paused'

export interface BufferLimits {
  /** A timestamp further than this from where it should be is a new beginning, not a gap. */
  readonly jumpUnits: number
  /** Packets that last longer are refused, units. */
  readonly longest: number
  /** Samples per unit. */
  readonly scale: number
}

/** Packets that fit at most, with reordering on top of the longest delay. A power of two. */
const mostCapacity = 64
/** No payload is longer: 60 ms of linear samples at 48 kHz. */
const longestPayload = 5760

const noRing: Ring = []
/** Stands where a sequence number carried an event. */
const event = newSlot()

export class JitterBuffer {
  readonly #spare: SpareSlots
  /** There is none until the first packet, and while others take the packets. */
  #ring = noRing
  /** Slots to be used again, the warmest first. */
  #free: Slot | undefined
  /** One less than there are slots. */
  #mask = usualCapacity - 1
  readonly #jumpUnits: number
  readonly #longest: number
  readonly #scale: number
  readonly #facts: PayloadFacts
  #stored = 0
  /** Sequence number that is to be played next; unknown until the first packet. */
  #next = 0
  #highest = 0
  #known = false
  #begun = false
  /** Timestamp of the next unit to be played, as a signed number, which needs no storage of its own. */
  #cursor = 0
  /** By how many units the last late packet came too late, at least. */
  #lateBy = 0
  #late = 0
  #jumps = 0

  constructor(limits: BufferLimits, facts: PayloadFacts, spare: SpareSlots) {
    this.#spare = spare
    this.#jumpUnits = limits.jumpUnits
    this.#longest = limits.longest
    this.#scale = limits.scale
    this.#facts = facts
  }

  /** Arrived after they were due. */
  get late(): number {
    return this.#late
  }

  /** By how many units the last of them came too late, at least. */
  get lateBy(): number {
    return this.#lateBy
  }

  /** Times the sender's timestamps jumped. */
  get jumps(): number {
    return this.#jumps
  }

  /** Audio packets stored. */
  get stored(): number {
    return this.#stored
  }

  /** Units from the cursor (or the first packet, if `fresh`) to the end of the newest packet, gaps included. */
  span(fresh: boolean): number {
    const first = this.#first()
    const last = this.#last()
    if (first === undefined || last === undefined) return 0
    const start = fresh ? first.timestamp : this.#cursor
    const span = distance32(start, (last.timestamp + last.units) >>> 0)
    return span > 0 && span < 2 * this.#jumpUnits ? span : last.units
  }

  /** Stores the packet's payload. */
  insert(packet: PacketView, arrival: number): Insertion {
    const { sequence, payloadLength } = packet
    if (payloadLength > longestPayload) return 'useless'
    const claim = this.#claim(sequence)
    if (claim === 'late') this.#lateBy = Math.max(0, distance32(packet.timestamp, this.#cursor))
    if (claim !== 'stored') return claim
    const slot = this.#slot()
    slot.length = payloadLength
    slot.silent = this.#facts.silence?.fill(packet.bytes, packet.payloadOffset, payloadLength) === true
    if (!slot.silent) keep(slot, packet)
    slot.units = this.#facts.samplesIn(slot) / this.#scale
    if (slot.units <= 0 || slot.units > this.#longest) {
      this.#put(slot)
      return 'useless'
    }
    slot.sequence = sequence
    slot.timestamp = packet.timestamp
    slot.arrival = arrival
    this.#ring[sequence & this.#mask] = slot
    this.#stored += 1
    return 'stored'
  }

  /** Notes a sequence number that carries no audio, so that it does not look lost. */
  skip(sequence: number): void {
    const claim = this.#claim(sequence)
    if (claim === 'stored') this.#ring[sequence & this.#mask] = event
    else if (claim === 'late') this.#lateBy = 0
    while (this.#ring[this.#next & this.#mask] === event) this.#passEvent()
  }

  /** When the packet arrived that completes the first `units`; infinity while they are not all there. */
  completedAt(units: number): number {
    const first = this.#first()
    if (first === undefined) return Number.POSITIVE_INFINITY
    const distance = distance16(this.#next, this.#highest)
    for (let ahead = 0; ahead <= distance; ahead += 1) {
      const slot = this.#ring[(this.#next + ahead) & this.#mask]
      if (slot === undefined || slot === event) continue
      if (distance32(first.timestamp, slot.timestamp) + slot.units >= units) return slot.arrival
    }
    return Number.POSITIVE_INFINITY
  }

  /** Starts playing at the oldest packet, wherever that is. */
  begin(): Beginning {
    const first = this.#first()
    if (first === undefined) return 'paused'
    const gap = distance32(this.#cursor, first.timestamp)
    const beginning = gap <= 0 ? 'late' : this.#contiguous(first.sequence) ? 'paused' : 'lost'
    const fresh = !this.#begun
    this.#cursor = first.timestamp | 0
    this.#begun = true
    return fresh ? 'paused' : beginning
  }

  /** Takes the next packet if it is silence of just so many units, with nothing missing before it: the one case that needs no thought. */
  takeSilence(units: number): BufferedPacket | undefined {
    const slot = this.#ring[this.#next & this.#mask]
    if (slot === undefined || !slot.silent || slot.units !== units || (slot.timestamp | 0) !== this.#cursor)
      return undefined
    this.#release(slot)
    this.#cursor = (slot.timestamp + units) | 0
    return slot
  }

  /**
   * Gives away what it holds, if that is silence of `units` each with nothing missing, up to and without `sequence`: a few packets at most.
   * Fills in the run's next timestamp, how many they are and when they came. Otherwise returns false and keeps them.
   */
  lend(units: number, sequence: number, run: SilentRun): boolean {
    const count = distance16(this.#next, sequence)
    if (count < 0 || count > mostWaiting || count !== this.#stored || !this.#begun) return false
    for (let ahead = 0; ahead < count; ahead += 1) {
      const slot = this.#ring[(this.#next + ahead) & this.#mask]
      if (slot === undefined || !slot.silent || slot.units !== units) return false
      if ((slot.timestamp | 0) !== ((this.#cursor + ahead * units) | 0)) return false
    }
    for (let ahead = 0; ahead < count; ahead += 1) {
      const slot = this.#ring[(this.#next + ahead) & this.#mask]
      if (slot === undefined) continue
      run.arrivals[ahead] = slot.arrival
      this.#put(slot)
    }
    this.#spare.give(this.#free)
    this.#spare.giveRing(this.#ring)
    this.#free = undefined
    this.#ring = noRing
    this.#mask = usualCapacity - 1
    run.waiting = count
    run.timestamp = (this.#cursor + count * units) >>> 0
    this.#stored = 0
    return true
  }

  /** Goes on where the run ends, with what is waiting in it. */
  regain(units: number, run: SilentRun): void {
    this.#ring = this.#spare.ring()
    this.#next = (this.#next + run.played) & 0xffff
    this.#cursor = (this.#cursor + run.played * units) | 0
    this.#highest = (this.#next + run.waiting - 1) & 0xffff
    for (let ahead = 0; ahead < run.waiting; ahead += 1) {
      const slot = this.#slot()
      slot.silent = true
      slot.units = units
      slot.length = run.payloadLength
      slot.sequence = (this.#next + ahead) & 0xffff
      slot.timestamp = (this.#cursor + ahead * units) >>> 0
      slot.arrival = run.arrivals[ahead] ?? 0
      this.#ring[slot.sequence & this.#mask] = slot
    }
    this.#stored = run.waiting
  }

  /** Takes the oldest packet if it is due within `units`; late ones are dropped on the way. */
  take(units: number): Taken {
    const { taken } = this.#spare
    taken.packet = undefined
    taken.next = undefined
    for (;;) {
      const slot = this.#first()
      taken.empty = slot === undefined
      if (slot === undefined) return taken
      let gap = distance32(this.#cursor, slot.timestamp)
      const jumped = gap > this.#jumpUnits || gap <= -this.#jumpUnits
      if (jumped) {
        this.#jumps += 1
        this.#cursor = slot.timestamp | 0
        gap = 0
      }
      taken.gap = gap
      taken.loss = !this.#contiguous(slot.sequence)
      if (gap >= units) {
        taken.next = slot
        return taken
      }
      this.#release(slot)
      if (gap + slot.units <= 0) {
        this.#late += 1
        this.#lateBy = -gap
        continue
      }
      taken.packet = slot
      this.#cursor = (slot.timestamp + slot.units) | 0
      return taken
    }
  }

  /** Moves the cursor over units that were made up. */
  advance(units: number): void {
    this.#cursor = (this.#cursor + Math.round(units)) | 0
  }

  /** Drops the oldest packet to bound the delay. */
  drop(): void {
    const slot = this.#first()
    if (slot === undefined) return
    this.#release(slot)
    this.#cursor = (slot.timestamp + slot.units) | 0
  }

  /** Goes on at the oldest packet, whatever its timestamp. */
  rebase(): void {
    const first = this.#first()
    if (first === undefined) return
    this.#jumps += 1
    this.#cursor = first.timestamp | 0
  }

  /** Forgets everything; the next packet is the first. */
  reset(): void {
    for (const slot of this.#ring) if (slot !== undefined && slot !== event) this.#put(slot)
    this.#ring.fill(undefined)
    this.#stored = 0
    this.#known = false
    this.#begun = false
  }

  #passEvent(): void {
    this.#ring[this.#next & this.#mask] = undefined
    this.#pass(this.#next)
  }

  /** What is to be played next comes after `sequence`. */
  #pass(sequence: number): void {
    this.#next = (sequence + 1) & 0xffff
    if (distance16(this.#next, this.#highest) < 0) this.#highest = sequence
  }

  /** Is there room for a sequence number, and if not, why? */
  #claim(sequence: number): 'stored' | 'late' | 'early' {
    if (this.#ring === noRing) this.#ring = this.#spare.ring()
    if (!this.#known) {
      this.#known = true
      this.#next = sequence
      this.#highest = sequence
    }
    let ahead = distance16(this.#next, sequence)
    // Before anything was played the first packet may still turn out to be the second.
    if (ahead < 0 && !this.#begun && distance16(sequence, this.#highest) < usualCapacity) {
      this.#next = sequence
      ahead = 0
    }
    if (ahead < 0) {
      this.#late += 1
      return 'late'
    }
    if (ahead > this.#mask && ahead < mostCapacity) this.#grow()
    if (ahead > this.#mask) return 'early'
    if (distance16(this.#highest, sequence) > 0) this.#highest = sequence
    return this.#ring[sequence & this.#mask] === undefined ? 'stored' : 'late'
  }

  /** Room for a storm. Every slot in use keeps its sequence number's place. */
  #grow(): void {
    const before = this.#ring
    const mask = this.#mask
    this.#ring = new Array<Slot | undefined>(mostCapacity).fill(undefined)
    this.#mask = mostCapacity - 1
    for (let ahead = 0; ahead <= mask; ahead += 1) {
      const sequence = (this.#next + ahead) & 0xffff
      this.#ring[sequence & this.#mask] = before[sequence & mask]
    }
  }

  /** The slot's packet stays readable until the next one is stored. */
  #release(slot: Slot): void {
    for (let sequence = this.#next; sequence !== slot.sequence; sequence = (sequence + 1) & 0xffff)
      this.#ring[sequence & this.#mask] = undefined
    this.#ring[slot.sequence & this.#mask] = undefined
    this.#put(slot)
    this.#stored -= 1
    this.#pass(slot.sequence)
  }

  #slot(): Slot {
    const slot = this.#free
    if (slot === undefined) return this.#spare.slot()
    this.#free = slot.next
    slot.next = undefined
    return slot
  }

  /** It is free. */
  #put(slot: Slot): void {
    slot.next = this.#free
    this.#free = slot
  }

  #contiguous(upTo: number): boolean {
    for (let sequence = this.#next; sequence !== upTo; sequence = (sequence + 1) & 0xffff) {
      if (this.#ring[sequence & this.#mask] !== event) return false
    }
    return true
  }

  #first(): Slot | undefined {
    if (this.#stored === 0) return undefined
    for (let ahead = 0; ahead <= this.#mask; ahead += 1) {
      const slot = this.#ring[(this.#next + ahead) & this.#mask]
      if (slot !== undefined && slot !== event) return slot
    }
    return undefined
  }

  #last(): Slot | undefined {
    if (this.#stored === 0) return undefined
    for (let back = 0; back <= this.#mask; back += 1) {
      const slot = this.#ring[(this.#highest - back) & this.#mask]
      if (slot !== undefined && slot !== event) return slot
    }
    return undefined
  }
}

/** Storage grows to the payloads that come, then no more. */
function keep(slot: Slot, packet: PacketView): void {
  const { bytes, payloadOffset, payloadLength } = packet
  if (slot.bytes.length < payloadLength) slot.bytes = new Uint8Array(payloadLength)
  const target = slot.bytes
  for (let index = 0; index < payloadLength; index += 1) target[index] = bytes[payloadOffset + index] ?? 0
}
