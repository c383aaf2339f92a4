// The tick's side of playing: a member of the mix that only speaks, out of a ring that the file thread keeps filled.
import type { MixMember, MixRate } from '../mix-member.ts'
import type { SampleRing } from '../recording/sample-ring.ts'

/** What must be ready before it begins, and after it once ran dry, milliseconds. */
const primeMs = 60
const dryPrimeMs = 200

export interface PlayerSettings {
  readonly ring: SampleRing
  /** Samples per second in the ring. */
  readonly rate: MixRate
  /** Called within the tick in which the last sample was given out. */
  readonly ended: () => void
}

export class Player implements MixMember {
  readonly speaks: MixRate
  readonly hears = 0
  readonly #ring: SampleRing
  readonly #ended: () => void
  #needed: number
  #primed = false
  #sourceDone = false
  #over = false
  #dry = 0
  #playedSamples = 0
  paused = false

  constructor(settings: PlayerSettings) {
    this.speaks = settings.rate
    this.#ring = settings.ring
    this.#ended = settings.ended
    this.#needed = (settings.rate * primeMs) / 1000
  }

  /** Times it ran out of samples in the middle. */
  get underruns(): number {
    return this.#dry
  }

  get playedMs(): number {
    return Math.round((this.#playedSamples * 1000) / this.speaks)
  }

  /** Nothing will be added to the ring any more. */
  sourceDone(): void {
    this.#sourceDone = true
  }

  pull(out: Int16Array): boolean {
    if (this.paused || this.#over || !this.#ready()) return false
    const count = this.#ring.take(out)
    this.#playedSamples += count
    if (count < out.length) {
      out.fill(0, count)
      if (!this.#sourceDone) {
        this.#dry += 1
        this.#primed = false
        this.#needed = (this.speaks * dryPrimeMs) / 1000
      }
    }
    if (this.#sourceDone && this.#ring.empty) this.#finish()
    return count > 0
  }

  push(): void {}

  #ready(): boolean {
    if (this.#primed) return true
    this.#primed = this.#sourceDone || this.#ring.used >= this.#needed
    if (this.#primed && this.#ring.empty) {
      this.#finish()
      return false
    }
    return this.#primed
  }

  #finish(): void {
    this.#over = true
    this.#ended()
  }
}
