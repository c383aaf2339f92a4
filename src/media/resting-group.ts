// The legs at rest in one mix that hear the same in the same format: played and sent to in one go.
import type { LegFormat } from './leg-format.ts'
import type { SharedFrame } from './mix-member.ts'
import type { Seat } from './mix-seat.ts'
import type { RestingLegs } from './resting-legs.ts'

export class RestingGroup {
  readonly shared: SharedFrame
  readonly format: LegFormat
  readonly #legs: RestingLegs
  /** Their places, as many as there are seats; the same place of both belongs together. */
  #places = new Int32Array(4)
  readonly #seats: (Seat | undefined)[] = []
  #size = 0
  #playedAt = 0.5

  constructor(legs: RestingLegs, shared: SharedFrame, format: LegFormat) {
    this.#legs = legs
    this.shared = shared
    this.format = format
  }

  get size(): number {
    return this.#size
  }

  add(seat: Seat, place: number): void {
    if (this.#size === this.#places.length) {
      const before = this.#places
      this.#places = new Int32Array(2 * before.length)
      this.#places.set(before)
    }
    this.#places[this.#size] = place
    this.#seats[this.#size] = seat
    this.#size += 1
  }

  /** A frame's time. Who has to be looked at is awake again, and handed to `onWake`. */
  play(now: number, onWake: (seat: Seat) => void): void {
    for (let index = this.#size - 1; index >= 0; index -= 1) {
      if (this.#legs.play(this.#places[index] ?? 0, now)) continue
      const seat = this.#seats[index]
      this.#remove(index)
      if (seat) onWake(seat)
    }
    this.#playedAt = now
  }

  /** Sends all of them what all hear. */
  send(): void {
    if (this.#size > 0) this.#legs.send(this.#places, this.#size, this.shared.encoding(this.format))
  }

  /** The seat of the leg at that place, which is awake from now on; undefined when it is not in this group. */
  wake(place: number): Seat | undefined {
    const index = this.#places.subarray(0, this.#size).indexOf(place)
    const seat = this.#seats[index]
    if (index >= 0) this.#remove(index)
    return index >= 0 ? seat : undefined
  }

  #remove(index: number): void {
    const leg = this.#seats[index]?.member.restful
    this.#size -= 1
    this.#places[index] = this.#places[this.#size] ?? 0
    this.#seats[index] = this.#seats[this.#size]
    this.#seats[this.#size] = undefined
    if (leg) this.#legs.remove(leg, this.#playedAt)
  }
}
