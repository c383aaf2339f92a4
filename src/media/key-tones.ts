// Keys sent to one phone as pairs of tones (ITU-T Q.23) on top of what it hears, for phones that did not agree on telephone events.
import { ToneGenerator } from '../dsp/tone.ts'
import { KeySequence, type KeyTiming } from './key-sequence.ts'
import type { MixMember, MixRate } from './mix-member.ts'

/** Hertz, by the event codes 0-9 * # A-D. */
const rows = [941, 697, 697, 697, 770, 770, 770, 852, 852, 852, 941, 941, 697, 770, 852, 941]
const columns = [1336, 1209, 1336, 1477, 1209, 1336, 1477, 1209, 1336, 1477, 1209, 1477, 1633, 1633, 1633, 1633]
/** Of each of the two, dBov: −7 dBm0 and −9 dBm0 as Q.24 likes them, the higher one louder. */
const rowLevel = -15
const columnLevel = -13

export class KeyTones implements MixMember {
  readonly speaks: MixRate
  readonly hears = 0
  readonly #sequence = new KeySequence()
  readonly #ended: () => void
  #row: ToneGenerator | undefined
  #column: ToneGenerator | undefined
  #second = new Int16Array(0)

  /** `ended` is called within the frame in which nothing is left; the member leaves by it. */
  constructor(rate: MixRate, keys: KeyTiming & { readonly digits: string }, ended: () => void) {
    this.speaks = rate
    this.#sequence.add(keys.digits, keys)
    this.#ended = ended
  }

  pull(out: Int16Array): boolean {
    const phase = this.#sequence.next()
    if (phase === 'ended') this.#ended()
    if (phase !== 'down') return false
    if (this.#sequence.first) this.#begin(this.#sequence.event, out.length)
    this.#row?.fill(out)
    this.#column?.fill(this.#second)
    for (let index = 0; index < out.length; index += 1) out[index] = (out[index] ?? 0) + (this.#second[index] ?? 0)
    return true
  }

  push(): void {}

  #begin(event: number, samples: number): void {
    const sampleRate = this.speaks
    this.#row = new ToneGenerator({ frequency: rows[event] ?? 0, sampleRate, levelDbov: rowLevel })
    this.#column = new ToneGenerator({ frequency: columns[event] ?? 0, sampleRate, levelDbov: columnLevel })
    if (this.#second.length !== samples) this.#second = new Int16Array(samples)
  }
}
