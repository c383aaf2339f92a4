// G.722 at 64 kbit/s, mode 1 (ITU-T G.722): 7 kHz of audio as two ADPCM sub-bands, an octet for two samples, bit-exact.
// Its RTP clock is 8000 although it samples at 16000, by an old mistake that RFC 3551 §4.5.2 keeps.

import { Concealment } from './concealment.ts'
import { LowerBand, UpperBand } from './g722-band.ts'
import { Analysis, Synthesis } from './g722-qmf.ts'
import type { Payload, WideCodec, WideDecoder, WideEncoder } from './wide-codec.ts'

/** Both filters together. */
const delay = 22

class G722Encoder implements WideEncoder {
  readonly sampleRate = 16_000
  readonly delay = delay
  readonly #analysis = new Analysis()
  readonly #lower = new LowerBand()
  readonly #upper = new UpperBand()

  encode(pcm: Int16Array, target: Uint8Array, at: number): number {
    const octets = pcm.length >> 1
    const { lower, upper } = this.#analysis
    for (let done = 0; done < octets; ) {
      const pairs = this.#analysis.split(pcm, 2 * done)
      for (let index = 0; index < pairs; index += 1) {
        const high = this.#upper.encode(upper[index] ?? 0)
        target[at + done + index] = (high << 6) | this.#lower.encode(lower[index] ?? 0)
      }
      done += pairs
    }
    return octets
  }

  adjust(): void {
    // The rate is fixed; there is nothing to set.
  }

  follow(other: WideEncoder): boolean {
    if (!(other instanceof G722Encoder)) return false
    this.#analysis.copy(other.#analysis)
    this.#lower.copy(other.#lower)
    this.#upper.copy(other.#upper)
    return true
  }

  reset(): void {
    this.#analysis.reset()
    this.#lower.reset()
    this.#upper.reset()
  }

  close(): void {
    // All of it is on the heap.
  }
}

class G722Decoder implements WideDecoder {
  readonly sampleRate = 16_000
  readonly #synthesis = new Synthesis()
  readonly #lower = new LowerBand()
  readonly #upper = new UpperBand()
  readonly #concealment = new Concealment(16_000)

  samplesIn(payload: Payload): number {
    return 2 * payload.length
  }

  decode(payload: Payload, pcm: Int16Array, at: number): number {
    const { bytes, length } = payload
    const { lower, upper } = this.#synthesis
    for (let done = 0; done < length; done += Synthesis.pairs) {
      const pairs = Math.min(Synthesis.pairs, length - done)
      for (let index = 0; index < pairs; index += 1) {
        const code = bytes[done + index] ?? 0
        lower[index] = this.#lower.decode(code & 63)
        upper[index] = this.#upper.decode(code >> 6)
      }
      this.#synthesis.join(pairs, pcm, at + 2 * done)
    }
    return 2 * length
  }

  conceal(pcm: Int16Array, at: number, count: number): void {
    this.#concealment.conceal(pcm, at, count)
  }

  recover(): boolean {
    return false
  }

  resume(pcm: Int16Array, at: number, count: number): void {
    this.#concealment.resume(pcm, at, count)
  }

  reset(): void {
    this.#synthesis.reset()
    this.#lower.reset()
    this.#upper.reset()
    this.#concealment.reset()
  }

  close(): void {
    // All of it is on the heap.
  }
}

export const g722: WideCodec = {
  facts: {
    name: 'G722',
    payloadType: 9,
    clockRate: 8000,
    channels: 1,
    sampleRate: 16_000,
    sampleRates: [16_000],
    packetTimes: [10, 20, 30, 40, 50, 60],
    frameBytes: 160,
    variable: false,
    shareable: 'stream',
  },
  prepare: () => Promise.resolve(),
  createEncoder: () => new G722Encoder(),
  createDecoder: () => new G722Decoder(),
}
