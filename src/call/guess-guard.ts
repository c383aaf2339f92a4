// Slows down an address that tries wrong hashes: the first few are answered at once, each further one waits longer.
// A 48-bit hash cannot be guessed at this pace, and an honest typo costs nothing.

const free = 10
const windowMs = 60_000
const longestMs = 8_000
const maxAddresses = 10_000

interface Record {
  misses: number
  since: number
}

export class GuessGuard {
  readonly #records = new Map<string, Record>()

  /** Notes a wrong guess and answers how many milliseconds to hold the refusal back, and the count of misses in the window. */
  miss(address: string, now: number): { readonly delayMs: number; readonly misses: number } {
    const known = this.#records.get(address)
    const record = known === undefined || now - known.since > windowMs ? { misses: 0, since: now } : known
    record.misses += 1
    this.#records.delete(address)
    this.#records.set(address, record)
    if (this.#records.size > maxAddresses) {
      const oldest = this.#records.keys().next().value
      if (oldest !== undefined) this.#records.delete(oldest)
    }
    const over = record.misses - free
    return { delayMs: over <= 0 ? 0 : Math.min(longestMs, 250 * 2 ** Math.min(over, 5)), misses: record.misses }
  }
}
