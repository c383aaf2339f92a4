// Waiting that an AbortSignal cuts short: for actions, and for what they wait on.
import type { Clock } from '../base/time.ts'

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
export function wait(clock: Pick<Clock, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const aborted = (): void => {
      timer.cancel()
      reject(signal.reason)
    }
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', aborted)
      resolve()
    })
    signal.addEventListener('abort', aborted, { once: true })
  })
}

/** The work's own result, or the signal's reason as soon as it aborts; what the work does after that is not waited for. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    const forget = (): void => signal.removeEventListener('abort', aborted)
    work.then(resolve, reject)
    work.then(forget, forget)
  })
}
