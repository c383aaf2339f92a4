// Resampling that delays every pair of rates by the same time, by a delay line behind the filter: so a mix may change its rate, or what comes at
// one rate be subtracted from what came at another, and everything still lies exactly where it was.
import { Resampler, type ResamplerRate } from './resampler.ts'

/** What every conversion costs, that of a rate to itself included. The longest filter decides. */
export const alignedMs = 3

/** Of 16-bit frames; peaks are clipped. */
export class AlignedFrames {
  readonly #resampler: Resampler
  readonly #line: Int16Array
  readonly #pad: number
  /** Where 20 ms of output begin. */
  readonly #end: Int16Array

  constructor(from: ResamplerRate, to: ResamplerRate) {
    this.#resampler = new Resampler(from, to)
    this.#pad = padOf(this.#resampler)
    this.#line = new Int16Array(this.#pad + to / 50)
    this.#end = this.#line.subarray(this.#pad)
  }

  /** 20 ms at most, and as long as each other. */
  process(input: Int16Array, output: Int16Array): void {
    const count = output.length
    this.#resampler.process(input, count === this.#end.length ? this.#end : this.#end.subarray(0, count))
    for (let index = 0; index < count; index += 1) output[index] = this.#line[index] ?? 0
    this.#line.copyWithin(0, count, count + this.#pad)
  }
}

/** Of sums that have not been limited. */
export class AlignedSums {
  readonly #resampler: Resampler
  readonly #line: Int32Array
  readonly #pad: number
  readonly #end: Int32Array

  constructor(from: ResamplerRate, to: ResamplerRate) {
    this.#resampler = new Resampler(from, to)
    this.#pad = padOf(this.#resampler)
    this.#line = new Int32Array(this.#pad + to / 50)
    this.#end = this.#line.subarray(this.#pad)
  }

  /** 20 ms at most, and as long as each other. */
  process(input: Int32Array, output: Int32Array): void {
    const count = output.length
    this.#resampler.processSum(input, count === this.#end.length ? this.#end : this.#end.subarray(0, count))
    for (let index = 0; index < count; index += 1) output[index] = this.#line[index] ?? 0
    this.#line.copyWithin(0, count, count + this.#pad)
  }
}

const padOf = (resampler: Resampler): number => (alignedMs * resampler.to) / 1000 - resampler.delay
