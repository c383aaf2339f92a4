// Changes the rate of a stream between 8, 16 and 48 kHz: polyphase filters with state, so that frames join without a seam and never drift.
// Up to 0.425 of the lower rate within ±0.3 dB; from half of the lower rate on, images and aliases are down by 62 dB or more.
import { Bug } from '../base/errors.ts'
import { designLowPass, type FilterDesign } from './resampler-filter.ts'

export type ResamplerRate = 8000 | 16_000 | 48_000

/** The full filter: from pass-band to stop-band between 0.425 and 0.5 of the lower rate. */
const steep = { half: 22, cutoff: 0.457, beta: 5.85 }
/** Between 16 and 48 kHz where nothing lies above 4 kHz, or where the other filter takes it away: 4 to 12 kHz to fall in. */
const gentle = { half: 4, cutoff: 0.49, beta: 6.5 }

interface Filter {
  readonly ratio: number
  readonly half: number
  /** At the higher rate, one for one. */
  readonly taps: Float64Array
  /** The same by phase, for going up: `ratio` rows of 2 · half + 1, last tap first, with a gain of `ratio`. */
  readonly phases: Float64Array
}

function buildFilter(design: FilterDesign): Filter {
  const { ratio, half } = design
  const taps = designLowPass(design)
  const width = 2 * half + 1
  const phases = new Float64Array(ratio * width)
  for (let index = 0; index < taps.length; index += 1) {
    const row = index % ratio
    const column = width - 1 - Math.floor(index / ratio)
    phases[row * width + column] = (taps[index] ?? 0) * ratio
  }
  return { ratio, half, taps, phases }
}

const double = buildFilter({ ratio: 2, ...steep })
const triple = buildFilter({ ratio: 3, ...steep })
const tripleGently = buildFilter({ ratio: 3, ...gentle })

/** The filters between two rates, from the lower to the higher. */
const ladders: Readonly<Record<string, readonly Filter[]>> = {
  '8000-8000': [],
  '16000-16000': [],
  '48000-48000': [],
  '8000-16000': [double],
  '16000-48000': [triple],
  '8000-48000': [double, tripleGently],
}

/** Samples computed at a time; buffers are longer by so many, whose results are never read. */
const block = 4

/** Samples in any form; the filters work in double precision. */
type Samples = Int16Array | Int32Array | Float32Array | Float64Array

/** One step up or down. */
class Stage {
  /** What the last call made; it may be longer than that. */
  readonly output: Float64Array
  readonly #filter: Filter
  readonly #up: boolean
  /** What came before, then the input of this call. */
  readonly #line: Float64Array
  readonly #history: number

  /** @param most samples of input in a call */
  constructor(filter: Filter, up: boolean, most: number) {
    this.#filter = filter
    this.#up = up
    this.#history = up ? 2 * filter.half : 2 * filter.half * filter.ratio
    this.#line = new Float64Array(this.#history + most + block * filter.ratio)
    this.output = new Float64Array((up ? most * filter.ratio : most / filter.ratio) + block * filter.ratio)
  }

  /** Takes the first `count` samples of `input` and returns how many samples of output they gave. */
  run(input: Samples, count: number): number {
    this.#line.set(input, this.#history)
    const made = this.#up ? this.#raise(count) : this.#lower(count)
    this.#line.copyWithin(0, count, count + this.#history)
    return made
  }

  reset(): void {
    this.#line.fill(0)
  }

  /** Four neighbours of a phase at a time: independent sums, and a coefficient and a sample loaded once for all of them. */
  #raise(count: number): number {
    const { ratio, phases, half } = this.#filter
    const line = this.#line
    const output = this.output
    const width = 2 * half + 1
    for (let index = 0; index < count; index += block) {
      for (let phase = 0; phase < ratio; phase += 1) {
        const row = phase * width
        let sum0 = 0
        let sum1 = 0
        let sum2 = 0
        let sum3 = 0
        let sample0 = line[index] ?? 0
        let sample1 = line[index + 1] ?? 0
        let sample2 = line[index + 2] ?? 0
        for (let tap = 0; tap < width; tap += 1) {
          const weight = phases[row + tap] ?? 0
          const sample3 = line[index + tap + 3] ?? 0
          sum0 += sample0 * weight
          sum1 += sample1 * weight
          sum2 += sample2 * weight
          sum3 += sample3 * weight
          sample0 = sample1
          sample1 = sample2
          sample2 = sample3
        }
        const at = index * ratio + phase
        output[at] = sum0
        output[at + ratio] = sum1
        output[at + 2 * ratio] = sum2
        output[at + 3 * ratio] = sum3
      }
    }
    return count * ratio
  }

  /** The taps are symmetric: what lies at equal distance from the middle is added before it is multiplied. Two sums at a time. */
  #lower(count: number): number {
    const { ratio, taps, half } = this.#filter
    const line = this.#line
    const output = this.output
    const middle = ratio * half
    const made = count / ratio
    for (let index = 0; index < made; index += 2) {
      const from = index * ratio
      const to = from + 2 * middle
      const weight = taps[middle] ?? 0
      let sum0 = (line[from + middle] ?? 0) * weight
      let sum1 = (line[from + middle + ratio] ?? 0) * weight
      for (let tap = 0; tap < middle; tap += 1) {
        const tapWeight = taps[tap] ?? 0
        sum0 += ((line[from + tap] ?? 0) + (line[to - tap] ?? 0)) * tapWeight
        sum1 += ((line[from + ratio + tap] ?? 0) + (line[to + ratio - tap] ?? 0)) * tapWeight
      }
      output[index] = sum0
      output[index + 1] = sum1
    }
    return made
  }
}

export class Resampler {
  readonly from: ResamplerRate
  readonly to: ResamplerRate
  /** How late the output is, samples of the output; always whole, and whole in samples of the input, too. */
  readonly delay: number
  readonly #stages: readonly Stage[]
  /** Most samples that a call takes: 20 ms. */
  readonly #most: number
  /** Input comes in whole numbers of these. */
  readonly #grain: number

  constructor(from: ResamplerRate, to: ResamplerRate) {
    this.from = from
    this.to = to
    this.#most = from / 50
    this.#grain = Math.max(1, from / to)
    const up = to > from
    const filters = ladders[up ? `${from}-${to}` : `${to}-${from}`] ?? []
    const stages: Stage[] = []
    let most = this.#most
    let seconds = 0
    let lower = Math.min(from, to)
    for (const filter of filters) {
      seconds += filter.half / lower
      lower *= filter.ratio
    }
    for (const filter of up ? filters : [...filters].reverse()) {
      const stage = new Stage(filter, up, most)
      stages.push(stage)
      most = stage.output.length
    }
    this.#stages = stages
    this.delay = Math.round(seconds * to)
  }

  /** Fills `output` with what `input` becomes; 20 ms at most, and as long as each other. Peaks beyond 16 bits are clipped. */
  process(input: Int16Array, output: Int16Array): void {
    const made = this.#run(input, output.length)
    for (let index = 0; index < output.length; index += 1) {
      const sample = Math.round(made[index] ?? 0)
      output[index] = Math.max(-32768, Math.min(32767, sample))
    }
  }

  /** The same for a sum that has not been limited yet. */
  processSum(input: Int32Array, output: Int32Array): void {
    const made = this.#run(input, output.length)
    for (let index = 0; index < output.length; index += 1) output[index] = Math.round(made[index] ?? 0)
  }

  /** Forgets what came before. */
  reset(): void {
    for (const stage of this.#stages) stage.reset()
  }

  #run(input: Int16Array | Int32Array, wanted: number): Samples {
    const fits = input.length <= this.#most && input.length % this.#grain === 0
    if (!fits || input.length * this.to !== wanted * this.from)
      throw new Bug(`cannot make ${wanted} samples at ${this.to} Hz of ${input.length} at ${this.from} Hz`)
    let samples: Samples = input
    let count = input.length
    for (const stage of this.#stages) {
      count = stage.run(samples, count)
      samples = stage.output
    }
    return samples
  }
}
