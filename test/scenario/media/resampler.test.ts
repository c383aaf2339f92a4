// Resampling as the ears of a mix get it: in at one rate, mixed at another, out at a third. The vectors of the filter itself stand beside it.
import { describe, expect, it } from 'vitest'
import { AlignedFrames, alignedMs } from '../../../src/dsp/aligned-resampler.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { Resampler, type ResamplerRate } from '../../../src/dsp/resampler.ts'
import { ToneGenerator } from '../../../src/dsp/tone.ts'
import { bestMatch, report } from './measure.ts'

const level = -10

/** A second of a tone through a converter, after 200 ms to settle. */
function through(from: ResamplerRate, to: ResamplerRate, frequency: number): Int16Array {
  const resampler = new Resampler(from, to)
  const tone = new ToneGenerator({ frequency, sampleRate: from, levelDbov: level })
  const input = new Int16Array(from / 50)
  const heard = new Int16Array((to * 60) / 50)
  for (let frame = 0; frame < 60; frame += 1) {
    tone.fill(input)
    resampler.process(input, heard.subarray((frame * to) / 50, ((frame + 1) * to) / 50))
  }
  return heard.subarray(to / 5)
}

const gainAt = (pcm: Int16Array, frequency: number, sampleRate: number): number =>
  toneLevel(pcm, { frequency, sampleRate }) - level

/** What is left beside a tone, or all of it when the tone is not to come through; dB against the tone that went in. */
function rest(pcm: Int16Array, frequency: number | undefined, rate: number): number {
  const whole = pcm.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / pcm.length
  const tone = frequency === undefined ? 0 : 10 ** (toneLevel(pcm, { frequency, sampleRate: rate }) / 10)
  return 10 * Math.log10(Math.max(1e-12, whole - tone)) - level
}

const pairs = [
  [8000, 16_000],
  [8000, 48_000],
  [16_000, 48_000],
  [16_000, 8000],
  [48_000, 8000],
  [48_000, 16_000],
] as const

describe('resampler', () => {
  it.each(pairs)('%i to %i Hz: flat within 0.5 dB where it passes, 60 dB down where it stops', (from, to) => {
    const lower = Math.min(from, to)
    let ripple = 0
    let stop = Number.NEGATIVE_INFINITY
    for (let frequency = 100; frequency <= 0.425 * lower; frequency += 100) {
      const heard = through(from, to, frequency)
      ripple = Math.max(ripple, Math.abs(gainAt(heard, frequency, to)))
      // Going up, what is beside the tone are its images.
      if (to > from) stop = Math.max(stop, rest(heard, frequency, to))
    }
    if (to < from)
      for (let frequency = 0.5 * to + 50; frequency < 0.5 * from; frequency += from / 160)
        stop = Math.max(stop, rest(through(from, to, Math.round(frequency)), undefined, to))
    report(
      `resampler, ${from} to ${to} Hz`,
      `pass-band within ${ripple.toFixed(3)} dB, stop-band ${stop.toFixed(1)} dB`,
    )
    expect(ripple).toBeLessThanOrEqual(0.5)
    expect(stop).toBeLessThanOrEqual(-60)
  })

  it('delays every pair of rates, and a rate to itself, by the same time', () => {
    for (const [from, to] of [...pairs, [8000, 8000], [48_000, 48_000]] as const) {
      const path = new AlignedFrames(from, to)
      const input = new Int16Array(from / 50)
      input[from / 200] = 20_000
      const output = new Int16Array(to / 50)
      path.process(input, output)
      expect((bestMatch(output, Int16Array.of(1)) * 1000) / to, `${from} to ${to}`).toBeCloseTo(5 + alignedMs, 6)
    }
  })
})
