// Symmetric RTP with a source check: which address the media really comes from (RFC 4961), and which packets are somebody else's.
// The first source that fits wins; a later one must come from the signalled address or continue the stream that fell silent.
import { distance16 } from '../base/serial.ts'
import type { RtpHeader } from './packet.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The latched source must have been silent for this long before another may prove itself. */
const silentMs = 500
/** Packets in sequence by which a new source shows that it continues the stream. */
const proofPackets = 4
/** How far ahead of the last accepted packet the first of those may be: a minute of 20 ms packets. */
const maxAhead = 3000

export class SourceCheck {
  #signalled: Endpoint
  #latched: Endpoint | undefined
  #ssrc = 0
  #sequence = 0
  #heardAt = 0
  #candidate: Endpoint | undefined
  #candidateSequence = 0
  #proof = 0

  constructor(signalled: Endpoint) {
    this.#signalled = signalled
  }

  /** Where to send: the latched source, else what was signalled. */
  get destination(): Endpoint {
    return this.#latched ?? this.#signalled
  }

  get latched(): Endpoint | undefined {
    return this.#latched
  }

  /** A new offer or answer names another address: whoever fits first wins again. */
  signal(endpoint: Endpoint): void {
    if (sameEndpoint(endpoint, this.#signalled)) return
    this.#signalled = endpoint
    this.#latched = undefined
    this.#candidate = undefined
  }

  /** Is this packet of our far end? Latches when it proves to be; `source` may be kept. `now` in monotonic milliseconds. */
  accept(source: Endpoint, header: RtpHeader, now: number): boolean {
    const latched = this.#latched
    const known = latched !== undefined && sameEndpoint(source, latched)
    if (!known && latched !== undefined && !this.#mayReplace(source, header, now)) return false
    if (!known) {
      // Where it is what was signalled, one object is enough for both.
      this.#latched = sameEndpoint(source, this.#signalled) ? this.#signalled : source
      this.#candidate = undefined
    }
    // Small integers lie in the object itself, other numbers beside it.
    this.#ssrc = header.ssrc | 0
    this.#sequence = header.sequence
    this.#heardAt = Math.round(now)
    return true
  }

  /** Packets of the latched source were accepted, the last of them with this sequence number. */
  pass(sequence: number, now: number): void {
    this.#sequence = sequence
    this.#heardAt = Math.round(now)
  }

  /** RTCP may come from another port, but only from an address that is known. */
  acceptControl(source: Endpoint): boolean {
    return source.address === this.destination.address || source.address === this.#signalled.address
  }

  #mayReplace(source: Endpoint, header: RtpHeader, now: number): boolean {
    if (sameEndpoint(source, this.#signalled)) return true
    if (source.address === this.#signalled.address && this.#latched?.address !== this.#signalled.address) return true
    if (now - this.#heardAt < silentMs || (header.ssrc | 0) !== this.#ssrc) {
      this.#candidate = undefined
      return false
    }
    const continues = this.#candidate !== undefined && sameEndpoint(source, this.#candidate)
    const expected = continues ? this.#candidateSequence : this.#sequence
    const ahead = distance16(expected, header.sequence)
    if (ahead <= 0 || ahead > (continues ? 3 : maxAhead)) {
      this.#candidate = undefined
      return false
    }
    this.#proof = continues ? this.#proof + 1 : 1
    this.#candidate = continues ? this.#candidate : source
    this.#candidateSequence = header.sequence
    return this.#proof >= proofPackets
  }
}

export const sameEndpoint = (one: Endpoint, other: Endpoint): boolean =>
  one === other || (one.port === other.port && one.address === other.address)
