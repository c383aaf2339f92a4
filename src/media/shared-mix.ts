// What everyone hears who contributed nothing this tick: limited once, and encoded once per format, whoever and how many they are.
import { samplesPerFrame } from '../dsp/frame.ts'
import { Limiter } from '../dsp/limiter.ts'
import { Encoding } from './encoding.ts'
import type { LegFormat } from './leg-format.ts'
import type { MixRate, SharedFrame } from './mix-member.ts'

/** After so many frames of silence every encoder says the same of it, and the engine's one serves all mixes. */
const settledFrames = 50

export class SharedMix implements SharedFrame {
  readonly rate: MixRate
  readonly gain: number
  readonly limiter = new Limiter()
  readonly #pcm: Int16Array
  readonly #encodings = new Map<string, Encoding>()
  readonly #list: Encoding[] = []
  /** The engine's silence at this rate; absent in that one itself. */
  readonly #silence: SharedMix | undefined
  #sum: Int32Array | undefined
  #limited = false
  #encodes = 0

  constructor(rate: MixRate, gain: number, silence?: SharedMix) {
    this.rate = rate
    this.gain = gain
    this.#pcm = new Int16Array(samplesPerFrame(rate))
    this.#silence = silence
  }

  /** Encodings made so far. */
  get encodes(): number {
    return this.#encodes
  }

  get silent(): boolean {
    return this.#sum === undefined
  }

  get reductionDb(): number {
    return this.silent ? 0 : this.limiter.reductionDb
  }

  get shared(): SharedFrame {
    return this
  }

  /** A new tick: the sum that is to be heard, or none for silence. Nothing is computed until somebody listens. */
  begin(sum?: Int32Array): void {
    if (sum === undefined && this.#sum !== undefined) {
      this.limiter.rest()
      this.#pcm.fill(0)
    }
    this.#sum = sum
    this.#limited = false
    for (let index = 0; index < this.#list.length; index += 1) {
      const encoding = this.#list[index]
      if (encoding) encoding.fresh = false
    }
  }

  /** The frame, limited. Not to be written to; valid during the tick. */
  pcm(): Int16Array {
    if (!this.#limited && this.#sum) {
      this.limiter.process(this.#sum, this.#pcm, this.gain)
      this.#limited = true
    }
    return this.#pcm
  }

  /** The frame's payload in one format, which must have this mix's rate. */
  encoding(format: LegFormat): Encoding {
    const encoding = this.#encodings.get(format.key) ?? this.#add(format)
    if (!encoding.fresh) this.#encode(encoding)
    return encoding
  }

  /** Makes the encoder before it is needed in a tick. */
  expect(format: LegFormat): void {
    if (!this.#encodings.has(format.key)) this.#add(format)
    this.#silence?.expect(format)
  }

  close(): void {
    for (const encoding of this.#list) encoding.close()
  }

  #encode(encoding: Encoding): void {
    encoding.silentFrames = this.#sum === undefined ? encoding.silentFrames + 1 : 0
    const settled = encoding.silentFrames > settledFrames || (this.silent && !encoding.remembers)
    if (settled && this.#silence) {
      encoding.borrow(this.#silence.encoding(encoding.format))
    } else if (settled && encoding.length > 0 && !encoding.remembers) {
      // The engine's silence in a codec without memory: encoded once for good.
      encoding.fresh = true
    } else {
      encoding.encode(this.pcm())
      this.#encodes += 1
    }
  }

  #add(format: LegFormat): Encoding {
    const encoding = new Encoding(format)
    this.#encodings.set(format.key, encoding)
    this.#list.push(encoding)
    return encoding
  }
}
