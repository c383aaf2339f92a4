// Packet-loss concealment for waveform codecs at any rate, after the idea of ITU-T G.711 Appendix I: go on with the last pitch periods,
// with more of them as time passes so that it does not buzz, and fade to nothing within 60 ms.

/** Samples per millisecond at a rate; all lengths below are in eighths of a millisecond, the sample of 8 kHz. */
const unitsPerSecond = 8000
/** 48.75 ms of what was played: three of the longest pitch periods and the overlap. */
const historyUnits = 390
/** Pitch of 66 to 200 Hz. */
const minPitchUnits = 40
const maxPitchUnits = 120
/** Length compared to find the pitch. */
const templateUnits = 160
const holdUnits = 80
const fadeUnits = 480
const blendUnits = 32
/** Samples between those compared in the coarse search, in units. */
const strideUnits = 2

const nothing = new Int16Array(0)
const none = new Float32Array(0)

export class Concealment {
  readonly #unit: number
  /** What was played last; the oldest sample is at `#oldest`. There is none until something was. */
  #heard: Int16Array = nothing
  #oldest = 0
  /** The same, oldest first, when something has been lost. */
  #history: Float32Array = none
  /** The last one to three pitch periods, their seam smoothed. */
  #cycle: Float32Array = none
  #pitch = 0
  #made = 0
  #position = 0
  #periods = 1

  /** @param sampleRate a multiple of 8000 */
  constructor(sampleRate: number) {
    this.#unit = sampleRate / unitsPerSecond
  }

  /** Writes `count` made-up samples. */
  conceal(pcm: Int16Array, at: number, count: number): void {
    if (this.#made === 0) this.#begin()
    for (let index = 0; index < count; index += 1) pcm[at + index] = Math.round(this.#next())
  }

  /** Blends the first decoded samples after a loss into the made-up ones, and remembers the decoded ones. */
  resume(pcm: Int16Array, at: number, count: number): void {
    if (this.#made > 0) {
      const length = Math.min(blendUnits * this.#unit, count)
      for (let index = 0; index < length; index += 1) {
        const share = (index + 1) / (length + 1)
        pcm[at + index] = Math.round((pcm[at + index] ?? 0) * share + this.#next() * (1 - share))
      }
      this.#made = 0
    }
    this.#remember(pcm, at, count)
  }

  reset(): void {
    this.#heard = nothing
    this.#oldest = 0
    this.#history = none
    this.#cycle = none
    this.#made = 0
  }

  #remember(pcm: Int16Array, at: number, count: number): void {
    if (this.#heard === nothing) this.#heard = new Int16Array(historyUnits * this.#unit)
    const heard = this.#heard
    const { length } = heard
    let place = this.#oldest
    for (let index = at + Math.max(0, count - length); index < at + count; index += 1) {
      heard[place] = pcm[index] ?? 0
      place += 1
      if (place === length) place = 0
    }
    this.#oldest = place
  }

  #begin(): void {
    this.#unroll()
    this.#pitch = this.#findPitch()
    this.#position = 0
    this.#periods = 1
    this.#cutCycle()
  }

  #unroll(): void {
    if (this.#history === none) {
      this.#history = new Float32Array(historyUnits * this.#unit)
      this.#cycle = new Float32Array(3 * maxPitchUnits * this.#unit)
    }
    const heard = this.#heard
    const newest = heard.length - this.#oldest
    for (let index = 0; index < heard.length; index += 1)
      this.#history[index] = heard[index < newest ? this.#oldest + index : index - newest] ?? 0
  }

  /** The lag at which the end of the history resembles what came before: coarse in units, then fine in samples. */
  #findPitch(): number {
    const unit = this.#unit
    const shortest = minPitchUnits * unit
    const longest = maxPitchUnits * unit
    const coarse = this.#bestLag(shortest, longest, unit)
    return this.#bestLag(Math.max(shortest, coarse - unit + 1), Math.min(longest, coarse + unit - 1), 1)
  }

  #bestLag(from: number, to: number, step: number): number {
    let best = to
    let bestScore = Number.NEGATIVE_INFINITY
    for (let lag = from; lag <= to; lag += step) {
      const score = this.#similarity(lag)
      if (score > bestScore) {
        bestScore = score
        best = lag
      }
    }
    return best
  }

  #similarity(lag: number): number {
    const history = this.#history
    const stride = strideUnits * this.#unit
    let product = 0
    let energy = 1
    for (let index = history.length - templateUnits * this.#unit; index < history.length; index += stride) {
      const earlier = history[index - lag] ?? 0
      product += (history[index] ?? 0) * earlier
      energy += earlier * earlier
    }
    return product / Math.sqrt(energy)
  }

  /** The last `#periods` pitch periods; their last quarter period is blended towards what came before them, so that they join. */
  #cutCycle(): void {
    const history = this.#history
    const length = this.#periods * this.#pitch
    const seam = this.#pitch >> 2
    const start = history.length - length
    for (let index = 0; index < length; index += 1) {
      const sample = history[start + index] ?? 0
      const share = Math.max(0, (index - (length - seam) + 1) / (seam + 1))
      const before = share > 0 ? (history[start + index - length] ?? 0) : 0
      this.#cycle[index] = sample * (1 - share) + before * share
    }
  }

  #next(): number {
    const hold = holdUnits * this.#unit
    const fadeEnd = fadeUnits * this.#unit
    if (this.#made >= fadeEnd) return 0
    const gain = this.#made <= hold ? 1 : 1 - (this.#made - hold) / (fadeEnd - hold)
    const sample = this.#cycle[this.#position] ?? 0
    this.#made += 1
    this.#position += 1
    if (this.#position >= this.#periods * this.#pitch) {
      this.#position = 0
      // After 10 and 20 ms two and three periods: a repeated single one sounds like a buzzer.
      const periods = Math.min(3, 1 + Math.floor(this.#made / hold))
      if (periods !== this.#periods) {
        this.#periods = periods
        this.#cutCycle()
      }
    }
    return sample * gain
  }
}
