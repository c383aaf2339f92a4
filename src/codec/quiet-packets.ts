// Recognises the packets that a sender of silence repeats. Once the same few have decoded to nothing for a while, a decoder's state goes round in
// a circle as well, and decoding one more of them changes nothing that could be heard.
import type { Payload } from './codec.ts'

/** A talker's packets are longer. */
const longest = 32
/** Encoders vary their silence: SILK's dither has a period of four frames (RFC 6716 §4.2.7.7). */
const mostKinds = 8
/** Packets in a row, all known and all inaudible, after which they may be passed over: what decoders remember has long faded. */
const settledAfter = 24

export class QuietPackets {
  readonly #kinds: Uint8Array[] = []
  #next = 0
  #run = 0

  /** May this packet be taken for silence without being decoded? */
  covers(payload: Payload): boolean {
    return this.#run >= settledAfter && this.#knows(payload)
  }

  /** Takes a packet that was decoded into account. */
  decoded(payload: Payload, audible: boolean): void {
    if (audible || payload.length > longest) {
      this.forget()
    } else if (this.#knows(payload)) {
      this.#run += 1
    } else {
      this.#run = 0
      this.#kinds[this.#next] = payload.bytes.slice(0, payload.length)
      this.#next = (this.#next + 1) % mostKinds
    }
  }

  /** Something else was decoded, or made up. */
  forget(): void {
    if (this.#kinds.length === 0) return
    this.#kinds.length = 0
    this.#next = 0
    this.#run = 0
  }

  #knows({ bytes, length }: Payload): boolean {
    for (let kind = 0; kind < this.#kinds.length; kind += 1) {
      const known = this.#kinds[kind]
      if (known?.length !== length) continue
      let index = 0
      while (index < length && known[index] === bytes[index]) index += 1
      if (index === length) return true
    }
    return false
  }
}
