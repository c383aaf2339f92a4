// The two sub-band ADPCM coders of G.722 (ITU-T G.722 §3 to §4, §6.2): 6 bits per sample below 4 kHz, 2 bits above.
// Samples are 15 bits wide. One object serves either direction: an encoder and a decoder adapt by the same codes.
import { Predictor, saturate } from './g722-predictor.ts'
import {
  antilog,
  decisionLevels,
  lowerNegative,
  lowerOutput4,
  lowerOutput6,
  lowerPositive,
  lowerStep,
  upperOutput,
  upperStep,
} from './g722-tables.ts'

/** LIMIT: sub-band samples are 15 bits. */
const limit = (sample: number): number => Math.max(-16384, Math.min(16383, sample))

/** The interval whose upper end is the first decision level of at least the index; the last entry stands for all above. */
const intervals = Uint8Array.from({ length: (decisionLevels.at(-1) ?? 0) + 2 }, (_, least) => {
  const interval = decisionLevels.findIndex((level, index) => index > 0 && level >= least)
  return interval < 0 ? decisionLevels.length : interval
})

/** SCALEL, SCALEH: linear scale factor of a logarithmic one; `shift` is 8 in the lower band, 10 in the upper. */
function linear(logarithm: number, shift: number): number {
  const mantissa = antilog[(logarithm >> 6) & 31] ?? 0
  const exponent = shift - (logarithm >> 11)
  return (exponent < 0 ? mantissa << -exponent : mantissa >> exponent) << 2
}

/** LOGSCL, LOGSCH: leak and step within 0 and `most`. */
function adapt(logarithm: number, step: number, most: number): number {
  const next = ((logarithm * 127) >> 7) + step
  return Math.max(0, Math.min(most, next))
}

export class LowerBand {
  readonly #predictor = new Predictor()
  #logarithm = 0
  #scale = 32

  /** Six bits for a sample. */
  encode(sample: number): number {
    const difference = saturate(sample - this.#predictor.estimate)
    const magnitude = difference < 0 ? ~difference : difference
    // The first level with level · scale >> 12 above the magnitude is the first one not below this quotient.
    const least = Math.ceil(((magnitude + 1) * 4096) / this.#scale)
    const interval = intervals[Math.min(least, intervals.length - 1)] ?? 0
    const code = (difference < 0 ? lowerNegative[interval] : lowerPositive[interval]) ?? 0
    this.#learn(code >> 2)
    return code
  }

  decode(code: number): number {
    const difference = (this.#scale * (lowerOutput6[code] ?? 0)) >> 15
    const sample = limit(this.#predictor.estimate + difference)
    this.#learn(code >> 2)
    return sample
  }

  copy(from: LowerBand): void {
    this.#predictor.copy(from.#predictor)
    this.#logarithm = from.#logarithm
    this.#scale = from.#scale
  }

  reset(): void {
    this.#predictor.reset()
    this.#logarithm = 0
    this.#scale = 32
  }

  #learn(code: number): void {
    const difference = (this.#scale * (lowerOutput4[code] ?? 0)) >> 15
    this.#logarithm = adapt(this.#logarithm, lowerStep[code] ?? 0, 18_432)
    this.#scale = linear(this.#logarithm, 8)
    this.#predictor.update(difference)
  }
}

export class UpperBand {
  readonly #predictor = new Predictor()
  #logarithm = 0
  #scale = 8

  /** Two bits for a sample. */
  encode(sample: number): number {
    const difference = saturate(sample - this.#predictor.estimate)
    const magnitude = difference < 0 ? ~difference : difference
    const outer = magnitude >= (564 * this.#scale) >> 12
    const code = (difference < 0 ? 1 : 3) - (outer ? 1 : 0)
    this.#learn(code)
    return code
  }

  decode(code: number): number {
    const difference = this.#learn(code)
    return limit(this.#expected + difference)
  }

  copy(from: UpperBand): void {
    this.#predictor.copy(from.#predictor)
    this.#logarithm = from.#logarithm
    this.#scale = from.#scale
  }

  reset(): void {
    this.#predictor.reset()
    this.#logarithm = 0
    this.#scale = 8
  }

  /** The estimate that the last difference was a difference to. */
  #expected = 0

  /** Returns the quantised difference. */
  #learn(code: number): number {
    const difference = (this.#scale * (upperOutput[code] ?? 0)) >> 15
    this.#expected = this.#predictor.estimate
    this.#logarithm = adapt(this.#logarithm, upperStep[code] ?? 0, 22_528)
    this.#scale = linear(this.#logarithm, 10)
    this.#predictor.update(difference)
    return difference
  }
}
