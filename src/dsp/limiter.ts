// Brings a 32-bit sum into 16 bits without ever wrapping: a gain that falls before a peak and recovers slowly after it.
// The look-ahead is the frame itself, so that limiting adds no delay; only a peak at the very start of a frame is met within a millisecond.

/** Peaks are brought down to −0.5 dBFS. */
const ceiling = 30_900
/** Gain is decided for 2.5 ms at a time. */
const blockSamples = 20
/** Gain moves from one block's value to the next within this many samples before it. */
const attackSamples = 8
/** Share of the missing gain that comes back per block: about 100 ms to recover. */
const release = 0.025
/** Close enough to unity to stop multiplying. */
const unity = 0.999

export class Limiter {
  #gain = 1
  #needed = new Float64Array(0)

  /** How much the last frame was brought down at its end, dB; 0 when not at all. */
  get reductionDb(): number {
    return this.#gain >= 1 ? 0 : -20 * Math.log10(this.#gain)
  }

  /** Continues where another limiter is, for a listener who changes from one sum to another. */
  follow(other: Limiter): void {
    this.#gain = other.#gain
  }

  /** Nothing to limit: whatever comes next starts afresh. */
  rest(): void {
    this.#gain = 1
  }

  /** Writes `sum` into `frame`, limited. */
  process(sum: Int32Array, frame: Int16Array): void {
    const peak = peakOf(sum, 0, sum.length)
    if (peak <= ceiling && this.#gain === 1) {
      for (let index = 0; index < frame.length; index += 1) frame[index] = sum[index] ?? 0
      return
    }
    const blocks = Math.ceil(sum.length / blockSamples)
    if (this.#needed.length !== blocks) this.#needed = new Float64Array(blocks)
    for (let block = 0; block < blocks; block += 1) {
      const blockPeak = peakOf(sum, block * blockSamples, Math.min(sum.length, (block + 1) * blockSamples))
      this.#needed[block] = blockPeak <= ceiling ? 1 : ceiling / blockPeak
    }
    for (let block = 0; block < blocks; block += 1) this.#processBlock(block, sum, frame)
    if (this.#gain > unity) this.#gain = 1
  }

  /** Ramps to the lower of what this block and the next need; what still overshoots is clamped. */
  #processBlock(block: number, sum: Int32Array, frame: Int16Array): void {
    const needed = Math.min(this.#needed[block] ?? 1, this.#needed[block + 1] ?? 1)
    const from = this.#gain
    const to = needed < from ? needed : Math.min(needed, from + (1 - from) * release)
    // A falling gain arrives within the attack; a rising one takes the whole block.
    const ramp = to < from ? attackSamples : blockSamples
    const start = block * blockSamples
    const end = Math.min(sum.length, start + blockSamples)
    for (let index = start; index < end; index += 1) {
      const gain = from + (to - from) * Math.min(1, (index - start + 1) / ramp)
      frame[index] = clamp((sum[index] ?? 0) * gain)
    }
    this.#gain = to
  }
}

function peakOf(sum: Int32Array, start: number, end: number): number {
  let peak = 0
  for (let index = start; index < end; index += 1) {
    const sample = sum[index] ?? 0
    if (sample > peak) peak = sample
    else if (-sample > peak) peak = -sample
  }
  return peak
}

const clamp = (sample: number): number => (sample > 32767 ? 32767 : sample < -32768 ? -32768 : Math.round(sample))
