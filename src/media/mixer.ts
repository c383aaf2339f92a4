// One mix: pull, mix, push, and nothing else. Whoever contributed hears the exact sum without itself; everyone else shares one sum.
// A member need not be a phone: another node's mix or a player is one, too.
import { frameSamples } from '../dsp/frame.ts'
import { addTo, clearSum, without } from '../dsp/mix.ts'
import { SharedMix } from './shared-mix.ts'

/** Something that speaks into a mix and hears it. */
export interface MixMember {
  /** What it says this tick, once `pull` returned true. */
  readonly frame: Int16Array
  /** Takes one frame from its input; returns whether there is anything to be heard in it. */
  pull(now: number): boolean
  /** Hears a sum of its own, not limited yet. `shared` is what the others hear. */
  hear(sum: Int32Array, shared: SharedMix): void
  /** Hears what everyone hears who is silent. */
  hearShared(shared: SharedMix): void
}

interface Seat {
  readonly member: MixMember
  contributes: boolean
}

export class Mixer {
  readonly #seats: Seat[] = []
  readonly #silence: SharedMix
  readonly #shared = new SharedMix()
  readonly #total = new Int32Array(frameSamples)
  readonly #own = new Int32Array(frameSamples)

  /** @param silence a shared mix of nothing, encoded once for the whole engine */
  constructor(silence: SharedMix) {
    this.#silence = silence
  }

  get size(): number {
    return this.#seats.length
  }

  /** Encodings of the shared sum so far. */
  get sharedEncodes(): number {
    return this.#shared.encodes
  }

  add(member: MixMember): void {
    this.#seats.push({ member, contributes: false })
  }

  remove(member: MixMember): void {
    const index = this.#seats.findIndex((seat) => seat.member === member)
    if (index >= 0) this.#seats.splice(index, 1)
  }

  tick(now: number): void {
    const contributors = this.#pull(now)
    if (contributors === 0) {
      this.#shared.limiter.rest()
      for (const seat of this.#seats) seat.member.hearShared(this.#silence)
      return
    }
    this.#mix()
    for (const seat of this.#seats) this.#push(seat, contributors)
  }

  #pull(now: number): number {
    let contributors = 0
    for (const seat of this.#seats) {
      seat.contributes = seat.member.pull(now)
      if (seat.contributes) contributors += 1
    }
    return contributors
  }

  #mix(): void {
    clearSum(this.#total)
    for (const seat of this.#seats) if (seat.contributes) addTo(this.#total, seat.member.frame)
    this.#shared.begin(this.#total)
  }

  #push(seat: Seat, contributors: number): void {
    if (!seat.contributes) {
      seat.member.hearShared(this.#shared)
    } else if (contributors === 1) {
      seat.member.hearShared(this.#silence)
    } else {
      without(this.#total, seat.member.frame, this.#own)
      seat.member.hear(this.#own, this.#shared)
    }
  }
}
