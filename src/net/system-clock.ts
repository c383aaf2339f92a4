// The real clocks behind base/time.ts. Timers of any length: setTimeout alone overflows at 2^31 ms and would fire at once.
import type { Clock, Timer } from '../base/time.ts'

const longest = 2 ** 31 - 1

function after(ms: number, run: () => void): Timer {
  const deadline = performance.now() + ms
  let handle: NodeJS.Timeout
  const arm = (): void => {
    const left = Math.max(0, deadline - performance.now())
    handle = left > longest ? setTimeout(arm, longest) : setTimeout(run, left)
  }
  arm()
  return { cancel: () => clearTimeout(handle) }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMicros: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
  after,
}
