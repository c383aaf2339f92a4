// What one member hears of a mix alone: everybody but itself, or one other member. It has a limiter of its own, because the sum is its own.
import { Limiter } from '../dsp/limiter.ts'
import type { Heard, MixRate } from './mix-member.ts'

/** Storage of the frame; lent to one member after the other. */
export interface OwnScratch {
  readonly rate: MixRate
  readonly sum: Int32Array
  readonly pcm: Int16Array
}

export class OwnMix implements Heard {
  readonly silent = false
  readonly limiter = new Limiter()
  readonly #scratch: OwnScratch
  #gain = 1
  #limited = false

  constructor(scratch: OwnScratch) {
    this.#scratch = scratch
  }

  get rate(): MixRate {
    return this.#scratch.rate
  }

  get reductionDb(): number {
    return this.limiter.reductionDb
  }

  /** A new frame; the caller has filled the scratch's sum. */
  begin(gain: number): void {
    this.#gain = gain
    this.#limited = false
  }

  pcm(): Int16Array {
    if (!this.#limited) this.limiter.process(this.#scratch.sum, this.#scratch.pcm, this.#gain)
    this.#limited = true
    return this.#scratch.pcm
  }
}
