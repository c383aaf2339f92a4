// Token buckets: a sustained rate with a burst, one bucket per key, a bounded number of them.
import type { Clock } from '../base/time.ts'

/** `rate` per second sustained, `burst` at once. A rate of 0 turns the limit off. */
export interface Limit {
  readonly rate: number
  readonly burst: number
}

interface Bucket {
  tokens: number
  /** Monotonic milliseconds of the last refill. */
  at: number
}

export class TokenBuckets {
  readonly #limit: Limit
  readonly #clock: Pick<Clock, 'now'>
  readonly #capacity: number
  /** In order of last use, so that the one unused for longest gives way. */
  readonly #buckets = new Map<string, Bucket>()

  /** @param capacity buckets kept at most; a key whose bucket gave way starts with a full one */
  constructor(limit: Limit, clock: Pick<Clock, 'now'>, capacity = 20_000) {
    this.#limit = limit
    this.#clock = clock
    this.#capacity = capacity
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Takes one token. Answers 0, or the seconds to wait, rounded up, when there is none. */
  take(key: string): number {
    const { rate, burst } = this.#limit
    if (rate <= 0) return 0
    const now = this.#clock.now()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * rate)
    bucket.at = now
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    this.#makeRoom()
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / rate))
    bucket.tokens -= 1
    return 0
  }

  #makeRoom(): void {
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#capacity) return
      this.#buckets.delete(oldest)
    }
  }
}
