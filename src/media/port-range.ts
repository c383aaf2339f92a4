// Hands out even ports of a range in rotation. A port that was given back rests a while, so that packets of the old call
// do not reach the new one; only when nothing else is left is the longest rested one taken early.

const restMs = 10_000

export interface PortRangeOptions {
  /** Inclusive. */
  readonly min: number
  readonly max: number
}

export class PortRange {
  readonly #ports: number[] = []
  readonly #used = new Set<number>()
  readonly #rested = new Map<number, number>()
  #next = 0

  /** `start` in [0, 1) says where the rotation begins. */
  constructor(options: PortRangeOptions, start = 0) {
    for (let port = options.min + (options.min % 2); port + 1 <= options.max; port += 2) this.#ports.push(port)
    this.#next = Math.floor(start * this.#ports.length)
  }

  /** Even ports in the range. */
  get size(): number {
    return this.#ports.length
  }

  /** The next free even port that is not in `refused`, or undefined. `now` in monotonic milliseconds. */
  take(now: number, refused: ReadonlySet<number>): number | undefined {
    for (let step = 0; step < this.#ports.length; step += 1) {
      const index = (this.#next + step) % this.#ports.length
      const port = this.#ports[index]
      if (port === undefined || this.#used.has(port) || refused.has(port) || (this.#rested.get(port) ?? 0) > now)
        continue
      this.#next = index + 1
      return this.#use(port)
    }
    // Map order is the order of giving back.
    for (const port of this.#rested.keys()) if (!refused.has(port)) return this.#use(port)
    return undefined
  }

  /** Marks a port as used that was not handed out by `take`. */
  claim(port: number): void {
    if (this.#ports.includes(port)) this.#use(port)
  }

  /** Takes a port back after use, to rest. One of another range is not ours to hand out. */
  release(port: number, now: number): void {
    if (!this.#used.delete(port)) return
    this.#rested.delete(port)
    this.#rested.set(port, now + restMs)
  }

  /** Takes a port back that somebody else has; nothing was sent to it on our behalf. */
  refuse(port: number): void {
    this.#used.delete(port)
  }

  #use(port: number): number {
    this.#rested.delete(port)
    this.#used.add(port)
    return port
  }
}
