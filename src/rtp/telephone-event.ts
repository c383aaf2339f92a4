// Receives DTMF as RFC 4733 named events: one digit per event, known by its timestamp, however often its packets are repeated.
// Sending events is not done: nothing here dials.
//
// |     event     |E|R| volume    |          duration             |
import { distance32 } from '../base/serial.ts'
import { byteAt, type PacketView, read16 } from './packet.ts'

const digits = '0123456789*#ABCD'
const payloadLength = 4
/** Without a packet of the event for this long it is over, though no end was seen. */
const timeoutMs = 200
/** Longest duration that fits; a longer event goes on in a new segment (§2.5.1.3). */
const segmentEnd = 0xffff

export interface Digit {
  readonly digit: string
  readonly durationMs: number
}

export class TelephoneEventReceiver {
  readonly #clockRate: number
  readonly #report: (digit: Digit) => void
  #active = false
  #known = false
  #event = 0
  #timestamp = 0
  /** Timestamp units of segments before this one, and of this one. */
  #before = 0
  #duration = 0
  #heardAt = 0

  constructor(clockRate: number, report: (digit: Digit) => void) {
    this.#clockRate = clockRate
    this.#report = report
  }

  /** Returns false for a payload that is no event. `now` in monotonic milliseconds. */
  receive(packet: PacketView, now: number): boolean {
    if (packet.payloadLength < payloadLength) return false
    const at = packet.payloadOffset
    const event = byteAt(packet.bytes, at)
    // Flash and the events of RFC 4734 say nothing a flow could use.
    if (event >= digits.length) return true
    const ended = (byteAt(packet.bytes, at + 1) & 0x80) !== 0
    const duration = read16(packet.bytes, at + 2)
    const age = distance32(this.#timestamp, packet.timestamp)
    if (this.#known && age <= 0 && age > -10 * this.#clockRate) {
      if (age < 0 || !this.#active) return true
    } else {
      this.#begin(packet, event)
    }
    this.#heardAt = now
    this.#duration = Math.max(this.#duration, duration)
    if (ended) this.#end()
    return true
  }

  /** Gives up an event whose end was lost. */
  tick(now: number): void {
    if (this.#active && now - this.#heardAt > timeoutMs) this.#end()
  }

  #begin(packet: PacketView, event: number): void {
    const continues =
      this.#active &&
      event === this.#event &&
      !packet.marker &&
      this.#duration === segmentEnd &&
      distance32(this.#timestamp, packet.timestamp) === segmentEnd
    if (this.#active && !continues) this.#end()
    this.#before = continues ? this.#before + segmentEnd : 0
    this.#active = true
    this.#known = true
    this.#event = event
    this.#timestamp = packet.timestamp
    this.#duration = 0
  }

  #end(): void {
    this.#active = false
    const digit = digits[this.#event]
    const durationMs = Math.round(((this.#before + this.#duration) * 1000) / this.#clockRate)
    if (digit !== undefined) this.#report({ digit, durationMs })
  }
}
