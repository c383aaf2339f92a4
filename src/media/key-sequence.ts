// Keys that are sent one after the other, counted in frames: how long each is held down, how often its end is told, and the pause behind it.
// RFC 4733 §2.5.1.4 asks for three ends; the frames of the second and third are the shortest pause there is.
import { frameMs } from '../dsp/frame.ts'

/** In the order of the event codes of RFC 4733 §3.2. */
const keys = '0123456789*#ABCD'
/** Frames in which the end is told again. */
const repeats = 2

/** Milliseconds that each key is held down, and between the release of one and the next. */
export interface KeyTiming {
  readonly durationMs: number
  readonly intervalMs: number
}

interface Key {
  readonly event: number
  readonly timing: KeyTiming
}

/** What the sequence is at in one frame. */
export type KeyPhase = 'down' | 'released' | 'pause' | 'ended'

export class KeySequence {
  readonly #queue: Key[] = []
  #frame = 0

  /** Characters that are no keys are left out. */
  add(digits: string, timing: KeyTiming): void {
    for (const digit of digits.toUpperCase()) {
      const event = keys.indexOf(digit)
      if (event >= 0) this.#queue.push({ event, timing })
    }
  }

  /** Nothing more is begun, and a key that is held is let go in the next frame. */
  cut(): void {
    const key = this.#queue[0]
    this.#queue.length = 0
    if (key === undefined || this.#frame === 0) return
    const durationMs = Math.min(key.timing.durationMs, (this.#frame + 1) * frameMs)
    const held = this.#frame < framesDown(key)
    this.#queue.push(held ? { event: key.event, timing: { durationMs, intervalMs: 0 } } : key)
  }

  /** Its RFC 4733 code; -1 when nothing is left. */
  get event(): number {
    return this.#queue[0]?.event ?? -1
  }

  /** Is this the first frame of the key? */
  get first(): boolean {
    return this.#frame === 1
  }

  /** How long the key was held down, this frame included. */
  get heldMs(): number {
    const held = this.#queue[0]?.timing.durationMs ?? 0
    return Math.min(this.#frame * frameMs, held)
  }

  /** Is the key let go by the end of this frame? */
  get over(): boolean {
    return this.heldMs >= (this.#queue[0]?.timing.durationMs ?? 0)
  }

  /** Goes on by a frame; `released` for those in which the end is told again. */
  next(): KeyPhase {
    const key = this.#queue[0]
    if (key === undefined) return 'ended'
    const down = framesDown(key)
    const told = down + repeats
    const all = down + Math.max(repeats, Math.ceil(key.timing.intervalMs / frameMs))
    if (this.#frame >= told && (this.#frame >= all || this.#queue.length === 1)) {
      this.#queue.shift()
      this.#frame = 0
      return this.next()
    }
    this.#frame += 1
    if (this.#frame <= down) return 'down'
    return this.#frame <= told ? 'released' : 'pause'
  }
}

const framesDown = ({ timing }: Key): number => Math.max(1, Math.ceil(timing.durationMs / frameMs))
