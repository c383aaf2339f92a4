// One mix: pull, mix, push, and nothing else. Whoever contributed hears the exact sum without itself; everyone else shares one sum.
// Its rate follows its members. While all have the same, frames pass untouched; otherwise everyone is resampled and delayed alike.
import { samplesPerFrame } from '../dsp/frame.ts'
import { addTo } from '../dsp/mix.ts'
import type { MixMember, MixRate } from './mix-member.ts'
import { Seat } from './mix-seat.ts'
import { type Tuning, tuningOf } from './mix-tuning.ts'
import { Outlet } from './outlet.ts'
import type { SharedMix } from './shared-mix.ts'
import type { Silences } from './silences.ts'

export class Mixer {
  readonly #silences: Silences
  readonly #seats: Seat[] = []
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

  /** @param silences encoded once for the whole engine */
  constructor(silences: Silences) {
    this.#silences = silences
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
    this.#seats.push(new Seat(member, this.#tuning))
    this.#plan()
  }

  remove(member: MixMember): void {
    if (this.#ticking) {
      this.#leaving.push(member)
      return
    }
    const index = this.#seats.findIndex((seat) => seat.member === member)
    if (index < 0) return
    this.#seats.splice(index, 1)
    this.#speaking.length = 0
    this.#plan()
  }

  /** A member's rates, gain or whom it hears alone changed. */
  refresh(member: MixMember): void {
    const index = this.#seats.findIndex((seat) => seat.member === member)
    const seat = this.#seats[index]
    if (!seat) return
    if (member.speaks !== seat.speaks || member.hears !== seat.hears || (member.gain ?? 1) !== seat.gain)
      this.#seats[index] = new Seat(member, this.#tuning)
    this.#plan()
  }

  tick(now: number): void {
    this.#ticking = true
    this.#speakers = 0
    if (this.#next) this.#retune(this.#next, now)
    else this.#pull(now)
    if (this.#speakers === 0) for (const outlet of this.#outlets) outlet.rest()
    for (let index = 0; index < this.#speakers; index += 1) this.#pushOwn(this.#speaking[index])
    for (let index = 0; index < this.#following.length; index += 1) this.#following[index]?.hearFollowed()
    // Only now may shared frames be encoded: who has just begun to speak takes over the encoder's memory of the tick before.
    for (let index = 0; index < this.#seats.length; index += 1) {
      const seat = this.#seats[index]
      if (seat?.ear && !seat.contributes && !seat.follows) seat.hearShared()
    }
    this.#ticking = false
    if (this.#leaving.length > 0) for (const member of this.#leaving.splice(0)) this.remove(member)
  }

  close(): void {
    for (const outlet of this.#outlets) outlet.close()
  }

  #pull(now: number): void {
    const speaking = this.#speaking
    for (let index = 0; index < this.#seats.length; index += 1) {
      const seat = this.#seats[index]
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
      const outlet = rate === 0 ? undefined : this.#outlet(rate)
      const shared = outlet?.shared(seat.gain)
      if (shared) used.add(shared)
      const before = seat.ear?.shared
      seat.listen(outlet && shared && { outlet, shared })
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
