// A tone that is played to one leg, on top of whatever else it hears.
import { frameMs, frameSamples, sampleRate } from '../dsp/frame.ts'
import { addTo } from '../dsp/mix.ts'
import { ToneGenerator } from '../dsp/tone.ts'
import type { Tone } from './engine.ts'

export class LegTone {
  readonly #generator: ToneGenerator
  readonly #frame = new Int16Array(frameSamples)
  readonly #done: () => void
  #framesLeft: number

  constructor(tone: Tone, done: () => void) {
    this.#generator = new ToneGenerator({ frequency: tone.frequency, sampleRate, levelDbov: tone.levelDbov })
    this.#framesLeft = Math.ceil(tone.durationMs / frameMs)
    this.#done = done
  }

  get ended(): boolean {
    return this.#framesLeft <= 0
  }

  /** Adds the next frame to a sum. */
  addTo(sum: Int32Array): void {
    this.#framesLeft -= 1
    this.#generator.fill(this.#frame)
    addTo(sum, this.#frame)
  }

  /** Ended, replaced or the leg closed: whoever waits for it is told. */
  finish(): void {
    this.#done()
  }
}
