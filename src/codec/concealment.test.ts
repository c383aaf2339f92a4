import { describe, expect, it } from 'vitest'
import { toneLevel } from '../dsp/goertzel.ts'
import { ToneGenerator } from '../dsp/tone.ts'
import { Concealment } from './concealment.ts'

function afterTone(frequency: number): { concealment: Concealment; tone: ToneGenerator } {
  const concealment = new Concealment(8000)
  const tone = new ToneGenerator({ frequency, sampleRate: 8000, levelDbov: -20 })
  const frame = new Int16Array(160)
  for (let count = 0; count < 5; count += 1) {
    tone.fill(frame)
    concealment.resume(frame, 0, 160)
  }
  return { concealment, tone }
}

function concealed(concealment: Concealment, frames: number): Int16Array[] {
  return Array.from({ length: frames }, () => {
    const frame = new Int16Array(160)
    concealment.conceal(frame, 0, 160)
    return frame
  })
}

describe('concealment', () => {
  it('goes on with a tone for a lost frame', () => {
    const { concealment } = afterTone(400)
    const [frame] = concealed(concealment, 1)
    expect(toneLevel(frame ?? [], { frequency: 400, sampleRate: 8000 })).toBeGreaterThan(-22.5)
  })

  it('fades to silence within three frames', () => {
    const { concealment } = afterTone(400)
    const frames = concealed(concealment, 4)
    const levels = frames.map((frame) => toneLevel(frame, { frequency: 400, sampleRate: 8000 }))
    expect(levels[1]).toBeLessThan(levels[0] ?? 0)
    expect(levels[2]).toBeLessThan((levels[1] ?? 0) - 6)
    expect(frames[3]?.every((sample) => sample === 0)).toBe(true)
  })

  it('does not repeat itself: noise is made up differently from frame to frame', () => {
    const concealment = new Concealment(8000)
    let state = 1
    const noise = Int16Array.from({ length: 640 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 16) - 32_768
    })
    concealment.resume(noise, 0, 640)
    const [first, second] = concealed(concealment, 2)
    let product = 0
    let energy = 0
    for (let index = 0; index < 160; index += 1) {
      product += (first?.[index] ?? 0) * (second?.[index] ?? 0)
      energy += (second?.[index] ?? 0) ** 2
    }
    expect(Math.abs(product / energy)).toBeLessThan(0.9)
  })

  it('joins decoded audio without a step', () => {
    const { concealment, tone } = afterTone(400)
    const [lost] = concealed(concealment, 1)
    const frame = new Int16Array(160)
    tone.fill(frame)
    tone.fill(frame)
    concealment.resume(frame, 0, 160)
    const step = Math.abs((frame[0] ?? 0) - (lost?.[159] ?? 0))
    // The steepest step of the tone itself: 2π · 400 / 8000 of its amplitude.
    expect(step).toBeLessThan(2 * 4634 * ((2 * Math.PI * 400) / 8000))
  })

  it('makes silence up when nothing was heard', () => {
    const [frame] = concealed(new Concealment(8000), 1)
    expect(frame?.every((sample) => sample === 0)).toBe(true)
  })
})
