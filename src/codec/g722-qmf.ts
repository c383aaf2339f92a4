// The quadrature mirror filters of G.722 (ITU-T G.722 §3.1, §4.4): 16 kHz into two bands of 8 kHz, and back. Each adds 11 samples of delay.
// Bands are 15 bits wide; the upper band comes out with its frequencies mirrored, as the Recommendation has it.
import { qmfTaps } from './g722-tables.ts'

/** Samples of the past that a filter needs before the newest pair. */
const history = 22
/** Pairs filtered at a time; a 20 ms frame. */
const most = 160
const limit = (sample: number): number => Math.max(-16384, Math.min(16383, sample))
const clamp = (sample: number): number => Math.max(-32768, Math.min(32767, sample))

/** The line of samples and the two branches of the filter that run over it. Sums of 16-bit products stay exact in 32 bits. */
class Branches {
  /** The past, then room for what a call brings. */
  readonly line = new Int32Array(history + 2 * most)
  /** Sums over the earlier sample of each pair, and over the later one. */
  readonly early = new Int32Array(most)
  readonly late = new Int32Array(most)

  /** Filters `pairs` pairs that were written to the line after the past; they are the past of the next call. */
  filter(pairs: number): void {
    const { line, early, late } = this
    for (let pair = 0; pair < pairs; pair += 1) {
      let first = 0
      let second = 0
      for (let tap = 0; tap < 12; tap += 1) {
        first = (first + Math.imul(line[2 * (pair + tap)] ?? 0, qmfTaps[tap] ?? 0)) | 0
        second = (second + Math.imul(line[2 * (pair + tap) + 1] ?? 0, qmfTaps[11 - tap] ?? 0)) | 0
      }
      early[pair] = first
      late[pair] = second
    }
    line.copyWithin(0, 2 * pairs, 2 * pairs + history)
  }
}

/** Splits 16 kHz samples. `lower` and `upper` hold the bands of the last call. */
export class Analysis {
  readonly lower = new Int16Array(most)
  readonly upper = new Int16Array(most)
  readonly #branches = new Branches()

  /** Takes as many pairs as fit and returns their number. */
  split(pcm: Int16Array, from: number): number {
    const { line, early, late } = this.#branches
    const pairs = Math.min(most, (pcm.length - from) >> 1)
    for (let index = 0; index < 2 * pairs; index += 1) line[history + index] = pcm[from + index] ?? 0
    this.#branches.filter(pairs)
    for (let pair = 0; pair < pairs; pair += 1) {
      const first = early[pair] ?? 0
      const second = late[pair] ?? 0
      this.lower[pair] = limit((second + first) >> 14)
      this.upper[pair] = limit((second - first) >> 14)
    }
    return pairs
  }

  copy(from: Analysis): void {
    this.#branches.line.set(from.#branches.line)
  }

  reset(): void {
    this.#branches.line.fill(0)
  }
}

/** Joins two bands into 16 kHz samples. */
export class Synthesis {
  readonly lower = new Int16Array(most)
  readonly upper = new Int16Array(most)
  readonly #branches = new Branches()

  /** Most pairs that one call joins. */
  static readonly pairs = most

  /** Joins the first `pairs` samples of both bands into `pcm` from `at` on. */
  join(pairs: number, pcm: Int16Array, at: number): void {
    const { line, early, late } = this.#branches
    for (let pair = 0; pair < pairs; pair += 1) {
      const lower = this.lower[pair] ?? 0
      const upper = this.upper[pair] ?? 0
      line[history + 2 * pair] = lower + upper
      line[history + 2 * pair + 1] = lower - upper
    }
    this.#branches.filter(pairs)
    for (let pair = 0; pair < pairs; pair += 1) {
      pcm[at + 2 * pair] = clamp((late[pair] ?? 0) >> 11)
      pcm[at + 2 * pair + 1] = clamp((early[pair] ?? 0) >> 11)
    }
  }

  reset(): void {
    this.#branches.line.fill(0)
  }
}
