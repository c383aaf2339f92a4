// Low-pass filters for the resampler: a sinc under a Kaiser window (Kaiser, 1974), symmetric, so that every frequency is late by the same time.

export interface FilterDesign {
  /** How many samples of the higher rate make one of the lower. */
  readonly ratio: number
  /** Half the length, samples of the lower rate; this is the delay. */
  readonly half: number
  /** The −6 dB point in cycles per sample of the lower rate. */
  readonly cutoff: number
  /** Kaiser's β: more of it for a deeper stop-band and a wider transition. */
  readonly beta: number
}

/** Taps at the higher rate, 2 · ratio · half + 1 of them, with a gain of one at zero frequency. */
export function designLowPass(design: FilterDesign): Float64Array {
  const { ratio, half, beta } = design
  const middle = ratio * half
  const cutoff = design.cutoff / ratio
  const taps = new Float64Array(2 * middle + 1)
  let sum = 0
  for (let index = 0; index < taps.length; index += 1) {
    const offset = index - middle
    const sinc = offset === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * offset) / (Math.PI * offset)
    const tap = sinc * besselI0(beta * Math.sqrt(1 - (offset / middle) ** 2))
    taps[index] = tap
    sum += tap
  }
  return taps.map((tap) => tap / sum)
}

/** The modified Bessel function of the first kind and order zero, by its series. */
function besselI0(x: number): number {
  let sum = 1
  let term = 1
  for (let index = 1; term > sum * 1e-16; index += 1) {
    term *= (x / (2 * index)) ** 2
    sum += term
  }
  return sum
}
