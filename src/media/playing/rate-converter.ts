// Changes the rate of what is played from whatever a file has to the rate of the mix: one polyphase filter for any ratio of whole numbers.
// For the file thread: filters are built when a file starts. Between the rates of mixes on the tick, `dsp/resampler.ts` is cheaper.
import { designLowPass } from '../../dsp/resampler-filter.ts'

/** Rates are taken to the next multiple of this, so that filters stay small; off by 0.2 % at worst, at rates that nobody uses. */
const grain = 25
/** From pass-band to stop-band between 0.425 and 0.5 of the lower rate. */
const shape = { half: 22, cutoff: 0.457, beta: 5.85 }

export class RateConverter {
  readonly #up: number
  readonly #down: number
  /** By phase, last tap first. */
  readonly #phases: Float32Array
  readonly #width: number
  /** What came before and is still needed, then the input. */
  #line: Float32Array
  #history: number
  /** Position of the next output, in samples of the common multiple of both rates, from the start of the line. */
  #position: number

  constructor(from: number, to: number) {
    const source = Math.max(grain, Math.round(from / grain) * grain)
    const divisor = greatestCommonDivisor(source, to)
    this.#up = to / divisor
    this.#down = source / divisor
    const ratio = Math.max(this.#up, this.#down)
    const taps = this.#up === this.#down ? Float64Array.of(1) : designLowPass({ ratio, ...shape })
    this.#width = Math.ceil(taps.length / this.#up)
    this.#phases = new Float32Array(this.#up * this.#width)
    for (let index = 0; index < taps.length; index += 1) {
      const column = this.#width - 1 - Math.floor(index / this.#up)
      this.#phases[(index % this.#up) * this.#width + column] = (taps[index] ?? 0) * this.#up
    }
    // The filter's delay is skipped, so that the first sample out is the first sample in.
    this.#history = this.#width - 1
    this.#line = new Float32Array(this.#history)
    this.#position = this.#history * this.#up + (taps.length - 1) / 2
  }

  /** What these samples become; a little less at first, the rest with the next call or `end`. */
  convert(input: Int16Array): Int16Array {
    const line = new Float32Array(this.#history + input.length)
    line.set(this.#line)
    line.set(input, this.#history)
    const limit = line.length * this.#up
    const output = new Int16Array(Math.max(0, Math.ceil((limit - this.#position) / this.#down)))
    for (let index = 0; index < output.length; index += 1) {
      output[index] = this.#sample(line, this.#position)
      this.#position += this.#down
    }
    const used = Math.min(line.length, Math.max(0, Math.floor(this.#position / this.#up) - this.#width + 1))
    this.#line = line.slice(used)
    this.#history = this.#line.length
    this.#position -= used * this.#up
    return output
  }

  /** What is still inside. */
  end(): Int16Array {
    return this.convert(new Int16Array(this.#width >> 1))
  }

  #sample(line: Float32Array, position: number): number {
    const newest = Math.floor(position / this.#up)
    const row = (position % this.#up) * this.#width
    const oldest = newest - this.#width + 1
    let sum = 0
    for (let tap = 0; tap < this.#width; tap += 1) sum += (line[oldest + tap] ?? 0) * (this.#phases[row + tap] ?? 0)
    return Math.max(-32768, Math.min(32767, Math.round(sum)))
  }
}

const greatestCommonDivisor = (one: number, other: number): number =>
  other === 0 ? one : greatestCommonDivisor(other, one % other)
