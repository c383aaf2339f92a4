// Calls a tick every 20 ms at deadlines that do not drift. A late wake-up first lets waiting datagrams in, then catches up one tick
// at a time; what cannot be caught up with is skipped and counted. Idle, it does not run at all.
import type { Clock, Timer } from '../base/time.ts'

export interface TickerSettings {
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly intervalMs: number
  readonly tick: (now: number) => void
  /** So many ticks will never come. */
  readonly skip: (ticks: number) => void
}

/** Since the ticker was made. Lateness in milliseconds after the deadline. */
export interface TickerLoad {
  readonly ticks: number
  readonly skipped: number
  readonly latenessP50: number
  readonly latenessP99: number
  readonly latenessMax: number
  /** Milliseconds spent in ticks. */
  readonly busyMs: number
}

/** Ticks made up for after a stall; more would only fill the far end's jitter buffer. */
const maxBehind = 5
/** A wake-up later than this lets the event loop read datagrams before the tick. */
const lateMs = 3
/** Lateness is counted in steps of a quarter of a millisecond. */
const stepsPerMs = 4

export class Ticker {
  readonly #settings: TickerSettings
  readonly #lateness = new Uint32Array(64 * stepsPerMs)
  #timer: Timer | undefined
  #next = 0
  #deferred = false
  #ticks = 0
  #skipped = 0
  #latenessMax = 0
  #busyMs = 0

  constructor(settings: TickerSettings) {
    this.#settings = settings
  }

  get load(): TickerLoad {
    return {
      ticks: this.#ticks,
      skipped: this.#skipped,
      latenessP50: this.#percentile(0.5),
      latenessP99: this.#percentile(0.99),
      latenessMax: this.#latenessMax,
      busyMs: this.#busyMs,
    }
  }

  start(): void {
    if (this.#timer) return
    this.#next = this.#settings.clock.now() + this.#settings.intervalMs
    this.#arm(this.#settings.intervalMs)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#deferred = false
  }

  readonly #wake = (): void => {
    const { clock, intervalMs } = this.#settings
    const now = clock.now()
    const late = now - this.#next
    // Timers count whole milliseconds and may be a little early.
    if (late < -1) {
      this.#arm(-late)
      return
    }
    if (late > lateMs && !this.#deferred) {
      this.#deferred = true
      this.#arm(0)
      return
    }
    this.#deferred = false
    const behind = Math.floor(late / intervalMs) - maxBehind
    if (behind > 0) {
      this.#skipped += behind
      this.#next += behind * intervalMs
      this.#settings.skip(behind)
    }
    this.#run(now)
  }

  #run(now: number): void {
    const { clock, intervalMs, tick } = this.#settings
    this.#count(Math.max(0, now - this.#next))
    this.#next += intervalMs
    // A stop within the tick wins.
    this.#arm(Math.max(0, this.#next - now))
    tick(now)
    this.#busyMs += clock.now() - now
  }

  #arm(ms: number): void {
    this.#timer = this.#settings.clock.after(ms, this.#wake)
  }

  #count(late: number): void {
    this.#ticks += 1
    this.#latenessMax = Math.max(this.#latenessMax, late)
    const step = Math.min(this.#lateness.length - 1, Math.floor(late * stepsPerMs))
    this.#lateness[step] = (this.#lateness[step] ?? 0) + 1
  }

  #percentile(share: number): number {
    let left = this.#ticks * share
    for (let step = 0; step < this.#lateness.length; step += 1) {
      left -= this.#lateness[step] ?? 0
      if (left <= 0) return step / stepsPerMs
    }
    return this.#latenessMax
  }
}
