// The Goertzel algorithm: how much of one frequency is in a piece of audio, without a whole Fourier transform.

export interface Detection {
  readonly frequency: number
  readonly sampleRate: number
}

/** Level of the sine of that frequency, dBov (a full-scale sine is −3.01); −127 for none. Exact over whole periods. */
export function toneLevel(pcm: ArrayLike<number>, detection: Detection): number {
  const omega = (2 * Math.PI * detection.frequency) / detection.sampleRate
  const coefficient = 2 * Math.cos(omega)
  let one = 0
  let two = 0
  for (let index = 0; index < pcm.length; index += 1) {
    const next = (pcm[index] ?? 0) + coefficient * one - two
    two = one
    one = next
  }
  const power = one * one + two * two - coefficient * one * two
  const amplitude = (2 * Math.sqrt(Math.max(0, power))) / Math.max(1, pcm.length)
  if (amplitude === 0) return -127
  return Math.max(-127, 20 * Math.log10(amplitude / (32768 * Math.SQRT2)))
}
