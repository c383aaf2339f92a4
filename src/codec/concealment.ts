// Packet-loss concealment for waveform codecs at 8 kHz, after the idea of ITU-T G.711 Appendix I: go on with the last pitch periods,
// with more of them as time passes so that it does not buzz, and fade to nothing within 60 ms.

/** 48.75 ms of what was played: three of the longest pitch periods and the overlap. */
const historyLength = 390
/** Pitch of 66 to 200 Hz. */
const minPitch = 40
const maxPitch = 120
/** Samples compared to find the pitch. */
const template = 160
const hold = 80
const fadeEnd = 480
const blend = 32

export class Concealment {
  readonly #history = new Float32Array(historyLength)
  /** The last three pitch periods, their seam smoothed. */
  readonly #cycle = new Float32Array(3 * maxPitch)
  #pitch = 0
  #made = 0
  #position = 0
  #periods = 1

  /** Writes `count` made-up samples. */
  conceal(pcm: Int16Array, at: number, count: number): void {
    if (this.#made === 0) this.#analyse()
    for (let index = 0; index < count; index += 1) pcm[at + index] = Math.round(this.#next())
  }

  /** Blends the first decoded samples after a loss into the made-up ones, and remembers the decoded ones. */
  resume(pcm: Int16Array, at: number, count: number): void {
    if (this.#made > 0) {
      const length = Math.min(blend, count)
      for (let index = 0; index < length; index += 1) {
        const share = (index + 1) / (length + 1)
        pcm[at + index] = Math.round((pcm[at + index] ?? 0) * share + this.#next() * (1 - share))
      }
      this.#made = 0
    }
    this.#remember(pcm, at, count)
  }

  reset(): void {
    this.#history.fill(0)
    this.#made = 0
  }

  #remember(pcm: Int16Array, at: number, count: number): void {
    const history = this.#history
    const kept = Math.max(0, historyLength - count)
    if (kept > 0) history.copyWithin(0, count)
    const from = at + count - (historyLength - kept)
    for (let index = kept; index < historyLength; index += 1) history[index] = pcm[from + index - kept] ?? 0
  }

  #analyse(): void {
    this.#pitch = this.#findPitch()
    this.#position = 0
    this.#periods = 1
    this.#cutCycle()
  }

  /** The lag at which the end of the history resembles what came before: coarse by every second sample, then fine. */
  #findPitch(): number {
    let best = maxPitch
    let bestScore = Number.NEGATIVE_INFINITY
    for (let lag = minPitch; lag <= maxPitch; lag += 1) {
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
    let product = 0
    let energy = 1
    for (let index = historyLength - template; index < historyLength; index += 2) {
      const earlier = history[index - lag] ?? 0
      product += (history[index] ?? 0) * earlier
      energy += earlier * earlier
    }
    return product / Math.sqrt(energy)
  }

  /** The last `#periods` pitch periods; their last quarter period is blended towards what came before them, so that they join. */
  #cutCycle(): void {
    const length = this.#periods * this.#pitch
    const seam = this.#pitch >> 2
    const start = historyLength - length
    for (let index = 0; index < length; index += 1) {
      const sample = this.#history[start + index] ?? 0
      const share = Math.max(0, (index - (length - seam) + 1) / (seam + 1))
      const before =
        share > 0 ? (this.#history[start + index - length] ?? this.#history[start + index - this.#pitch] ?? 0) : 0
      this.#cycle[index] = sample * (1 - share) + before * share
    }
  }

  #next(): number {
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
