// Work that must end in time: it is given a signal that aborts when its time is over or when its caller goes away.
import { OperationalError } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'

export interface Deadline {
  readonly clock: Pick<Clock, 'after'>
  readonly ms: number
  /** The caller's. */
  readonly signal: AbortSignal
  /** What did not answer in time, for the error. */
  readonly what: string
}

/**
 * The work's own result. Throws OperationalError REQUEST_TIMEOUT when it is late, or the signal's reason. The work must end when its signal aborts.
 * It may call `again` to be given its whole time once more.
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal, again: () => void) => Promise<T>,
): Promise<T> {
  const { clock, ms, signal, what } = deadline
  signal.throwIfAborted()
  const abort = new AbortController()
  const gone = (): void => abort.abort(signal.reason)
  signal.addEventListener('abort', gone, { once: true })
  const late = (): void => {
    const message = `${what} did not answer within ${ms} ms`
    abort.abort(new OperationalError(message, { retryable: true, code: 'REQUEST_TIMEOUT' }))
  }
  let timer = clock.after(ms, late)
  const again = (): void => {
    timer.cancel()
    timer = clock.after(ms, late)
  }
  try {
    return await work(abort.signal, again)
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', gone)
  }
}
