import { describe, expect, it } from 'vitest'
import { toneLevel } from './goertzel.ts'
import { levelOf } from './level.ts'
import { Limiter } from './limiter.ts'
import { addTo, isAudible, without } from './mix.ts'
import { bestLag, compress, expand } from './time-stretch.ts'
import { ToneGenerator } from './tone.ts'

function tone(frequency: number, levelDbov: number, length = 160): Int16Array {
  const pcm = new Int16Array(length)
  new ToneGenerator({ frequency, sampleRate: 8000, levelDbov }).fill(pcm)
  return pcm
}

describe('mix', () => {
  it('gives each contributor the exact sum of the others, far beyond 16 bits', () => {
    const frames = Array.from({ length: 20 }, (_, index) =>
      new Int16Array(160).fill(index % 2 === 0 ? 32_767 : -32_768 + index),
    )
    const total = new Int32Array(160)
    for (const frame of frames) addTo(total, frame)
    const rest = new Int32Array(160)
    frames.forEach((own, self) => {
      without(total, own, rest)
      const expected = frames.reduce((sum, frame, index) => (index === self ? sum : sum + (frame[0] ?? 0)), 0)
      expect(rest.every((sample) => sample === expected)).toBe(true)
    })
  })

  it('takes the smallest step of A-law for silence', () => {
    expect(isAudible(new Int16Array(160).fill(8))).toBe(false)
    expect(isAudible(new Int16Array(160).fill(-9))).toBe(true)
  })
})

describe('limiter', () => {
  it('leaves alone what fits, to the sample', () => {
    const sum = Int32Array.from(tone(700, -4))
    const out = new Int16Array(160)
    new Limiter().process(sum, out)
    expect([...out]).toEqual([...sum])
  })

  it('never wraps: the sign of every loud sample stays and none exceeds 16 bits', () => {
    const limiter = new Limiter()
    const generator = new ToneGenerator({ frequency: 300, sampleRate: 8000, levelDbov: -3 })
    const frame = new Int16Array(160)
    const out = new Int16Array(160)
    for (let count = 0; count < 50; count += 1) {
      generator.fill(frame)
      const sum = Int32Array.from(frame, (sample) => sample * (count % 7 === 0 ? 1 : 20))
      limiter.process(sum, out)
      sum.forEach((sample, index) => {
        if (Math.abs(sample) > 2000) expect(Math.sign(out[index] ?? 0)).toBe(Math.sign(sample))
      })
    }
    expect(limiter.reductionDb).toBeGreaterThan(10)
  })

  it('holds a steady loud tone at its ceiling without distorting it', () => {
    const limiter = new Limiter()
    const generator = new ToneGenerator({ frequency: 500, sampleRate: 8000, levelDbov: -3 })
    const frame = new Int16Array(160)
    const out = new Int16Array(160)
    for (let count = 0; count < 10; count += 1) {
      generator.fill(frame)
      limiter.process(
        Int32Array.from(frame, (sample) => sample * 4),
        out,
      )
    }
    expect(toneLevel(out, { frequency: 500, sampleRate: 8000 })).toBeCloseTo(-3.5, 0)
    expect(toneLevel(out, { frequency: 1500, sampleRate: 8000 })).toBeLessThan(-50)
  })

  it('recovers within half a second', () => {
    const limiter = new Limiter()
    const out = new Int16Array(160)
    limiter.process(new Int32Array(160).fill(300_000), out)
    expect(limiter.reductionDb).toBeGreaterThan(15)
    const soft = new Int32Array(160).fill(1000)
    for (let count = 0; count < 35; count += 1) limiter.process(soft, out)
    expect(limiter.reductionDb).toBeLessThan(0.1)
    expect(out[159]).toBeGreaterThan(985)
  })
})

describe('levels', () => {
  it('measures dBov by RFC 6464: 0 is the overload point, a full sine is −3', () => {
    expect(levelOf(new Int16Array(160))).toBe(-127)
    expect(levelOf(new Int16Array(160).fill(-32_768))).toBe(0)
    expect(levelOf(tone(1000, -3.01))).toBe(-3)
    expect(levelOf(tone(1000, -40))).toBe(-40)
  })

  it('finds a tone among others at its level', () => {
    const mixed = Float64Array.from(tone(500, -20, 8000), (sample, index) => sample + (tone650[index] ?? 0))
    expect(toneLevel(mixed, { frequency: 500, sampleRate: 8000 })).toBeCloseTo(-20, 1)
    expect(toneLevel(mixed, { frequency: 650, sampleRate: 8000 })).toBeCloseTo(-10, 1)
    expect(toneLevel(mixed, { frequency: 800, sampleRate: 8000 })).toBeLessThan(-80)
  })
  const tone650 = tone(650, -10, 8000)
})

describe('tone', () => {
  it('goes on in phase from frame to frame', () => {
    const generator = new ToneGenerator({ frequency: 437, sampleRate: 8000, levelDbov: -10 })
    const first = new Int16Array(160)
    const second = new Int16Array(160)
    generator.fill(first)
    generator.fill(second)
    const whole = tone(437, -10, 320)
    const apart = [...first, ...second].map((sample, index) => Math.abs(sample - (whole[index] ?? 0)))
    expect(Math.max(...apart)).toBeLessThanOrEqual(1)
  })
})

describe('time stretch', () => {
  const overlap = 40
  it.each([compress, expand])('%o makes a seamless frame of a tone and goes on in phase', (stretch) => {
    const pcm = tone(200, -10, 320)
    const lag = bestLag(pcm, { min: 40, max: 120, overlap, stride: 1, grain: 1 })
    expect(lag % 40).toBe(0)
    const frame = new Int16Array(160)
    stretch(pcm, frame, { lag, overlap })
    const following = pcm[stretch === compress ? 160 + lag : 160 - lag] ?? 0
    const steps = [...frame, following].map((sample, index, all) => Math.abs(sample - (all[index - 1] ?? sample)))
    expect(Math.max(...steps)).toBeLessThan(14_654 * ((2 * Math.PI * 200) / 8000) * 1.1)
  })
})
