// A leg that can be listened to from both sides, in a mix or in none: what its phone says, and what the phone hears with everything on top.
// Nothing of it costs a leg that nobody records.
import type { MediaPlan } from '../sdp/media-plan.ts'
import { Leg } from './leg.ts'
import type { Heard, MixMember, MixRate } from './mix-member.ts'
import type { Rest } from './rest.ts'

/** `in`: what the phone says. `out`: what it hears. */
export type LegSide = 'in' | 'out'

/** Where recorders of one side listen. */
export interface LegEars {
  /** Samples per second now; it may change with any frame. */
  readonly rate: MixRate
  add(member: MixMember): void
  remove(member: MixMember): void
}

const noSamples = new Int16Array(0)

export class RecordedLeg extends Leg {
  /** Made for the first recorder. */
  #sides: Sides | undefined
  #listens = false

  /** One side of it, to be recorded. */
  side(side: LegSide): LegEars {
    this.#sides ??= new Sides(this)
    return side === 'in' ? this.#sides.said : this.#outside(this.#sides)
  }

  override configure(plan: MediaPlan, now: number): void {
    super.configure(plan, now)
    this.#listens = plan.direction === 'sendrecv' || plan.direction === 'sendonly'
  }

  override pull(out: Int16Array, now: number): boolean {
    const audible = super.pull(out, now)
    const sides = this.#sides
    if (!sides) return audible
    if (sides.said.any) sides.said.hear(out, audible)
    sides.lastSaid = out
    return audible
  }

  override rest(rest: Rest, now: number): boolean {
    const sides = this.#sides
    return !sides?.said.any && !sides?.heard.any && super.rest(rest, now)
  }

  override push(heard: Heard): void {
    const sides = this.#sides
    if (sides) sides.pushed = true
    if (!sides?.heard.any) {
      super.push(heard)
      return
    }
    sides.told = false
    super.push(heard)
    if (sides.told) return
    if (this.#listens && !this.mutedOut) sides.heard.push(heard)
    else sides.heard.hear(noSamples, false)
  }

  override tickAlone(now: number): void {
    const sides = this.#sides
    if (sides) sides.pushed = false
    super.tickAlone(now)
    // Its own voice was sent back.
    if (sides && !sides.pushed && sides.heard.any && this.configured) sides.heard.hear(sides.lastSaid, true)
  }

  #outside({ overlayEar, heard }: Sides): LegEars {
    this.remove(overlayEar)
    this.add(overlayEar)
    return heard
  }
}

/** What a leg that is recorded, or was, needs for it. */
class Sides {
  readonly said: Ears
  readonly heard: Ears
  /** Within a tick: the phone was sent something, and recorders of it know. */
  pushed = false
  told = false
  lastSaid: Int16Array = noSamples
  /** Told by the overlay what the phone is sent while something is played to it alone. */
  readonly overlayEar: MixMember = {
    speaks: 0,
    hears: 'mix',
    pull: () => false,
    push: (heard) => {
      this.told = true
      this.heard.push(heard)
    },
  }

  constructor(leg: Leg) {
    this.said = new Ears(leg)
    this.heard = new Ears(leg)
  }
}

class Ears implements LegEars {
  readonly #members: MixMember[] = []
  readonly #frame: SaidFrame
  readonly #leg: Leg

  constructor(leg: Leg) {
    this.#leg = leg
    this.#frame = new SaidFrame(leg)
  }

  get rate(): MixRate {
    return this.#leg.rate
  }

  get any(): boolean {
    return this.#members.length > 0
  }

  add(member: MixMember): void {
    this.#leg.wake()
    this.#members.push(member)
  }

  remove(member: MixMember): void {
    const index = this.#members.indexOf(member)
    if (index >= 0) this.#members.splice(index, 1)
  }

  push(heard: Heard): void {
    for (let index = 0; index < this.#members.length; index += 1) this.#members[index]?.push(heard)
  }

  hear(samples: Int16Array, audible: boolean): void {
    this.#frame.samples = samples
    this.#frame.silent = !audible
    this.push(this.#frame)
  }
}

class SaidFrame implements Heard {
  readonly reductionDb = 0
  readonly #leg: Leg
  samples: Int16Array = noSamples
  silent = true

  constructor(leg: Leg) {
    this.#leg = leg
  }

  get rate(): MixRate {
    return this.#leg.rate
  }

  pcm(): Int16Array {
    return this.samples
  }
}
