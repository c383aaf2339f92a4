// One leg as the audience of players: what is played to it alone is added to whatever else it hears.
import { addTo } from '../../dsp/mix.ts'
import { Resampler } from '../../dsp/resampler.ts'
import type { MixMember, MixRate } from '../mix-member.ts'
import type { Audience } from './players.ts'

interface Source {
  readonly member: MixMember
  readonly frame: Int16Array
  /** For a leg whose rate changed since the player began. */
  resampler: Resampler | undefined
}

export class LegAudience implements Audience {
  readonly #sources: Source[] = []
  #rate: MixRate
  #out = new Int16Array(0)

  constructor(rate: MixRate) {
    this.#rate = rate
  }

  get rate(): MixRate {
    return this.#rate
  }

  /** The leg is sent another rate from now on. */
  retune(rate: MixRate): void {
    this.#rate = rate
    for (const source of this.#sources) source.resampler = this.#resampler(source.member)
  }

  /** Something is played, if only a pause. */
  get active(): boolean {
    return this.#sources.length > 0
  }

  add(member: MixMember): void {
    if (member.speaks === 0) return
    const frame = new Int16Array(member.speaks / 50)
    this.#sources.push({ member, frame, resampler: this.#resampler(member) })
  }

  remove(member: MixMember): void {
    const index = this.#sources.findIndex((source) => source.member === member)
    if (index >= 0) this.#sources.splice(index, 1)
  }

  /** Adds the next 20 ms to a sum at the leg's rate. Called once a tick; `now` in monotonic milliseconds. */
  addTo(sum: Int32Array, now: number): void {
    for (let index = 0; index < this.#sources.length; index += 1) {
      const source = this.#sources[index]
      if (!source?.member.pull(source.frame, now)) continue
      if (!source.resampler) {
        addTo(sum, source.frame)
        continue
      }
      if (this.#out.length !== sum.length) this.#out = new Int16Array(sum.length)
      source.resampler.process(source.frame, this.#out)
      addTo(sum, this.#out)
    }
  }

  #resampler(member: MixMember): Resampler | undefined {
    return member.speaks === 0 || member.speaks === this.#rate ? undefined : new Resampler(member.speaks, this.#rate)
  }
}
