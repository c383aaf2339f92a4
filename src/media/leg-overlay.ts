// What one leg hears on top of everything else: a tone, and whatever is played to it alone. Limited together with what lies below.
import { AlignedFrames } from '../dsp/aligned-resampler.ts'
import { samplesPerFrame } from '../dsp/frame.ts'
import { Limiter } from '../dsp/limiter.ts'
import { addTo } from '../dsp/mix.ts'
import type { Tone } from './engine.ts'
import { LegTone } from './leg-tone.ts'
import type { Heard, MixMember, MixRate } from './mix-member.ts'

interface Guest {
  readonly member: MixMember
  readonly frame: Int16Array
  /** To the leg's rate, when that is another. */
  readonly converter: AlignedFrames | undefined
  readonly converted: Int16Array
}

export class LegOverlay {
  readonly rate: MixRate
  readonly #limiter = new Limiter()
  readonly #sum: Int32Array
  readonly #out: Int16Array
  readonly #guests: Guest[] = []
  /** They only hear what comes out, when something does. */
  readonly #listeners: MixMember[] = []
  readonly #heard: OverlaidFrame
  #tone: LegTone | undefined
  /** Monotonic milliseconds of the tick. */
  now = 0

  constructor(rate: MixRate) {
    const samples = samplesPerFrame(rate)
    this.rate = rate
    this.#sum = new Int32Array(samples)
    this.#out = new Int16Array(samples)
    this.#heard = new OverlaidFrame(rate, this.#out)
  }

  get active(): boolean {
    return this.#tone !== undefined || this.#guests.length > 0
  }

  get members(): readonly MixMember[] {
    return [...this.#guests.map(({ member }) => member), ...this.#listeners]
  }

  get reductionDb(): number {
    return this.#limiter.reductionDb
  }

  /** Plays a tone instead of the one that may be playing. */
  play(tone: Tone, done: () => void): void {
    this.endTone()
    this.#tone = new LegTone(tone, this.rate, done)
    if (this.#tone.ended) this.endTone()
  }

  endTone(): void {
    const tone = this.#tone
    this.#tone = undefined
    tone?.finish()
  }

  add(member: MixMember): void {
    const { speaks } = member
    if (speaks === 0) {
      if (member.hears !== 0) this.#listeners.push(member)
      return
    }
    const frame = new Int16Array(samplesPerFrame(speaks))
    const same = speaks === this.rate
    this.#guests.push({
      member,
      frame,
      converter: same ? undefined : new AlignedFrames(speaks, this.rate),
      converted: same ? frame : new Int16Array(this.#out.length),
    })
  }

  remove(member: MixMember): void {
    const index = this.#guests.findIndex((guest) => guest.member === member)
    if (index >= 0) this.#guests.splice(index, 1)
    const listener = this.#listeners.indexOf(member)
    if (listener >= 0) this.#listeners.splice(listener, 1)
  }

  /** What is heard, with everything on top. Valid until the next call. */
  over(heard: Int16Array): Int16Array {
    this.#sum.fill(0)
    addTo(this.#sum, heard)
    const tone = this.#tone
    tone?.addTo(this.#sum)
    // A member that ends leaves within its own pull.
    for (let index = this.#guests.length - 1; index >= 0; index -= 1) this.#addGuest(this.#guests[index])
    this.#limiter.process(this.#sum, this.#out)
    if (tone?.ended && tone === this.#tone) this.endTone()
    for (let index = 0; index < this.#listeners.length; index += 1) this.#listeners[index]?.push(this.#heard)
    return this.#out
  }

  #addGuest(guest: Guest | undefined): void {
    if (!guest) return
    const { member, frame, converter, converted } = guest
    if (!member.pull(frame, this.now)) {
      if (!converter) return
      frame.fill(0)
    }
    converter?.process(frame, converted)
    addTo(this.#sum, converted)
  }
}

/** What came out last, for those who only listen. */
class OverlaidFrame implements Heard {
  readonly silent = false
  readonly reductionDb = 0
  readonly rate: MixRate
  readonly #samples: Int16Array

  constructor(rate: MixRate, samples: Int16Array) {
    this.rate = rate
    this.#samples = samples
  }

  pcm(): Int16Array {
    return this.#samples
  }
}
