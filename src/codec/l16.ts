// L16 (RFC 3551 §4.5.11): 16-bit samples in network byte order, mono, for tools and recorders on a clean network.
// Only 44.1 kHz has a static payload type; 8, 16 and 48 kHz are dynamic, and each rate is an encoding of its own in SDP.

import { SilentOctets } from '../dsp/silent-octets.ts'
import { Concealment } from './concealment.ts'
import type { Payload, PcmRate, WideCodec, WideDecoder, WideEncoder } from './wide-codec.ts'

class L16Encoder implements WideEncoder {
  readonly sampleRate: PcmRate
  readonly delay = 0

  constructor(rate: PcmRate) {
    this.sampleRate = rate
  }

  encode(pcm: Int16Array, target: Uint8Array, at: number): number {
    for (let index = 0; index < pcm.length; index += 1) {
      const sample = pcm[index] ?? 0
      target[at + 2 * index] = sample >> 8
      target[at + 2 * index + 1] = sample
    }
    return 2 * pcm.length
  }

  adjust(): void {
    // There is nothing to set.
  }

  follow(other: WideEncoder): boolean {
    return other instanceof L16Encoder && other.sampleRate === this.sampleRate
  }

  reset(): void {
    // Linear samples need no memory.
  }

  close(): void {
    // Nothing is held.
  }
}

class L16Decoder implements WideDecoder {
  readonly silence = new SilentOctets(0, 0xff)
  readonly sampleRate: PcmRate
  readonly #concealment: Concealment

  constructor(rate: PcmRate) {
    this.sampleRate = rate
    this.#concealment = new Concealment(rate)
  }

  /** An odd octet at the end is half a sample, and left. */
  samplesIn(payload: Payload): number {
    return payload.length >> 1
  }

  decode(payload: Payload, pcm: Int16Array, at: number): number {
    const { bytes } = payload
    const count = payload.length >> 1
    for (let index = 0; index < count; index += 1)
      pcm[at + index] = ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)
    return count
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
    this.#concealment.reset()
  }

  close(): void {
    // Nothing is held.
  }
}

/** L16 at one rate. A frame of 20 ms at 48 kHz fills two packets of an Ethernet MTU, so that only 10 ms are sent at a time there. */
function l16(rate: PcmRate): WideCodec {
  return {
    facts: {
      name: 'L16',
      payloadType: -1,
      clockRate: rate,
      channels: 1,
      sampleRate: rate,
      sampleRates: [rate],
      packetTimes: rate === 48_000 ? [10] : rate === 16_000 ? [10, 20, 30, 40] : [10, 20, 30, 40, 50, 60],
      frameBytes: (rate / 50) * 2,
      variable: false,
      shareable: 'frame',
    },
    prepare: () => Promise.resolve(),
    createEncoder: () => new L16Encoder(rate),
    createDecoder: () => new L16Decoder(rate),
  }
}

export const l16At8 = l16(8000)
export const l16At16 = l16(16_000)
export const l16At48 = l16(48_000)
