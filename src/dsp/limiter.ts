// Brings a 32-bit sum into 16 bits without ever wrapping: a gain that falls before a peak, holds through the beats of speech and recovers after.
// The look-ahead is the frame itself, so that limiting adds no delay; a peak at the very start of a frame is met within a millisecond.

/** Peaks are brought down to −0.5 dBFS. */
const ceiling = 30_900
/** The gain does not rise for so many frames after a peak: 260 ms, so that no beat of two voices modulates a third. */
const holdFrames = 13
/** Share of the missing gain that comes back per frame after that: most of it within a third of a second. */
const release = 0.25
/** Close enough to unity to stop multiplying. */
const unity = 0.999
/** Share of a frame that a falling gain takes at least. */
const attackShare = 1 / 20

export class Limiter {
  /** The gain at the end of the last frame, and where a ramp begins and ends; in an array, because fractions in fields cost an object each. */
  readonly #gains = Float64Array.of(1, 1, 1)
  /** Peaks of the last frames, in turn. */
  readonly #peaks = new Float64Array(holdFrames)
  #turn = 0

  get #gain(): number {
    return this.#gains[0] ?? 1
  }

  /** How much the last frame was brought down at its end, dB; 0 when not at all. */
  get reductionDb(): number {
    return this.#gain >= 1 ? 0 : -20 * Math.log10(this.#gain)
  }

  /** Continues where another limiter is, for a listener who changes from one sum to another. */
  follow(other: Limiter): void {
    this.#gains.set(other.#gains)
    this.#peaks.set(other.#peaks)
    this.#turn = other.#turn
  }

  /** Nothing to limit: whatever comes next starts afresh. */
  rest(): void {
    if (this.#gain === 1) return
    this.#gains[0] = 1
    this.#peaks.fill(0)
  }

  /** Writes `sum`, multiplied by `gain`, into `frame`, limited. */
  process(sum: Int32Array, frame: Int16Array, gain = 1): void {
    const gains = this.#gains
    const peak = peakOf(sum) * gain
    const from = gains[0] ?? 1
    if (peak <= ceiling && from === 1) {
      if (gain === 1) for (let index = 0; index < frame.length; index += 1) frame[index] = sum[index] ?? 0
      else for (let index = 0; index < frame.length; index += 1) frame[index] = Math.round((sum[index] ?? 0) * gain)
      return
    }
    const needed = this.#needed(peak)
    const falls = needed < from
    const to = falls ? needed : from + (needed - from) * release
    const reach = falls ? Math.max(frame.length * attackShare, firstOver(sum, ceiling / from / gain)) : frame.length
    gains[1] = from * gain
    gains[2] = to * gain
    this.#ramp(sum, frame, reach)
    gains[0] = !falls && to > unity ? 1 : to
  }

  /** The gain that the loudest of the last frames needs. */
  #needed(peak: number): number {
    this.#peaks[this.#turn] = peak
    this.#turn = (this.#turn + 1) % holdFrames
    let loudest = 0
    for (let index = 0; index < holdFrames; index += 1) loudest = Math.max(loudest, this.#peaks[index] ?? 0)
    return loudest <= ceiling ? 1 : ceiling / loudest
  }

  /** From one gain to the other within `reach` samples. What overshoots while the gain still falls is clamped. */
  #ramp(sum: Int32Array, frame: Int16Array, reach: number): void {
    const from = this.#gains[1] ?? 1
    const to = this.#gains[2] ?? 1
    const step = (to - from) / reach
    for (let index = 0; index < frame.length; index += 1) {
      const gain = index + 1 >= reach ? to : from + step * (index + 1)
      frame[index] = clamp((sum[index] ?? 0) * gain)
    }
  }
}

function firstOver(sum: Int32Array, limit: number): number {
  for (let index = 0; index < sum.length; index += 1) if (Math.abs(sum[index] ?? 0) > limit) return index
  return sum.length
}

function peakOf(sum: Int32Array): number {
  let peak = 0
  for (let index = 0; index < sum.length; index += 1) {
    const sample = sum[index] ?? 0
    if (sample > peak) peak = sample
    else if (-sample > peak) peak = -sample
  }
  return peak
}

const clamp = (sample: number): number => (sample > 32767 ? 32767 : sample < -32768 ? -32768 : Math.round(sample))
