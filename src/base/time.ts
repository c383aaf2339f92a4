// Time: the API's timestamp format, the clock interface that everything above the protocol cores is given,
// and microsecond timestamps that never repeat.

/** `tm_delete` of what is not deleted. */
export const notDeleted = '9999-01-01 00:00:00.000000'

/** Wakes a callback; cancelling twice or after the fact is harmless. */
export interface Timer {
  cancel(): void
}

/** Both clocks of a process. Tests pass a virtual one; only shells know the real one. */
export interface Clock {
  /** Monotonic milliseconds, fraction included. */
  now(): number
  /** Wall clock, microseconds since 1970 UTC. */
  wallMicros(): number
  /** Calls back once after `ms` milliseconds; any length, also over 2^31. */
  after(ms: number, run: () => void): Timer
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, of microseconds since 1970. Sorts as text. */
export function formatTimestamp(micros: number): string {
  const ms = Math.floor(micros / 1000)
  const rest = String(micros - ms * 1000).padStart(3, '0')
  return `${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}${rest}`
}

const accepted = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z?$/

/** The canonical text of a timestamp in any accepted style (`T` or space, with or without `Z`), or undefined. */
export function parseTimestamp(text: string): string | undefined {
  const match = accepted.exec(text)
  if (!match || Number.isNaN(Date.parse(`${match[1]}T${match[2]}Z`))) return undefined
  return `${match[1]} ${match[2]}.${(match[3] ?? '').padEnd(6, '0')}`
}

/** Hands out wall-clock timestamps that strictly grow, so that one table never holds the same `tm_create` twice. */
export class TimestampSource {
  readonly #clock: Pick<Clock, 'wallMicros'>
  #last: number

  /** @param notBefore microseconds of the newest timestamp handed out by an earlier process */
  constructor(clock: Pick<Clock, 'wallMicros'>, notBefore = 0) {
    this.#clock = clock
    this.#last = notBefore
  }

  next(): string {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#clock.wallMicros()))
    return formatTimestamp(this.#last)
  }
}
