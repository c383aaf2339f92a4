// Makes a frame out of a little more or a little less audio, by cutting or repeating one pitch period where the signal resembles itself
// (waveform-similarity overlap-add). Absorbs clock skew and changes the delay without an audible seam.

export interface LagSearch {
  readonly min: number
  readonly max: number
  /** Samples compared, and later cross-faded. */
  readonly overlap: number
  /** Every so many lags and samples are tried first, then all around the best; lags are multiples of `grain`. */
  readonly stride: number
  readonly grain: number
}

export interface Stretch {
  lag: number
  readonly overlap: number
}

/** The lag at which `pcm` resembles its own beginning most. Reads `max + overlap` samples. */
export function bestLag(pcm: Int16Array, search: LagSearch): number {
  const { min, max, stride, grain } = search
  const coarse = scan(pcm, search, { from: min, to: max, step: Math.max(stride, grain) })
  if (stride <= grain) return coarse
  const reach = stride - grain
  return scan(pcm, search, { from: Math.max(min, coarse - reach), to: Math.min(max, coarse + reach), step: grain })
}

interface Range {
  readonly from: number
  readonly to: number
  readonly step: number
}

function scan(pcm: Int16Array, search: LagSearch, range: Range): number {
  const { overlap, stride } = search
  let best = range.from
  let bestScore = Number.NEGATIVE_INFINITY
  for (let lag = range.from; lag <= range.to; lag += range.step) {
    let product = 0
    let energy = 1
    for (let index = 0; index < overlap; index += stride) {
      const later = pcm[lag + index] ?? 0
      product += (pcm[index] ?? 0) * later
      energy += later * later
    }
    const score = product / Math.sqrt(energy)
    if (score > bestScore) {
      bestScore = score
      best = lag
    }
  }
  return best
}

/** Fills `frame` from its length plus `lag` samples: the first `lag` of them vanish in a cross-fade. */
export function compress(pcm: Int16Array, frame: Int16Array, stretch: Stretch): void {
  const { lag, overlap } = stretch
  for (let index = 0; index < frame.length; index += 1) {
    const later = pcm[lag + index] ?? 0
    if (index >= overlap) frame[index] = later
    else frame[index] = fade(pcm[index] ?? 0, later, (index + 1) / (overlap + 1))
  }
}

/** Fills `frame` from its length less `lag` samples: the first `lag` of them are heard twice. Needs `lag + overlap` samples. */
export function expand(pcm: Int16Array, frame: Int16Array, stretch: Stretch): void {
  const { lag, overlap } = stretch
  for (let index = 0; index < frame.length; index += 1) {
    if (index < lag) frame[index] = pcm[index] ?? 0
    else if (index >= lag + overlap) frame[index] = pcm[index - lag] ?? 0
    else frame[index] = fade(pcm[index] ?? 0, pcm[index - lag] ?? 0, (index - lag + 1) / (overlap + 1))
  }
}

const fade = (from: number, to: number, share: number): number => Math.round(from + (to - from) * share)
