// The clocks of the thread that the engine runs in.
import type { Clock } from '../base/time.ts'

const maxTimeoutMs = 2 ** 31 - 1

export const threadClock: Clock = {
  now: () => performance.now(),
  wallMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  after(ms, run) {
    let timer: NodeJS.Timeout
    const arm = (left: number): void => {
      timer = left > maxTimeoutMs ? setTimeout(() => arm(left - maxTimeoutMs), maxTimeoutMs) : setTimeout(run, left)
    }
    arm(ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
