// The keys of one call run, all of them from its first action to its last: those that `digits_receive` collects, and those
// pressed outside it, which overwrite the variable but are kept for the next `digits_receive`.
import type { Clock } from '../base/time.ts'
import type { CallAudio } from './ports.ts'
import type { Variables } from './variables.ts'

export const digitsVariable = 'voipbin.call.digits'

/** Keys that one collection or the time before it may hold; a collection ends there. */
const maxDigits = 1000

/** Keys further apart than this, ms, are not one input: what is older is not kept for a later collection. */
const oneInputMs = 15_000

export interface DigitsWanted {
  /** Of the whole value; 0 for any. */
  readonly length: number
  /** Each of these keys ends the collection. */
  readonly endKeys: string
}

interface Reading {
  readonly wanted: DigitsWanted
  value: string
  readonly finish: () => void
}

export class DigitCollector {
  readonly #variables: Variables
  readonly #clock: Pick<Clock, 'now'>
  readonly #forget: () => void
  #reading: Reading | undefined
  /** Pressed while nothing collected, and not used since. */
  #ahead = ''
  /** What the last key outside a collection made of the variable; undefined when there was none since the last collection. */
  #shown: string | undefined
  /** The value that the last collection ended with because it was complete. */
  #complete: string | undefined
  /** When a key was pressed outside a collection, monotonic ms. */
  #pressedAt = 0

  constructor(audio: Pick<CallAudio, 'onDigit'>, variables: Variables, clock: Pick<Clock, 'now'>) {
    this.#variables = variables
    this.#clock = clock
    this.#forget = audio.onDigit((digit) => this.#press(digit))
  }

  close(): void {
    this.#forget()
  }

  /**
   * Appends keys to the variable until it is as wanted or `signal` aborts. Keys pressed before count first. A value that
   * is as wanted already ends it at once, unless it is what an earlier collection ended with: that one is replaced.
   */
  async receive(wanted: DigitsWanted, signal: AbortSignal): Promise<void> {
    const begun = this.#begin(wanted)
    if (isAsWanted(begun, wanted)) {
      this.#complete = begun
      return
    }
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        signal.removeEventListener('abort', finish)
        this.#reading = undefined
        resolve()
      }
      this.#reading = { wanted, value: begun, finish }
      signal.addEventListener('abort', finish)
    })
  }

  /** The value to go on with, in the variable too. */
  #begin(wanted: DigitsWanted): string {
    this.#forgetUsed()
    if (this.#shown === undefined) this.#forgetOld()
    const present = this.#variables.get(digitsVariable) ?? ''
    const isStale = present === this.#complete && isAsWanted(present, wanted)
    let value = this.#shown !== undefined || isStale ? '' : present
    while (this.#ahead !== '' && !isAsWanted(value, wanted)) {
      value += this.#ahead.charAt(0)
      this.#ahead = this.#ahead.slice(1)
    }
    this.#shown = undefined
    this.#complete = undefined
    this.#variables.set(digitsVariable, value)
    return value
  }

  #press(digit: string): void {
    const reading = this.#reading
    if (!reading) {
      this.#forgetUsed()
      this.#forgetOld()
      this.#pressedAt = this.#clock.now()
      this.#ahead = (this.#ahead + digit).slice(-maxDigits)
      this.#shown = digit
      this.#variables.set(digitsVariable, digit)
      return
    }
    reading.value += digit
    this.#variables.set(digitsVariable, reading.value)
    if (!isAsWanted(reading.value, reading.wanted)) return
    this.#complete = reading.value
    reading.finish()
  }

  /** Keys pressed so far were meant for something else: no later collection counts them. The variable stays. */
  useUp(): void {
    this.#ahead = ''
  }

  #forgetOld(): void {
    if (this.#clock.now() - this.#pressedAt > oneInputMs) this.#ahead = ''
  }

  /** Keys outside a collection are used up once another action has changed the variable: a branch did, for one. */
  #forgetUsed(): void {
    if (this.#shown === undefined || this.#variables.get(digitsVariable) === this.#shown) return
    this.#ahead = ''
    this.#shown = undefined
  }
}

function isAsWanted(value: string, { length, endKeys }: DigitsWanted): boolean {
  if (value.length >= maxDigits || (length > 0 && value.length >= length)) return true
  return [...endKeys].some((key) => value.includes(key))
}
