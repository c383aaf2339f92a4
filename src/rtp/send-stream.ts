// Our side of an RTP stream (RFC 3550 §5.1): sequence numbers, timestamps that advance by samples only, the marker that starts a talk
// spurt (RFC 3551 §4.1). It is itself the header to write, so that sending allocates nothing.
import type { RtpHeader } from './packet.ts'

export interface SendStart {
  readonly ssrc: number
  readonly sequence: number
  readonly timestamp: number
}

export class SendStream implements RtpHeader {
  marker = true
  payloadType = 0
  sequence: number
  /** As signed numbers: one that needs 32 bits without a sign costs an object each time it changes. */
  readonly #ssrc: number
  #timestamp: number
  #packets = 0
  #octets = 0

  /** The three random starting values of §5.1 come from the caller, so that tests can seed them. */
  constructor(start: SendStart) {
    this.#ssrc = start.ssrc | 0
    this.sequence = start.sequence & 0xffff
    this.#timestamp = start.timestamp | 0
  }

  get ssrc(): number {
    return this.#ssrc >>> 0
  }

  get timestamp(): number {
    return this.#timestamp >>> 0
  }

  get packets(): number {
    return this.#packets
  }

  /** Payload octets (§6.4.1), header and padding left out. */
  get octets(): number {
    return this.#octets
  }

  /** After a packet with these header values left. */
  sent(samples: number, payloadLength: number): void {
    this.#packets += 1
    this.#octets += payloadLength
    this.sequence = (this.sequence + 1) & 0xffff
    this.#timestamp = (this.#timestamp + samples) | 0
    this.marker = false
  }

  /** `packets` packets with this stream's header values left. */
  pass(packets: number, samples: number, payloadLength: number): void {
    this.#packets += packets
    this.#octets += packets * payloadLength
    this.sequence = (this.sequence + packets) & 0xffff
    this.#timestamp = (this.#timestamp + packets * samples) | 0
  }

  /** Time passes without a packet: the next one starts a talk spurt. */
  pause(samples: number): void {
    this.#timestamp = (this.#timestamp + samples) | 0
    this.marker = true
  }
}
