// The id of a request, in its X-Request-Id header, in errors and in the log.
import { randomBytes } from 'node:crypto'

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const length = 26
/** Ids whose randomness is fetched at once: asking the system costs more than the rest. */
const ahead = 64

/** Answers ids: the caller's own when it is 1-64 characters of `[A-Za-z0-9_-]`, a new one otherwise. */
export function requestIds(): (given: unknown) => string {
  let random = randomBytes(0)
  let used = 0
  return (given) => {
    if (typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given)) return given
    if (used >= random.length) {
      random = randomBytes(length * ahead)
      used = 0
    }
    let id = 'req_'
    for (const end = used + length; used < end; used += 1) id += base32.charAt((random[used] ?? 0) & 31)
    return id
  }
}
