// G.711 (ITU-T G.711, 1988): 8 bits per sample on µ-law (table 2a) and A-law (table 1a) segments, by lookup tables built at load.
// Silence is +0 in µ-law (0xff) and the smallest positive step in A-law (0xd5).
import { SilentOctets } from '../dsp/silent-octets.ts'
import type { CodecName } from '../sdp/media-plan.ts'
import { Concealment } from './concealment.ts'
import type { Payload, WideCodec, WideDecoder, WideEncoder } from './wide-codec.ts'

/** A law's tables. An index to `encode` is the sample's upper bits: 14 of µ-law, 13 of A-law. */
interface Law {
  readonly shift: number
  /** Zero of either sign. */
  readonly silence: SilentOctets
  readonly encode: Uint8Array
  readonly decode: Int16Array
}

/** Segment of a magnitude: the position of its leading bit above `lowest`, at most 7. */
function segmentOf(magnitude: number, lowest: number): number {
  let segment = 0
  while (segment < 7 && magnitude >= 1 << (lowest + segment + 1)) segment += 1
  return segment
}

/** µ-law works on a 13-bit magnitude biased by 33, so that every segment starts at a power of two. */
function encodeMu(sample: number): number {
  const negative = sample < 0
  const magnitude = Math.min((negative ? ~sample : sample) + 33, 0x1fff)
  const segment = segmentOf(magnitude, 5)
  const step = (magnitude >> (segment + 1)) & 0x0f
  return ~((negative ? 0x80 : 0) | (segment << 4) | step) & 0xff
}

function decodeMu(code: number): number {
  const bits = ~code & 0xff
  const segment = (bits >> 4) & 0x07
  const magnitude = ((((bits & 0x0f) << 1) + 33) << segment) - 33
  return ((bits & 0x80) === 0 ? magnitude : -magnitude) << 2
}

/** A-law works on a 12-bit magnitude; its two lowest segments have the same step. Even bits are inverted on the wire. */
function encodeA(sample: number): number {
  const negative = sample < 0
  const magnitude = (negative ? ~sample : sample) >> 1
  const segment = segmentOf(magnitude, 3)
  const step = (segment < 2 ? magnitude : magnitude >> (segment - 1)) & 0x0f
  return ((negative ? 0 : 0x80) | (segment << 4) | step) ^ 0x55
}

function decodeA(code: number): number {
  const bits = code ^ 0x55
  const segment = (bits >> 4) & 0x07
  const step = ((bits & 0x0f) << 1) + 1
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1)
  return ((bits & 0x80) === 0 ? -magnitude : magnitude) << 3
}

interface LawFormulas {
  readonly bits: number
  /** The code of the smallest magnitude, without its sign bit. */
  readonly zero: number
  readonly encode: (sample: number) => number
  readonly decode: (code: number) => number
}

function buildLaw(formulas: LawFormulas): Law {
  const { bits } = formulas
  const encode = new Uint8Array(1 << bits)
  for (let index = 0; index < encode.length; index += 1)
    encode[index] = formulas.encode((index << (32 - bits)) >> (32 - bits))
  const decode = Int16Array.from({ length: 256 }, (_, code) => formulas.decode(code))
  return { shift: 16 - bits, silence: new SilentOctets(formulas.zero, 0x7f), encode, decode }
}

class G711Encoder implements WideEncoder {
  readonly sampleRate = 8000
  readonly delay = 0
  readonly #table: Uint8Array
  readonly #shift: number
  readonly #mask: number

  constructor(law: Law) {
    this.#table = law.encode
    this.#shift = law.shift
    this.#mask = law.encode.length - 1
  }

  encode(pcm: Int16Array, target: Uint8Array, at: number): number {
    const table = this.#table
    const shift = this.#shift
    const mask = this.#mask
    for (let index = 0; index < pcm.length; index += 1) {
      target[at + index] = table[((pcm[index] ?? 0) >> shift) & mask] ?? 0
    }
    return pcm.length
  }

  adjust(): void {
    // There is nothing to set.
  }

  follow(): boolean {
    return true
  }

  reset(): void {
    // G.711 has no memory.
  }

  close(): void {
    // Nothing is held.
  }
}

class G711Decoder implements WideDecoder {
  readonly sampleRate = 8000
  readonly #table: Int16Array
  readonly silence: SilentOctets
  /** Made when something is to be remembered. */
  #concealment: Concealment | undefined

  constructor(law: Law) {
    this.#table = law.decode
    this.silence = law.silence
  }

  samplesIn(payload: Payload): number {
    return payload.length
  }

  decode(payload: Payload, pcm: Int16Array, at: number): number {
    const { bytes, length } = payload
    const table = this.#table
    for (let index = 0; index < length; index += 1) pcm[at + index] = table[bytes[index] ?? 0] ?? 0
    return length
  }

  conceal(pcm: Int16Array, at: number, count: number): void {
    this.#concealer().conceal(pcm, at, count)
  }

  recover(): boolean {
    return false
  }

  resume(pcm: Int16Array, at: number, count: number): void {
    this.#concealer().resume(pcm, at, count)
  }

  reset(): void {
    this.#concealment = undefined
  }

  close(): void {
    // Nothing is held.
  }

  #concealer(): Concealment {
    this.#concealment ??= new Concealment(8000)
    return this.#concealment
  }
}

function g711(name: CodecName, payloadType: number, law: Law): WideCodec {
  // It has no memory, so that one serves all.
  const encoder = new G711Encoder(law)
  return {
    facts: {
      name,
      payloadType,
      clockRate: 8000,
      channels: 1,
      sampleRate: 8000,
      sampleRates: [8000],
      packetTimes: [10, 20, 30, 40, 50, 60],
      frameBytes: 160,
      variable: false,
      shareable: 'frame',
    },
    prepare: () => Promise.resolve(),
    createEncoder: () => encoder,
    createDecoder: () => new G711Decoder(law),
  }
}

export const pcmu = g711('PCMU', 0, buildLaw({ bits: 14, zero: 0x7f, encode: encodeMu, decode: decodeMu }))
export const pcma = g711('PCMA', 8, buildLaw({ bits: 13, zero: 0x55, encode: encodeA, decode: decodeA }))
