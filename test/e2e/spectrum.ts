// Whether what a phone heard is a voice: how long, how much of it in the voice band, and that it is no tone.
import { level } from '../../demo/phone/ears.ts'
import { frameSamples, sampleRate } from '../../demo/phone/sound.ts'

export interface Voice {
  /** From the first to the last frame that is loud. */
  readonly seconds: number
  /** Share of the power between 150 and 3400 Hz, 0..1. */
  readonly inBand: number
  /** Share of the power in the strongest 50 Hz of the whole; near 1 for a tone. */
  readonly strongest: number
  /** Median level of the loud frames, dBov. */
  readonly level: number
}

const loud = -45

/** Power of the frame in each 50 Hz from 0 to 4000 (a discrete Fourier transform; the frame is 20 ms). */
function spectrum(frame: Int16Array): number[] {
  return Array.from({ length: frameSamples / 2 }, (_, bin) => {
    let real = 0
    let imaginary = 0
    for (const [index, sample] of frame.entries()) {
      const angle = (2 * Math.PI * bin * index) / frameSamples
      real += sample * Math.cos(angle)
      imaginary -= sample * Math.sin(angle)
    }
    return real * real + imaginary * imaginary
  })
}

export function voiceIn(samples: Int16Array): Voice {
  const frames = Array.from({ length: Math.floor(samples.length / frameSamples) }, (_, index) =>
    samples.subarray(index * frameSamples, (index + 1) * frameSamples),
  )
  const levels = frames.map(level)
  const isLoud = levels.map((value) => value > loud)
  const talk = frames.filter((_, index) => isLoud[index])
  const power = new Array<number>(frameSamples / 2).fill(0)
  for (const frame of talk) for (const [bin, value] of spectrum(frame).entries()) power[bin] = (power[bin] ?? 0) + value
  const whole = power.reduce((sum, value) => sum + value, 0) || 1
  const band = power.filter((_, bin) => bin * 50 >= 150 && bin * 50 <= 3400)
  const sorted = levels.filter((value) => value > loud).sort((a, b) => a - b)
  const first = isLoud.indexOf(true)
  return {
    seconds: first < 0 ? 0 : ((isLoud.lastIndexOf(true) - first + 1) * frameSamples) / sampleRate,
    inBand: band.reduce((sum, value) => sum + value, 0) / whole,
    strongest: Math.max(...power) / whole,
    level: sorted[sorted.length >> 1] ?? -127,
  }
}
