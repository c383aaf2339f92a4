import { describe, expect, it } from 'vitest'
import { toneLevel } from '../dsp/goertzel.ts'
import { ToneGenerator } from '../dsp/tone.ts'
import { Concealment } from './concealment.ts'

function conceal(concealment: Concealment, sampleRate: number, frames: number): Int16Array[] {
  return Array.from({ length: frames }, () => {
    const frame = new Int16Array(sampleRate / 50)
    concealment.conceal(frame, 0, frame.length)
    return frame
  })
}

describe.each([8000, 16_000, 48_000])('concealment at %i Hz', (sampleRate) => {
  const size = sampleRate / 50

  function afterTone(frequency: number): { concealment: Concealment; tone: ToneGenerator } {
    const concealment = new Concealment(sampleRate)
    const tone = new ToneGenerator({ frequency, sampleRate, levelDbov: -20 })
    const frame = new Int16Array(size)
    for (let count = 0; count < 5; count += 1) {
      tone.fill(frame)
      concealment.resume(frame, 0, size)
    }
    return { concealment, tone }
  }

  it('goes on with a tone, then fades to silence within 60 ms', () => {
    const frames = conceal(afterTone(400).concealment, sampleRate, 5)
    const levels = frames.map((frame) => toneLevel(frame, { frequency: 400, sampleRate }))
    expect(levels[0]).toBeGreaterThan(-22.5)
    expect(levels[1]).toBeLessThan(levels[0] ?? 0)
    expect(levels[2]).toBeLessThan((levels[1] ?? 0) - 6)
    expect(frames[3]?.every((sample) => sample === 0)).toBe(true)
    expect(frames[4]?.every((sample) => sample === 0)).toBe(true)
  })

  it('finds a pitch between its coarse steps', () => {
    const frequency = 131
    const { concealment, tone } = afterTone(frequency)
    const [lost] = conceal(concealment, sampleRate, 1)
    const real = new Int16Array(size)
    tone.fill(real)
    const half = size / 2
    let error = 0
    for (let index = 0; index < half; index += 1) error += ((lost?.[index] ?? 0) - (real[index] ?? 0)) ** 2
    const power = 10 * Math.log10(error / half / 32_768 ** 2)
    expect(power).toBeLessThan(-32)
  })

  it('does not repeat itself', () => {
    const concealment = new Concealment(sampleRate)
    let seed = 1
    const noise = Int16Array.from({ length: 4 * size }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return (seed >>> 16) - 32_768
    })
    concealment.resume(noise, 0, noise.length)
    const [first, second] = conceal(concealment, sampleRate, 2)
    let product = 0
    let energy = 0
    for (let index = 0; index < size; index += 1) {
      product += (first?.[index] ?? 0) * (second?.[index] ?? 0)
      energy += (second?.[index] ?? 0) ** 2
    }
    expect(Math.abs(product / energy)).toBeLessThan(0.9)
  })

  it('joins what is decoded next without a step', () => {
    const { concealment, tone } = afterTone(400)
    const [lost] = conceal(concealment, sampleRate, 1)
    const frame = new Int16Array(size)
    tone.fill(frame)
    tone.fill(frame)
    concealment.resume(frame, 0, size)
    const step = Math.abs((frame[0] ?? 0) - (lost?.[size - 1] ?? 0))
    // Twice the steepest step of the tone itself.
    expect(step).toBeLessThan(2 * 4634 * ((2 * Math.PI * 400) / sampleRate))
  })

  it('makes silence up when nothing was heard', () => {
    const [frame] = conceal(new Concealment(sampleRate), sampleRate, 1)
    expect(frame?.every((sample) => sample === 0)).toBe(true)
  })
})
