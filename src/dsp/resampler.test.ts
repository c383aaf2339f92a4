import { describe, expect, it } from 'vitest'
import { toneLevel } from './goertzel.ts'
import { Resampler, type ResamplerRate } from './resampler.ts'
import { ToneGenerator } from './tone.ts'

const rates = [8000, 16_000, 48_000] as const
const pairs = rates.flatMap((from) => rates.filter((to) => to !== from).map((to) => [from, to] as const))

/** Half a second of input, frame by frame; the first 40 ms of output are left out. */
function resample(from: ResamplerRate, to: ResamplerRate, frequency: number): Int16Array {
  const resampler = new Resampler(from, to)
  const tone = new ToneGenerator({ frequency, sampleRate: from, levelDbov: -6 })
  const input = new Int16Array(from / 50)
  const frame = new Int16Array(to / 50)
  const output = new Int16Array(to / 2)
  for (let count = 0; count < 25; count += 1) {
    tone.fill(input)
    resampler.process(input, frame)
    output.set(frame, count * frame.length)
  }
  return output.subarray(2 * frame.length)
}

/** Where a frequency shows up at a rate. */
const folded = (frequency: number, rate: number): number => Math.abs(frequency - rate * Math.round(frequency / rate))

describe.each(pairs)('resampler from %i to %i Hz', (from, to) => {
  const lower = Math.min(from, to)

  it('passes what lies below 0.425 of the lower rate within 0.5 dB', () => {
    let worst = 0
    for (const share of [0.0125, 0.05, 0.125, 0.25, 0.35, 0.4, 0.4125, 0.425]) {
      const frequency = share * lower
      const level = toneLevel(resample(from, to, frequency), { frequency, sampleRate: to })
      worst = Math.max(worst, Math.abs(level + 6))
    }
    expect(worst).toBeLessThan(0.5)
  })

  if (to < from) {
    it('keeps what lies above half of the lower rate 60 dB down, so that nothing folds back', () => {
      let worst = -127
      for (let frequency = 0.5125 * lower; frequency < from / 2; frequency += 0.0875 * lower) {
        const detection = { frequency: folded(frequency, to), sampleRate: to }
        worst = Math.max(worst, toneLevel(resample(from, to, frequency), detection))
      }
      expect(worst + 6).toBeLessThan(-60)
    })
  } else {
    it('keeps images 60 dB down', () => {
      let worst = -127
      for (const share of [0.05, 0.2, 0.35, 0.425, 0.475]) {
        const output = resample(from, to, share * lower)
        for (let image = 1; image * lower <= to / 2; image += 1) {
          for (const frequency of [(image - share) * lower, (image + share) * lower]) {
            if (frequency < to / 2) worst = Math.max(worst, toneLevel(output, { frequency, sampleRate: to }))
          }
        }
      }
      expect(worst + 6).toBeLessThan(-60)
    })
  }

  it('is late by exactly what it says', () => {
    const resampler = new Resampler(from, to)
    const input = new Int16Array(from / 50)
    const output = new Int16Array(to / 50)
    const at = 96
    input[at] = 30_000
    resampler.process(input, output)
    const loudest = output.reduce((best, sample, index) => (sample > (output[best] ?? 0) ? index : best), 0)
    expect(loudest).toBe((at * to) / from + resampler.delay)
    expect((resampler.delay * from) % to).toBe(0)
  })

  it('gives the same in frames of 10 ms as in frames of 20 ms', () => {
    const whole = resample(from, to, 440)
    const resampler = new Resampler(from, to)
    const tone = new ToneGenerator({ frequency: 440, sampleRate: from, levelDbov: -6 })
    const input = new Int16Array(from / 50)
    const output = new Int16Array(to / 2)
    for (let at = 0; at < output.length; at += to / 50) {
      tone.fill(input)
      resampler.process(input.subarray(0, from / 100), output.subarray(at, at + to / 100))
      resampler.process(input.subarray(from / 100), output.subarray(at + to / 100, at + to / 50))
    }
    expect(output.subarray((2 * to) / 50)).toEqual(whole)
  })

  it('carries sums beyond 16 bits, and clips them only when 16 bits are asked for', () => {
    const input = new Int32Array(from / 50).fill(100_000)
    const sum = new Int32Array(to / 50)
    const wide = new Resampler(from, to)
    wide.processSum(input, sum)
    wide.processSum(input, sum)
    for (const sample of sum) expect(Math.abs(sample - 100_000)).toBeLessThan(300)
    const loud = new Int16Array(from / 50).map((_, index) =>
      Math.floor((index * 400) / from) % 2 === 0 ? 32_767 : -32_768,
    )
    const frame = new Int16Array(to / 50)
    const narrow = new Resampler(from, to)
    for (let count = 0; count < 3; count += 1) narrow.process(loud, frame)
    const flipped = frame.filter((sample, index) => index > 0 && Math.abs(sample - (frame[index - 1] ?? 0)) > 60_000)
    expect(flipped.length).toBe(0)
  })

  it('makes silence after a reset', () => {
    const resampler = new Resampler(from, to)
    const output = new Int16Array(to / 50)
    resampler.process(new Int16Array(from / 50).fill(9000), output)
    resampler.reset()
    resampler.process(new Int16Array(from / 50), output)
    expect(output.every((sample) => sample === 0)).toBe(true)
  })

  it('refuses frames whose lengths do not fit', () => {
    const resampler = new Resampler(from, to)
    expect(() => resampler.process(new Int16Array(from / 50), new Int16Array(to / 50 + 1))).toThrow(/cannot make/)
    expect(() => resampler.process(new Int16Array(from / 25), new Int16Array(to / 25))).toThrow(/cannot make/)
  })
})

it('copies at one rate', () => {
  const resampler = new Resampler(16_000, 16_000)
  const input = Int16Array.from({ length: 320 }, (_, index) => index)
  const output = new Int16Array(320)
  resampler.process(input, output)
  expect(output).toEqual(input)
  expect(resampler.delay).toBe(0)
})

it('does not drift in ten minutes', () => {
  const up = new Resampler(8000, 48_000)
  const down = new Resampler(48_000, 8000)
  const high = new Int16Array(960)
  const back = new Int16Array(160)
  const tone = new ToneGenerator({ frequency: 1000, sampleRate: 8000, levelDbov: -10 })
  const frames: Int16Array[] = []
  for (let count = 0; count < 30_000; count += 1) {
    const frame = new Int16Array(160)
    tone.fill(frame)
    if (count >= 29_998) frames.push(frame)
    up.process(frame, high)
    down.process(high, back)
  }
  const sent = [...(frames[0] ?? []), ...(frames[1] ?? [])]
  const late = 160 - (up.delay / 6 + down.delay)
  for (let index = 0; index < 160; index += 1)
    expect(Math.abs((back[index] ?? 0) - (sent[late + index] ?? 0))).toBeLessThan(100)
})
