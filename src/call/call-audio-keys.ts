// The keys that a phone presses, however they come: RFC 4733 events from the engine, INFO bodies, or both for the same press, which counts once.

/** How a key came. */
export type KeyPath = 'event' | 'info'

export interface PressedKey {
  /** One of 0-9 A-D * #. */
  readonly digit: string
  readonly durationMs: number
}

interface Told extends PressedKey {
  readonly path: KeyPath
  readonly at: number
}

/** Besides its duration, how far apart the two tellings of one press may be, ms: an event is known at its end, INFO may come at the start. */
const apartMs = 500
/** When INFO does not tell how long the key was held, ms. */
const usualMs = 250

export class KeyMerger {
  /** Keys that were told, and not yet told on the other path. */
  #told: Told[] = []

  /** Whether the press is a new one. `now` in monotonic milliseconds. */
  isNew(path: KeyPath, key: PressedKey, now: number): boolean {
    this.#told = this.#told.filter((told) => now - told.at <= apartMs + Math.max(told.durationMs, key.durationMs))
    const index = this.#told.findIndex((told) => told.path !== path && told.digit === key.digit)
    if (index >= 0) {
      this.#told.splice(index, 1)
      return false
    }
    this.#told.push({ ...key, path, at: now })
    return true
  }
}

/**
 * The key of an INFO: `application/dtmf-relay` with lines `Signal=5` and `Duration=160` (ms), or `application/dtmf` with the key alone.
 * `*` and `#` may be written as 10 and 11. Undefined for anything else.
 */
export function readInfoKey(contentType: string, body: string): PressedKey | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/dtmf') return pressed(body, undefined)
  if (type !== 'application/dtmf-relay') return undefined
  return pressed(field(body, 'signal'), field(body, 'duration'))
}

function pressed(signal: string | undefined, duration: string | undefined): PressedKey | undefined {
  const digit = keyOf(signal?.trim().toUpperCase() ?? '')
  if (digit === undefined) return undefined
  const ms = Number(duration)
  return { digit, durationMs: Number.isFinite(ms) && ms > 0 ? Math.min(ms, 5000) : usualMs }
}

function keyOf(signal: string): string | undefined {
  if (signal === '10') return '*'
  if (signal === '11') return '#'
  return /^[0-9A-D*#]$/.test(signal) ? signal : undefined
}

const field = (body: string, name: string): string | undefined =>
  new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*([^\\r\\n]*)`, 'im').exec(body)?.[1]
