// Timer values of RFC 3261 §17 and RFC 6026, and the queue of deadlines that a core without a clock keeps.
// An indexed binary heap: the next deadline is read in O(1), set and cancelled in O(log n), and nothing stale stays inside.

/** Round-trip estimate, ms. */
export const T1 = 500
/** Longest retransmission interval of non-INVITE requests and INVITE responses, ms. */
export const T2 = 4000
/** How long a message may live in the network, ms. */
export const T4 = 5000
/** Timers B, F, H, L, M, and J over UDP, ms. */
export const transactionLifetime = 64 * T1
/** Timer D over UDP, ms. */
export const timerDUnreliable = 32_000

export interface Deadline {
  readonly at: number
  readonly why: string
}

interface Entry extends Deadline {
  readonly order: number
  readonly run: () => void
  /** Place in the heap; -1 when it is not in it. */
  place: number
}

/** Deadlines in order of time, equal times in order of setting. `now` is the time of the input being handled. */
export class TimerQueue {
  readonly #heap: Entry[] = []
  #now = 0
  #order = 0

  get now(): number {
    return this.#now
  }

  get size(): number {
    return this.#heap.length
  }

  /** Calls `run` at the first `advance` that reaches `now + ms`. */
  after(ms: number, why: string, run: () => void): Deadline {
    const entry: Entry = { at: this.#now + ms, why, run, order: this.#order++, place: this.#heap.length }
    this.#heap.push(entry)
    this.#up(entry)
    return entry
  }

  /** Cancelling twice or after the fact is harmless. */
  cancel(deadline: Deadline | undefined): void {
    const entry = deadline as Entry | undefined
    if (entry !== undefined && entry.place >= 0) this.#remove(entry)
  }

  /** The earliest deadline, or undefined. */
  next(): Deadline | undefined {
    const first = this.#heap[0]
    return first && { at: first.at, why: first.why }
  }

  /** Sets the time without running anything; it never goes back. */
  observe(now: number): void {
    if (now > this.#now) this.#now = now
  }

  /** Runs all that is due, earliest first, those set meanwhile included. */
  runDue(): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= this.#now; first = this.#heap[0]) {
      this.#remove(first)
      first.run()
    }
  }

  #remove(entry: Entry): void {
    const last = this.#heap.pop()
    if (last !== undefined && last !== entry) {
      this.#put(last, entry.place)
      this.#up(last)
      this.#down(last)
    }
    entry.place = -1
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry
    entry.place = place
  }

  #up(entry: Entry): void {
    while (entry.place > 0) {
      const parent = this.#heap[(entry.place - 1) >> 1]
      if (parent === undefined || !before(entry, parent)) return
      this.#swap(entry, parent)
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1]
      const right = this.#heap[2 * entry.place + 2]
      const child = left !== undefined && right !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, entry)) return
      this.#swap(entry, child)
    }
  }

  #swap(one: Entry, other: Entry): void {
    const place = one.place
    this.#put(one, other.place)
    this.#put(other, place)
  }
}

const before = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
