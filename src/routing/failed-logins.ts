// Slows down whoever tries passwords, by source address and by account: the first few failures are answered at once, each further one
// waits longer, then nothing is looked at for a while. A phone that logged in before is counted by itself, so that nobody can lock it out.
import ipaddr from 'ipaddr.js'

/** Failures that are answered at once, and those after which everything is refused until the window ends. */
const free = 10
const most = 30
const windowMs = 15 * 60_000
const firstDelayMs = 250
const longestDelayMs = 8_000
/** Least recently used ones are forgotten beyond. */
const mostRecords = 10_000
const mostKnown = 20_000

interface Failures {
  count: number
  since: number
}

/** Who tries which account; times in milliseconds of a monotonic clock. */
export interface Attempt {
  /** Numeric address. */
  readonly source: string
  /** The account as claimed, whether it exists or not. */
  readonly account: string
  readonly now: number
}

export class FailedLogins {
  readonly #failures = new Map<string, Failures>()
  /** Source and account that once fitted together. */
  readonly #known = new Set<string>()

  /** Records kept now, both kinds. */
  get size(): number {
    return this.#failures.size + this.#known.size
  }

  /** Seconds until this caller is listened to again; 0 when it is now. */
  refusedFor(attempt: Attempt): number {
    const waits = this.#keysOf(attempt).map((key) => {
      const record = this.#failures.get(key)
      return record === undefined || record.count < most ? 0 : record.since + windowMs - attempt.now
    })
    return Math.max(0, Math.ceil(Math.max(...waits) / 1000))
  }

  /** Notes a wrong password or an unknown account; answers how many milliseconds to hold the refusal back. */
  failed(attempt: Attempt): number {
    const counts = this.#keysOf(attempt).map((key) => {
      const known = this.#failures.get(key)
      const record = known === undefined || attempt.now - known.since >= windowMs ? begun(attempt.now) : known
      record.count += 1
      this.#failures.delete(key)
      this.#failures.set(key, record)
      return record.count
    })
    shed(this.#failures, mostRecords)
    const over = Math.max(...counts) - free
    return over <= 0 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(over, 8))
  }

  succeeded(attempt: Attempt): void {
    const pair = pairOf(attempt)
    this.#failures.delete(pair)
    this.#known.delete(pair)
    this.#known.add(pair)
    shed(this.#known, mostKnown)
  }

  #keysOf(attempt: Attempt): readonly string[] {
    const pair = pairOf(attempt)
    return this.#known.has(pair) ? [pair] : [`s ${network(attempt.source)}`, `a ${attempt.account}`]
  }
}

const begun = (now: number): Failures => ({ count: 0, since: now })

const pairOf = ({ source, account }: Attempt): string => `p ${network(source)} ${account}`

/** One subscriber of IPv6 has a /64 at least, and would otherwise have as many tries as addresses. */
function network(source: string): string {
  if (!source.includes(':') || !ipaddr.IPv6.isValid(source)) return source
  return ipaddr.IPv6.parse(source).parts.slice(0, 4).join(':')
}

function shed(
  records: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean },
  most: number,
): void {
  while (records.size > most) {
    const oldest = records.keys().next().value
    if (oldest === undefined) return
    records.delete(oldest)
  }
}
