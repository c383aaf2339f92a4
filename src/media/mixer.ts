// One mix: pull, mix, push, and nothing else. Whoever contributed hears the exact sum without itself; everyone else shares one sum.
// Its rate follows its members. While all have the same, frames pass untouched; otherwise everyone is resampled and delayed alike.
import { samplesPerFrame } from '../dsp/frame.ts'
import { addTo } from '../dsp/mix.ts'
import type { LegFormat } from './leg-format.ts'
import type { MixMember, MixRate } from './mix-member.ts'
import { Seat } from './mix-seat.ts'
import { type Tuning, tuningOf } from './mix-tuning.ts'
import { Outlet } from './outlet.ts'
import { RestingGroup } from './resting-group.ts'
import type { RestingLegs } from './resting-legs.ts'
import type { SharedMix } from './shared-mix.ts'
import type { Silences } from './silences.ts'

export class Mixer {
  readonly #silences: Silences
  readonly #legs: RestingLegs | undefined
  readonly #seats: Seat[] = []
  /** Who is not at rest, in any order: the first of these. */
  readonly #awake: (Seat | undefined)[] = []
  #awakeCount = 0
  /** Who is, by what they hear. */
  readonly #groups: RestingGroup[] = []
  /** Who contributes this tick: the first of these, for emptying the list would throw its storage away. */
  readonly #speaking: Seat[] = []
  #speakers = 0
  /** Who hears one other alone. */
  #following: readonly Seat[] = []
  readonly #outlets: Outlet[] = []
  #tuning: Tuning = { rate: 8000, mixed: false }
  /** What the next tick changes to. */
  #next: Tuning | undefined
  #total = new Int32Array(samplesPerFrame(8000))
  #ticking = false
  #retunes = 0
  /** Members that left within a tick, to be let go at its end. */
  readonly #leaving: MixMember[] = []

  /**
   * @param silences encoded once for the whole engine
   * @param legs where members are kept that need not be looked at; without it all are, always
   */
  constructor(silences: Silences, legs?: RestingLegs) {
    this.#silences = silences
    this.#legs = legs
  }

  get size(): number {
    return this.#seats.length
  }

  /** Samples per second of the sum. */
  get rate(): MixRate {
    return (this.#next ?? this.#tuning).rate
  }

  /** Times the rate, or whether members are resampled, changed while somebody was in it. */
  get retunes(): number {
    return this.#retunes
  }

  /** Encodings of shared sums so far. */
  get sharedEncodes(): number {
    return this.#outlets.reduce((sum, outlet) => sum + outlet.encodes, 0)
  }

  add(member: MixMember): void {
    const seat = new Seat(member, this.#tuning)
    this.#seats.push(seat)
    this.#onWake(seat)
    this.#plan()
  }

  remove(member: MixMember): void {
    if (this.#ticking) {
      this.#leaving.push(member)
      return
    }
    const index = this.#seats.findIndex((seat) => seat.member === member)
    const seat = this.#seats[index]
    if (!seat) return
    this.wake(member)
    this.#seats.splice(index, 1)
    this.#doze(this.#awake.indexOf(seat))
    this.#speaking.length = 0
    this.#plan()
  }

  /** Ends a member's rest: it is about to change, or to be asked what happened. */
  wake(member: MixMember): void {
    const place = member.restful?.place ?? -1
    if (place < 0) return
    for (const group of this.#groups) {
      const seat = group.wake(place)
      if (seat) this.#onWake(seat)
    }
  }

  /** A member's rates, gain or whom it hears alone changed. */
  refresh(member: MixMember): void {
    const index = this.#seats.findIndex((seat) => seat.member === member)
    const seat = this.#seats[index]
    if (!seat) return
    this.wake(member)
    if (member.speaks !== seat.speaks || member.hears !== seat.hears || (member.gain ?? 1) !== seat.gain) {
      const made = new Seat(member, this.#tuning)
      this.#seats[index] = made
      this.#awake[this.#awake.indexOf(seat)] = made
    }
    this.#plan()
  }

  tick(now: number): void {
    this.#ticking = true
    this.#speakers = 0
    for (let index = 0; index < this.#groups.length; index += 1) this.#groups[index]?.play(now, this.#onWake)
    if (this.#next) this.#retune(this.#next, now)
    else this.#pull(now)
    if (this.#speakers === 0) for (const outlet of this.#outlets) outlet.rest()
    for (let index = 0; index < this.#speakers; index += 1) this.#pushOwn(this.#speaking[index])
    for (let index = 0; index < this.#following.length; index += 1) this.#following[index]?.hearFollowed()
    // Only now may shared frames be encoded: who has just begun to speak takes over the encoder's memory of the tick before.
    for (let index = 0; index < this.#groups.length; index += 1) this.#groups[index]?.send()
    for (let index = this.#awakeCount - 1; index >= 0; index -= 1) {
      const seat = this.#awake[index]
      if (!seat?.ear || seat.contributes || seat.follows) continue
      seat.hearShared()
      if (this.#mayRest(seat, now)) this.#doze(index)
    }
    this.#ticking = false
    if (this.#leaving.length > 0) for (const member of this.#leaving.splice(0)) this.remove(member)
  }

  /** Does it go to rest now? */
  #mayRest(seat: Seat, now: number): boolean {
    const { ear } = seat
    const leg = seat.member.restful
    if (!this.#legs || !ear || !leg?.format || !seat.still || !this.#legs.add(leg, now)) return false
    seat.rest()
    this.#groupOf(this.#legs, ear.shared, leg.format).add(seat, leg.place)
    return true
  }

  #groupOf(legs: RestingLegs, shared: SharedMix, format: LegFormat): RestingGroup {
    for (let index = 0; index < this.#groups.length; index += 1) {
      const known = this.#groups[index]
      if (known?.shared === shared && known.format.key === format.key) return known
    }
    for (let index = this.#groups.length - 1; index >= 0; index -= 1)
      if (this.#groups[index]?.size === 0) this.#groups.splice(index, 1)
    const made = new RestingGroup(legs, shared, format)
    this.#groups.push(made)
    return made
  }

  readonly #onWake = (seat: Seat): void => {
    this.#awake[this.#awakeCount] = seat
    this.#awakeCount += 1
  }

  /** Takes one out of those that are awake. */
  #doze(index: number): void {
    const last = this.#awake[this.#awakeCount - 1]
    if (index < 0 || index >= this.#awakeCount || !last) return
    this.#awake[index] = last
    this.#awakeCount -= 1
    this.#awake[this.#awakeCount] = undefined
  }

  close(): void {
    for (const outlet of this.#outlets) outlet.close()
  }

  #pull(now: number): void {
    const speaking = this.#speaking
    for (let index = 0; index < this.#awakeCount; index += 1) {
      const seat = this.#awake[index]
      if (seat?.pull(now)) this.#speaks(seat)
    }
    if (this.#speakers === 0) return
    this.#total.fill(0)
    for (let index = 0; index < this.#speakers; index += 1) {
      const seat = speaking[index]
      if (seat) addTo(this.#total, seat.contribution)
    }
    for (let index = 0; index < this.#outlets.length; index += 1) this.#outlets[index]?.begin(this.#total)
    for (let index = 0; index < this.#speakers; index += 1) speaking[index]?.takePart()
    for (let index = 0; index < this.#following.length; index += 1) this.#following[index]?.takePart()
  }

  #speaks(seat: Seat): void {
    this.#speaking[this.#speakers] = seat
    this.#speakers += 1
  }

  #pushOwn(seat: Seat | undefined): void {
    if (!seat?.ear || seat.follows) return
    if (this.#speakers === 1) seat.member.push(seat.ear.outlet.silence)
    else seat.hearOthers()
  }

  /** The tick in which everything changes over: nobody hears a seam, because each seat pulls as much more or less as the new ways delay it. */
  #retune(next: Tuning, now: number): void {
    this.#tuning = next
    this.#next = undefined
    this.#retunes += 1
    const leads = this.#seats.map((seat) => seat.retune(next, now))
    const total = new Int32Array((samplesPerFrame(next.rate) * (next.mixed ? 26 : 20)) / 20)
    for (const [index, lead] of leads.entries()) if (this.#seats[index]?.contributes) addTo(total, lead)
    this.#total = new Int32Array(samplesPerFrame(next.rate))
    for (const outlet of this.#outlets) {
      if (next.mixed) {
        outlet.resample(next.rate, total)
      } else {
        outlet.unite()
        outlet.begin(total)
      }
    }
    for (const [index, seat] of this.#seats.entries()) {
      const source = seat.follows ? this.#seats.indexOf(seat.follows) : index
      if (next.mixed) seat.takeLead(leads[source] ?? new Int16Array(0))
      else seat.takePart()
    }
    for (const seat of this.#seats) if (seat.contributes) this.#speaks(seat)
  }

  /** After a change of members: the tuning that fits them, and where each of them listens. */
  #plan(): void {
    const next = tuningOf(this.#seats)
    const same = next.rate === this.#tuning.rate && next.mixed === this.#tuning.mixed
    this.#next = same ? undefined : next
    const used = new Set<SharedMix>()
    for (const seat of this.#seats) {
      seat.follows = seat.member.only && this.#seatOf(seat.member.only)
      const rate = seat.earRate(next.rate)
      const ear = rate === 0 ? undefined : this.#outlet(rate).ear(seat.gain)
      const shared = ear?.shared
      if (shared) used.add(shared)
      const before = seat.ear?.shared
      if (this.#next || shared !== before) this.wake(seat.member)
      seat.listen(ear)
      if (shared && shared !== before) seat.member.settle?.(shared)
    }
    this.#following = this.#seats.filter((seat) => seat.follows !== undefined)
    this.#tidy(used)
  }

  #seatOf(member: MixMember): Seat {
    return this.#seats.find((seat) => seat.member === member) ?? new Seat(member, this.#tuning)
  }

  #outlet(rate: MixRate): Outlet {
    const known = this.#outlets.find((outlet) => outlet.rate === rate)
    if (known) return known
    const made = new Outlet(rate, this.#silences)
    // In a mix that resamples already nothing else would give it its way.
    if (this.#tuning.mixed && !this.#next)
      made.resample(this.#tuning.rate, new Int32Array((samplesPerFrame(this.#tuning.rate) * 26) / 20))
    this.#outlets.push(made)
    return made
  }

  #tidy(used: ReadonlySet<SharedMix>): void {
    for (let index = this.#outlets.length - 1; index >= 0; index -= 1) {
      const outlet = this.#outlets[index]
      if (!outlet) continue
      outlet.keep(used)
      if (!this.#seats.some((seat) => seat.ear?.outlet === outlet)) this.#outlets.splice(index, 1)
    }
  }
}
