// One rate at which a mix is heard: its sum resampled once for all who hear at that rate, and a shared frame per gain.
import { AlignedSums } from '../dsp/aligned-resampler.ts'
import { samplesPerFrame } from '../dsp/frame.ts'
import type { MixRate } from './mix-member.ts'
import type { OwnScratch } from './own-mix.ts'
import { SharedMix } from './shared-mix.ts'
import type { Silences } from './silences.ts'

/** Where a member listens: one for all who hear the same. */
export interface Ear {
  readonly outlet: Outlet
  readonly shared: SharedMix
}

export class Outlet {
  readonly rate: MixRate
  readonly scratch: OwnScratch
  readonly #silences: Silences
  readonly #ears: Ear[] = []
  readonly #resampled: Int32Array
  #path: AlignedSums | undefined
  /** The sum of all, 20 ms at this rate; valid after `begin` with a total. */
  sum: Int32Array

  constructor(rate: MixRate, silences: Silences) {
    const samples = samplesPerFrame(rate)
    this.rate = rate
    this.#silences = silences
    this.#resampled = new Int32Array(samples)
    this.sum = this.#resampled
    this.scratch = { rate, sum: new Int32Array(samples), pcm: new Int16Array(samples) }
  }

  get silence(): SharedMix {
    return this.#silences.at(this.rate)
  }

  get encodes(): number {
    return this.#ears.reduce((sum, { shared }) => sum + shared.encodes, 0)
  }

  /** For the frame that is heard with that gain. */
  ear(gain: number): Ear {
    const known = this.#ears.find(({ shared }) => shared.gain === gain)
    if (known) return known
    const made = { outlet: this, shared: new SharedMix(this.rate, gain, this.silence) }
    this.#ears.push(made)
    return made
  }

  /** Lets go of frames that nobody hears. */
  keep(used: ReadonlySet<SharedMix>): void {
    for (let index = this.#ears.length - 1; index >= 0; index -= 1) {
      const shared = this.#ears[index]?.shared
      if (!shared || used.has(shared)) continue
      shared.close()
      this.#ears.splice(index, 1)
    }
  }

  /** The mix's total comes unchanged from now on. */
  unite(): void {
    this.#path = undefined
  }

  /** The mix's total comes at `rate` and is delayed from now on. `lead` is the total of 26 ms: the last 20 are this tick's. */
  resample(rate: MixRate, lead: Int32Array): void {
    this.#path = new AlignedSums(rate, this.rate)
    const extra = lead.length - samplesPerFrame(rate)
    const early = new Int32Array((extra * this.rate) / rate)
    this.#path.process(lead.subarray(0, extra), early)
    this.#path.process(lead.subarray(extra), this.#resampled)
    this.#begin(this.#resampled)
  }

  /** A tick of silence. */
  rest(): void {
    this.#begin(undefined)
  }

  begin(total: Int32Array): void {
    this.#path?.process(total, this.#resampled)
    this.#begin(this.#path ? this.#resampled : total)
  }

  close(): void {
    for (const { shared } of this.#ears) shared.close()
  }

  #begin(sum: Int32Array | undefined): void {
    if (sum) this.sum = sum
    for (let index = 0; index < this.#ears.length; index += 1) this.#ears[index]?.shared.begin(sum)
  }
}
