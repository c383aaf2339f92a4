// A clock that stands still until a test moves it. Timers fire in order of their deadline, and promises settle in between.
import type { Clock, Timer } from '../src/base/time.ts'

interface Pending {
  readonly at: number
  readonly run: () => void
}

export class VirtualClock implements Clock {
  #now = 0
  readonly #epochMicros: number
  #pending: Pending[] = []

  /** @param epochMicros wall clock at monotonic zero; 2026-01-01 unless given */
  constructor(epochMicros = Date.UTC(2026, 0, 1) * 1000) {
    this.#epochMicros = epochMicros
  }

  now(): number {
    return this.#now
  }

  wallMicros(): number {
    return this.#epochMicros + Math.floor(this.#now * 1000)
  }

  after(ms: number, run: () => void): Timer {
    const pending = { at: this.#now + Math.max(0, ms), run }
    this.#pending.push(pending)
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((entry) => entry !== pending)
      },
    }
  }

  /** Timers that have not fired. */
  get waiting(): number {
    return this.#pending.length
  }

  /** Moves time forward, firing what falls due; promise reactions run after each timer. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const due = this.#pending.filter((entry) => entry.at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#pending = this.#pending.filter((entry) => entry !== due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
      await settle()
    }
    this.#now = until
  }
}

/** Lets every promise reaction that is ready run, and those that they make ready. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}
