// A tone that is played to one leg, on top of whatever else it hears.
import { frameMs, samplesPerFrame } from '../dsp/frame.ts'
import { addTo } from '../dsp/mix.ts'
import { ToneGenerator } from '../dsp/tone.ts'
import type { Tone } from './engine.ts'

export class LegTone {
  readonly rate: number
  readonly #generator: ToneGenerator
  readonly #frame: Int16Array
  readonly #done: () => void
  #framesLeft: number

  /** @param rate samples per second that the leg is sent */
  constructor(tone: Tone, rate: number, done: () => void) {
    this.rate = rate
    this.#generator = new ToneGenerator({ frequency: tone.frequency, sampleRate: rate, levelDbov: tone.levelDbov })
    this.#frame = new Int16Array(samplesPerFrame(rate))
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
