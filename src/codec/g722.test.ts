import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toneLevel } from '../dsp/goertzel.ts'
import { ToneGenerator } from '../dsp/tone.ts'
import { g722 } from './g722.ts'

const rate = 16_000
const digest = (values: Uint8Array | Int16Array): string => createHash('sha256').update(values).digest('hex')

/** White noise that halves every 16 ms, from full scale down to nothing. */
function fadingNoise(): Int16Array {
  let seed = 1
  return Int16Array.from({ length: 3200 }, (_, index) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return ((seed >>> 16) - 32_768) >> (index >> 8)
  })
}

function tone(frequency: number, length: number): Int16Array {
  const pcm = new Int16Array(length)
  new ToneGenerator({ frequency, sampleRate: rate, levelDbov: -15 }).fill(pcm)
  return pcm
}

function encode(pcm: Int16Array, frame = 320): Uint8Array {
  const encoder = g722.createEncoder()
  const codes = new Uint8Array(pcm.length / 2)
  for (let at = 0; at < pcm.length; at += frame) encoder.encode(pcm.subarray(at, at + frame), codes, at / 2)
  return codes
}

function decode(codes: Uint8Array, frame = 160): Int16Array {
  const decoder = g722.createDecoder()
  const pcm = new Int16Array(codes.length * 2)
  for (let at = 0; at < codes.length; at += frame) {
    const bytes = codes.subarray(at, at + frame)
    decoder.decode({ bytes, length: bytes.length }, pcm, 2 * at)
  }
  return pcm
}

/** Signal to noise, dB, after the delay of both filters. */
function quality(source: Int16Array, result: Int16Array): number {
  let signal = 0
  let noise = 0
  for (let index = 400; index < source.length; index += 1) {
    const sample = source[index - 22] ?? 0
    signal += sample ** 2
    noise += (sample - (result[index] ?? 0)) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

describe('G.722', () => {
  it('says 8000 in SDP and samples at 16000 (RFC 3551 §4.5.2)', () => {
    expect(g722.facts).toMatchObject({ payloadType: 9, clockRate: 8000, sampleRate: rate, frameBytes: 160 })
  })

  it('encodes and decodes bit for bit as an independent implementation', () => {
    const codes = encode(fadingNoise())
    expect(Buffer.from(codes.subarray(0, 16)).toString('hex')).toBe('268425953a84842020220485b3226020')
    expect(digest(codes)).toBe('59afe1e852d003349284948896e091f22cc9587e441ed619b5c4e744ff9be835')
    const pcm = decode(codes)
    expect([...pcm.subarray(0, 16)].map((sample) => sample + 0)).toEqual([
      0, -1, -1, 0, 0, -2, -1, 5, -2, -14, 10, 41, 2, -84, -38, 79,
    ])
    expect(digest(pcm)).toBe('663d6d8272a1971e2ea4b17ada552c333af422b7a2508f3822d5ceef3a5da05f')
  })

  it('gives the same whatever the packets are cut to', () => {
    const pcm = fadingNoise().subarray(0, 1920)
    expect(encode(pcm, 160)).toEqual(encode(pcm, 960))
    const codes = encode(pcm)
    expect(decode(codes, 80)).toEqual(decode(codes, 480))
  })

  it.each([
    [300, 35],
    [1000, 35],
    [3000, 25],
    [5500, 20],
    [6800, 15],
  ])('carries %i Hz with at least %i dB of signal over noise', (frequency, least) => {
    const source = tone(frequency, 16_000)
    expect(quality(source, decode(encode(source)))).toBeGreaterThan(least)
  })

  it('is flat within 1 dB from 100 Hz to 6.8 kHz', () => {
    for (const frequency of [100, 500, 2000, 3500, 4500, 6000, 6800]) {
      const result = decode(encode(tone(frequency, 8000))).subarray(1600)
      expect(Math.abs(toneLevel(result, { frequency, sampleRate: rate }) + 15), `${frequency} Hz`).toBeLessThan(1)
    }
  })

  it('survives full-scale square waves without wrapping', () => {
    const source = Int16Array.from({ length: 6400 }, (_, index) => ((index >> 5) & 1 ? 32_767 : -32_768))
    const result = decode(encode(source))
    expect(quality(source, result)).toBeGreaterThan(8)
  })

  it('moves a listener to another encoder without a trace', () => {
    const source = tone(700, 6400)
    const whole = encode(source)
    const first = g722.createEncoder()
    const second = g722.createEncoder()
    const codes = new Uint8Array(320)
    first.encode(source.subarray(0, 3200), new Uint8Array(1600), 0)
    second.encode(fadingNoise(), new Uint8Array(1600), 0)
    expect(second.follow(first)).toBe(true)
    second.encode(source.subarray(3200, 3840), codes, 0)
    expect(codes).toEqual(whole.subarray(1600, 1920))
  })

  it('begins again after a reset', () => {
    const encoder = g722.createEncoder()
    const pcm = fadingNoise().subarray(0, 320)
    const first = new Uint8Array(160)
    const second = new Uint8Array(160)
    encoder.encode(pcm, first, 0)
    encoder.reset()
    encoder.encode(pcm, second, 0)
    expect(second).toEqual(first)
  })

  it('conceals a lost frame, fades over five, and is back within 20 ms', () => {
    const source = tone(400, 16_000)
    const codes = encode(source)
    const decoder = g722.createDecoder()
    const pcm = new Int16Array(16_000)
    for (let frame = 0; frame < 50; frame += 1) {
      if (frame >= 20 && frame < 25) decoder.conceal(pcm, frame * 320, 320)
      else {
        const bytes = codes.subarray(frame * 160, frame * 160 + 160)
        decoder.resume(pcm, frame * 320, decoder.decode({ bytes, length: 160 }, pcm, frame * 320))
      }
    }
    const level = (frame: number): number =>
      toneLevel(pcm.subarray(frame * 320, frame * 320 + 320), { frequency: 400, sampleRate: rate })
    expect(level(20)).toBeGreaterThan(-18)
    expect(level(22)).toBeLessThan(level(20) - 6)
    expect(pcm.subarray(24 * 320, 25 * 320).every((sample) => sample === 0)).toBe(true)
    expect(Math.abs(level(26) + 15)).toBeLessThan(1)
  })
})
