// What ends a recording by itself: its longest duration, a key, or silence of the phone.
import type { Clock, Timer } from '../base/time.ts'

export interface EndConditions {
  /** Seconds; 0 for never. */
  readonly duration: number
  /** Seconds for which the phone's user says nothing; 0 for never. */
  readonly endOfSilence: number
  /** '' or 'none', 'any', or keys of 0-9 A-D # *, each of which ends it. */
  readonly endOfKey: string
}

/** Longest recording, in seconds. */
export const longestSeconds = 86_400

export class EndWatch {
  readonly #conditions: EndConditions
  readonly #clock: Pick<Clock, 'after'>
  readonly #end: () => void
  #duration: Timer | undefined
  #silence: Timer | undefined
  #closed = false

  constructor(conditions: EndConditions, clock: Pick<Clock, 'after'>, end: () => void) {
    this.#conditions = conditions
    this.#clock = clock
    this.#end = end
  }

  get minds(): { readonly silence: boolean } {
    return { silence: this.#conditions.endOfSilence > 0 }
  }

  /** The recording runs. */
  begin(): void {
    const { duration } = this.#conditions
    if (duration > 0 && !this.#closed) {
      this.#duration = this.#clock.after(Math.min(duration, longestSeconds) * 1000, this.#end)
    }
  }

  /** The phone's user talks, or does not. */
  talking(talking: boolean): void {
    const { endOfSilence } = this.#conditions
    if (talking) {
      this.#silence?.cancel()
      this.#silence = undefined
    } else if (endOfSilence > 0 && !this.#closed) {
      this.#silence ??= this.#clock.after(endOfSilence * 1000, this.#end)
    }
  }

  /** One of 0-9 A-D # *. */
  key(digit: string): void {
    const keys = this.#conditions.endOfKey
    if (keys === '' || keys === 'none') return
    if (keys === 'any' || keys.toUpperCase().includes(digit.toUpperCase())) this.#end()
  }

  close(): void {
    this.#closed = true
    this.#duration?.cancel()
    this.#silence?.cancel()
  }
}
