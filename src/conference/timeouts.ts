// One timer per conference that ends by itself. Setting it again replaces the earlier one.
import type { Clock, Timer } from '../base/time.ts'

export class Timeouts {
  readonly #clock: Clock
  readonly #expire: (conferenceId: string) => void
  readonly #timers = new Map<string, Timer>()

  constructor(clock: Clock, expire: (conferenceId: string) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  /** @param at timestamp of the end, in the past too; '' disarms */
  set(conferenceId: string, at: string): void {
    this.#timers.get(conferenceId)?.cancel()
    this.#timers.delete(conferenceId)
    if (at === '') return
    const wait = Date.parse(`${at.replace(' ', 'T')}Z`) - this.#clock.wallMicros() / 1000
    const timer = this.#clock.after(Math.max(0, wait), () => {
      this.#timers.delete(conferenceId)
      this.#expire(conferenceId)
    })
    this.#timers.set(conferenceId, timer)
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
