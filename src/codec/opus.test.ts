import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { toneLevel } from '../dsp/goertzel.ts'
import { ToneGenerator } from '../dsp/tone.ts'
import { opus } from './opus.ts'
import { opusRepeats } from './opus-packet.ts'
import type { EncoderSettings, Payload, PcmRate, WideDecoder, WideEncoder } from './wide-codec.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Pair {
  readonly encoder: WideEncoder
  readonly decoder: WideDecoder
}

async function open(rate: PcmRate, settings?: EncoderSettings, decodeAt: PcmRate = rate): Promise<Pair> {
  const pair = { encoder: opus.createEncoder(rate, settings), decoder: opus.createDecoder(decodeAt) }
  await nextTurn()
  return pair
}

/** Encodes frame by frame; every packet in storage longer than itself. */
function encodeAll(encoder: WideEncoder, pcm: Int16Array, frame = encoder.sampleRate / 50): Payload[] {
  const packets: Payload[] = []
  for (let at = 0; at < pcm.length; at += frame) {
    const bytes = new Uint8Array(1300)
    packets.push({ bytes, length: encoder.encode(pcm.subarray(at, at + frame), bytes, 0) })
  }
  return packets
}

function decodeAll(decoder: WideDecoder, packets: readonly Payload[]): Int16Array {
  const pcm = new Int16Array(packets.reduce((sum, packet) => sum + decoder.samplesIn(packet), 0))
  let at = 0
  for (const packet of packets) at += decoder.decode(packet, pcm, at)
  return pcm
}

function tone(frequency: number, rate: PcmRate, seconds: number): Int16Array {
  const pcm = new Int16Array(rate * seconds)
  new ToneGenerator({ frequency, sampleRate: rate, levelDbov: -15 }).fill(pcm)
  return pcm
}

/** Harmonics of a gliding pitch that swell and fade three times a second. */
function voice(rate: PcmRate, seconds: number): Int16Array {
  let phase = 0
  return Int16Array.from({ length: rate * seconds }, (_, index) => {
    const time = index / rate
    phase += (2 * Math.PI * (150 + 40 * Math.sin(2 * Math.PI * 0.7 * time))) / rate
    let sum = 0
    for (let harmonic = 1; harmonic < 16; harmonic += 1) sum += Math.sin(phase * harmonic + harmonic) / harmonic
    return Math.max(0, Math.sin(2 * Math.PI * 3 * time)) * 5000 * sum
  })
}

function power(pcm: Int16Array): number {
  return 10 * Math.log10(pcm.reduce((sum, sample) => sum + sample * sample, 1) / pcm.length / 32_768 ** 2)
}

function distance(one: Int16Array, other: Int16Array): number {
  return one.reduce((sum, sample, index) => sum + (sample - (other[index] ?? 0)) ** 2, 0)
}

beforeAll(() => opus.prepare())

describe('Opus', () => {
  it('says 48000 and two channels in SDP whatever it samples (RFC 7587 §4.1, §7)', () => {
    expect(opus.facts).toMatchObject({ clockRate: 48_000, channels: 2, sampleRate: 16_000, shareable: 'stream' })
  })

  it.each([
    [8000, 1000],
    [16_000, 400],
    [16_000, 1000],
    [16_000, 5000],
    [48_000, 1000],
    [48_000, 9000],
  ] as const)('carries a tone at %i Hz sampling and %i Hz within 1.5 dB', async (rate, frequency) => {
    const { encoder, decoder } = await open(rate)
    const pcm = decodeAll(decoder, encodeAll(encoder, tone(frequency, rate, 1)))
    expect(pcm.length).toBe(rate)
    expect(Math.abs(toneLevel(pcm.subarray(rate / 2), { frequency, sampleRate: rate }) + 15)).toBeLessThan(1.5)
  })

  it.each([8000, 16_000, 48_000] as const)('decodes at %i Hz what was encoded at 48 kHz', async (rate) => {
    const { encoder, decoder } = await open(48_000, {}, rate)
    const pcm = decodeAll(decoder, encodeAll(encoder, tone(1000, 48_000, 1)))
    expect(pcm.length).toBe(rate)
    expect(Math.abs(toneLevel(pcm.subarray(rate / 2), { frequency: 1000, sampleRate: rate }) + 15)).toBeLessThan(1.5)
  })

  it.each(opus.facts.packetTimes.map((time) => [time]))('takes packets of %i ms', async (time) => {
    const { encoder, decoder } = await open(16_000)
    const packets = encodeAll(encoder, tone(700, 16_000, 1).subarray(0, 15_360), 16 * time)
    for (const packet of packets) expect(decoder.samplesIn(packet)).toBe(16 * time)
    const pcm = decodeAll(decoder, packets)
    expect(Math.abs(toneLevel(pcm.subarray(7360), { frequency: 700, sampleRate: 16_000 }) + 15)).toBeLessThan(1.5)
  })

  it.each([8000, 16_000, 48_000] as const)('is late at %i Hz by what it says, within a millisecond', async (rate) => {
    const { encoder, decoder } = await open(rate, { bitrate: 40_000 })
    const source = voice(rate, 1)
    const result = decodeAll(decoder, encodeAll(encoder, source))
    let best = 0
    let most = 0
    for (let lag = 0; lag < rate / 50; lag += 1) {
      let product = 0
      for (let index = rate / 10; index < rate; index += 3) product += (source[index - lag] ?? 0) * (result[index] ?? 0)
      if (product > most) {
        most = product
        best = lag
      }
    }
    expect(Math.abs(best - encoder.delay)).toBeLessThan(rate / 1000)
  })

  it('sends what it is allowed to, and less when less is asked for', async () => {
    const { encoder } = await open(16_000, { bitrate: 32_000 })
    const octets = (packets: Payload[]): number => packets.reduce((sum, packet) => sum + packet.length, 0)
    const fast = octets(encodeAll(encoder, voice(16_000, 1)))
    encoder.adjust({ bitrate: 10_000, complexity: 0 })
    const slow = octets(encodeAll(encoder, voice(16_000, 1)))
    expect(fast).toBeLessThan(4400)
    expect(slow).toBeLessThan(0.75 * fast)
  })

  it('sends next to nothing of silence when it may', async () => {
    const { encoder } = await open(16_000, { dtx: true })
    const packets = encodeAll(encoder, new Int16Array(48_000))
    const sent = packets.slice(50).filter((packet) => packet.length > 0)
    expect(sent.length).toBeGreaterThan(0)
    expect(sent.length).toBeLessThan(8)
    expect(Math.max(...sent.map((packet) => packet.length))).toBeLessThan(16)
    encoder.adjust({ dtx: false })
    expect(encodeAll(encoder, new Int16Array(3200)).every((packet) => packet.length > 0)).toBe(true)
  })
})

describe('Opus under loss', () => {
  it.each([16_000, 48_000] as const)('conceals 1 and 5 frames at %i Hz without a buzz, and fades', async (rate) => {
    const { encoder, decoder } = await open(rate)
    const size = rate / 50
    const packets = encodeAll(encoder, voice(rate, 1))
    // 20 frames end in the middle of a swell.
    const spoken = decodeAll(decoder, packets.slice(0, 20))
    const lost = Array.from({ length: 5 }, () => {
      const pcm = new Int16Array(size)
      decoder.conceal(pcm, 0, size)
      return pcm
    })
    const before = power(spoken.subarray(19 * size))
    const levels = lost.map(power)
    expect(levels[0]).toBeGreaterThan(before - 12)
    expect(levels[4]).toBeLessThan((levels[0] ?? 0) - 15)
    for (let count = 1; count < 5; count += 1) expect(levels[count]).toBeLessThan((levels[0] ?? 0) - 1)
    const [first = spoken, second = spoken] = lost
    expect(distance(first, second)).toBeGreaterThan(0.1 * distance(first, new Int16Array(size)))
    const back = decodeAll(decoder, packets.slice(25))
    const whole = decodeAll((await open(rate)).decoder, packets).subarray(25 * size)
    expect(distance(back.subarray(10 * size), whole.subarray(10 * size))).toBeLessThan(
      0.05 * distance(whole.subarray(10 * size), new Int16Array(whole.length)),
    )
  })

  it('conceals any number of samples', async () => {
    const { encoder, decoder } = await open(16_000)
    decodeAll(decoder, encodeAll(encoder, tone(300, 16_000, 1)))
    const pcm = new Int16Array(1000)
    decoder.conceal(pcm, 3, 777)
    expect(pcm.subarray(0, 3).every((sample) => sample === 0)).toBe(true)
    expect(pcm[3]).not.toBe(0)
    expect(pcm.subarray(780).every((sample) => sample === 0)).toBe(true)
  })

  it('recovers a lost frame from the next packet better than it conceals it', async () => {
    const settings = { fec: true, lossPercent: 25, bitrate: 32_000 }
    const { encoder, decoder: whole } = await open(16_000, settings)
    const packets = encodeAll(encoder, voice(16_000, 2))
    const truth = decodeAll(whole, packets)
    const recovering = opus.createDecoder(16_000)
    const concealing = opus.createDecoder(16_000)
    await nextTurn()
    let recovered = 0
    let concealed = 0
    let repeats = 0
    const pcm = new Int16Array(320)
    packets.forEach((packet, index) => {
      const next = packets[index + 1]
      const real = truth.subarray(index * 320, index * 320 + 320)
      if (index % 7 === 6 && next && opusRepeats(next) && power(real) > -40) {
        expect(recovering.recover(next, pcm, 0, 320)).toBe(true)
        recovered += distance(real, pcm)
        concealing.conceal(pcm, 0, 320)
        concealed += distance(real, pcm)
        repeats += 1
      } else {
        recovering.decode(packet, pcm, 0)
        concealing.decode(packet, pcm, 0)
      }
    })
    expect(repeats).toBeGreaterThan(3)
    expect(recovered).toBeLessThan(0.5 * concealed)
  })

  it('says so when the next packet repeats nothing', async () => {
    const { encoder, decoder } = await open(16_000)
    const [packet] = encodeAll(encoder, voice(16_000, 1)).slice(10)
    const pcm = new Int16Array(320).fill(7)
    expect(packet && decoder.recover(packet, pcm, 0, 320)).toBe(false)
    expect(pcm.every((sample) => sample === 7)).toBe(true)
  })

  it('takes what is not Opus for loss', async () => {
    const { decoder } = await open(16_000)
    const pcm = new Int16Array(1920)
    expect(decoder.samplesIn({ bytes: new Uint8Array(4), length: 0 })).toBe(0)
    expect(decoder.decode({ bytes: new Uint8Array(4), length: 0 }, pcm, 0)).toBe(0)
    // Two frames of equal length, with an odd number of octets for both.
    const broken = { bytes: Uint8Array.from([0x09, 1, 2, 3]), length: 4 }
    expect(decoder.decode(broken, pcm, 0)).toBe(640)
    expect(decoder.malformed).toBe(1)
  })

  it('survives any octets', async () => {
    const { decoder } = await open(16_000)
    let seed = 7
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return seed >>> 16
    }
    const pcm = new Int16Array(1920)
    for (let count = 0; count < 2000; count += 1) {
      const bytes = Uint8Array.from({ length: 64 }, random)
      const payload = { bytes, length: 1 + (random() % 60) }
      expect(decoder.decode(payload, pcm, 0)).toBe(decoder.samplesIn(payload))
      decoder.recover(payload, pcm, 0, 320)
    }
  })
})

describe('the life of Opus states', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  /** What is held after a collection, octets: on the heap, in buffers, and by WebAssembly. */
  const held = (): { js: number; wasm: number } => {
    collect()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    return { js: heapUsed + arrayBuffers, wasm: external - arrayBuffers }
  }

  it('does not grow over 10,000 frames', async () => {
    const { encoder, decoder } = await open(16_000, { complexity: 0 })
    const source = voice(16_000, 1)
    const bytes = new Uint8Array(1300)
    const pcm = new Int16Array(320)
    const run = (frames: number): void => {
      for (let count = 0; count < frames; count += 1) {
        const at = (count % 50) * 320
        const length = encoder.encode(source.subarray(at, at + 320), bytes, 0)
        if (count % 10 === 9) decoder.conceal(pcm, 0, 320)
        else decoder.decode({ bytes, length }, pcm, 0)
      }
    }
    run(500)
    const before = held()
    run(10_000)
    const after = held()
    // The results alone are 7 MB.
    expect(after.js - before.js).toBeLessThan(3_000_000)
    expect(after.wasm - before.wasm).toBeLessThan(2_000_000)
    encoder.close()
    decoder.close()
  })

  it('gives its memory back over 1,000 openings', async () => {
    const cycle = async (times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        const { encoder, decoder } = await open(48_000)
        encoder.close()
        decoder.close()
        decoder.close()
      }
    }
    await cycle(50)
    const before = held()
    await cycle(1000)
    const after = held()
    // Unfreed, they would take 50 MB.
    expect(after.js - before.js).toBeLessThan(3_000_000)
    expect(after.wasm - before.wasm).toBeLessThan(2_000_000)
  })

  it('frees what is closed in the turn that made it', async () => {
    const before = held()
    for (let count = 0; count < 1000; count += 1) {
      opus.createDecoder(48_000).close()
      await nextTurn()
    }
    expect(held().wasm - before.wasm).toBeLessThan(2_000_000)
  })

  it('refuses to work after it was closed', async () => {
    const { encoder, decoder } = await open(16_000)
    encoder.close()
    decoder.close()
    expect(() => encoder.encode(new Int16Array(320), new Uint8Array(100), 0)).toThrow(/closed/)
    expect(() => decoder.conceal(new Int16Array(320), 0, 320)).toThrow(/closed/)
  })

  it('begins afresh after a reset, with its settings', async () => {
    const { encoder } = await open(16_000, { bitrate: 12_000 })
    const source = voice(16_000, 1)
    const first = encodeAll(encoder, source)
    encoder.reset()
    await nextTurn()
    expect(encodeAll(encoder, source).map(({ length }) => length)).toEqual(first.map(({ length }) => length))
  })

  it('writes no more than there is room for', async () => {
    const { encoder } = await open(48_000, { bitrate: 128_000 })
    const target = new Uint8Array(60).fill(0xee)
    const length = encoder.encode(voice(48_000, 1).subarray(4800, 5760), target, 10)
    expect(length).toBeLessThanOrEqual(50)
    expect(target.subarray(0, 10).every((octet) => octet === 0xee)).toBe(true)
  })
})
