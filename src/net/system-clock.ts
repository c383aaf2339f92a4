// The real clocks behind base/time.ts. Timers of any length: setTimeout alone overflows at 2^31 ms and would fire at once.
import type { Clock, Timer } from '../base/time.ts'

const longest = 2 ** 31 - 1

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout

  constructor(ms: number, run: () => void) {
    this.#handle = ms > longest ? this.#inParts(performance.now() + ms, run) : setTimeout(run, ms)
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }

  #inParts(deadline: number, run: () => void): NodeJS.Timeout {
    const left = Math.max(0, deadline - performance.now())
    if (left <= longest) return setTimeout(run, left)
    return setTimeout(() => {
      this.#handle = this.#inParts(deadline, run)
    }, longest)
  }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMicros: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
  after: (ms, run) => new SystemTimer(ms, run),
}
