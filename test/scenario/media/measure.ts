// What the ears of these tests measure with.

/** Loudest sample of what no sine of that frequency explains, dBFS: a discontinuity shows at its height, the sine itself is taken out exactly. */
export function worstDiscontinuity(pcm: Int16Array, frequency: number, rate: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / rate)
  let worst = 0
  for (let index = 2; index < pcm.length; index += 1) {
    const residual = (pcm[index] ?? 0) - coefficient * (pcm[index - 1] ?? 0) + (pcm[index - 2] ?? 0)
    worst = Math.max(worst, Math.abs(residual))
  }
  return worst === 0 ? -127 : 20 * Math.log10(worst / 32_768)
}

/** Power of what is left of each 10 ms after the best-fitting sine, dBFS, loudest first: for codecs that add noise of their own. */
export function noiseBeside(pcm: Int16Array, frequency: number, rate: number): number[] {
  const window = rate / 100
  const step = (2 * Math.PI * frequency) / rate
  const found: number[] = []
  for (let start = 0; start + window <= pcm.length; start += window / 2) {
    const piece = pcm.subarray(start, start + window)
    let [cosines, sines, products] = [0, 0, 0]
    let [alongCosine, alongSine] = [0, 0]
    piece.forEach((sample, index) => {
      const [cosine, sine] = [Math.cos(step * index), Math.sin(step * index)]
      cosines += cosine * cosine
      sines += sine * sine
      products += cosine * sine
      alongCosine += sample * cosine
      alongSine += sample * sine
    })
    const determinant = cosines * sines - products * products
    const first = (alongCosine * sines - alongSine * products) / determinant
    const second = (alongSine * cosines - alongCosine * products) / determinant
    const energy = piece.reduce(
      (sum, sample, index) => sum + (sample - first * Math.cos(step * index) - second * Math.sin(step * index)) ** 2,
      0,
    )
    found.push(10 * Math.log10(energy / window / 32_768 ** 2 + 1e-13))
  }
  return found.sort((one, other) => other - one)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Where `pcm` resembles `pattern` most, in samples. */
export function bestMatch(pcm: Int16Array, pattern: Int16Array): number {
  let best = 0
  let bestScore = Number.NEGATIVE_INFINITY
  for (let lag = 0; lag + pattern.length <= pcm.length; lag += 1) {
    let product = 0
    for (let index = 0; index < pattern.length; index += 1) product += (pattern[index] ?? 0) * (pcm[lag + index] ?? 0)
    if (product > bestScore) {
      bestScore = product
      best = lag
    }
  }
  return best
}

/** One line for people who read the test's output. */
export function report(check: string, figures: string): void {
  process.stdout.write(`  ${check}: ${figures}\n`)
}
