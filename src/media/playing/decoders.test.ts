import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createOggOpusContainer } from '../recording/ogg-opus-container.ts'
import { level, seeded, toneFrames } from '../recording/recording.fixture.ts'
import { bytesSource, decodeAll, pumpAll, riff, toneWav, type WavShape, wavFmt } from './playing.fixture.ts'
import { sniff } from './stream-decoder.ts'

const fixture = (name: string): Uint8Array => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))

const shapes: readonly (readonly [string, WavShape])[] = [
  ['8 bits', { format: 1, bits: 8, rate: 8000, channels: 1 }],
  ['16 bits', { format: 1, bits: 16, rate: 44_100, channels: 2 }],
  ['24 bits', { format: 1, bits: 24, rate: 48_000, channels: 1 }],
  ['32 bits', { format: 1, bits: 32, rate: 22_050, channels: 2 }],
  ['float', { format: 3, bits: 32, rate: 11_025, channels: 1 }],
  ['double', { format: 3, bits: 64, rate: 96_000, channels: 1 }],
]

async function oggTone(): Promise<Uint8Array> {
  const container = await createOggOpusContainer({ sampleRate: 48_000, serial: 1 })
  const tone = toneFrames(1000, 48_000)
  const parts = [container.start()]
  for (let index = 0; index < 50; index += 1) parts.push(container.append(tone()))
  parts.push(container.finish())
  container.free()
  return Buffer.concat(parts)
}

describe('decoding', () => {
  it.each(shapes)('reads WAV of %s, in pieces of any length', async (_, shape) => {
    const bytes = toneWav(shape)
    for (const piece of [1, 977, 1 << 20]) {
      const decoded = await decodeAll(bytes, piece)
      expect(decoded?.failure).toBeUndefined()
      expect(decoded?.pcm.length).toBe(shape.rate)
      expect(decoded?.rate).toBe(shape.rate)
      expect(level(decoded?.pcm ?? new Int16Array(0), 1000, shape.rate)).toBeCloseTo(-10, shape.bits === 8 ? 0 : 1)
    }
  })

  it('reads G.711 in WAV', async () => {
    const data = Buffer.alloc(800, 0xff)
    const shape = { format: 7, bits: 8, rate: 8000, channels: 1 }
    const decoded = await decodeAll(
      riff([
        ['fmt ', wavFmt(shape)],
        ['data', data],
      ]),
      100,
    )
    expect(decoded).toMatchObject({ rate: 8000, failure: undefined })
    expect(decoded?.pcm.every((sample) => sample === 0)).toBe(true)
  })

  it('takes a size of samples that nobody knew for all that follows', async () => {
    const bytes = toneWav({ format: 1, bits: 16, rate: 8000, channels: 1 })
    const at = Buffer.from(bytes).indexOf('data') + 4
    bytes.set([0xff, 0xff, 0xff, 0xff], at)
    expect((await decodeAll(bytes, 300))?.pcm.length).toBe(8000)
  })

  it.each([
    ['tone-22k.mp3', 22_050, -15],
    ['tone-44k-stereo.mp3', 44_100, -18],
    ['tone-stereo.ogg', 48_000, -18],
  ])('reads %s', async (name, rate, dBov) => {
    for (const piece of [333, 1 << 20]) {
      const decoded = await decodeAll(fixture(name), piece)
      expect(decoded?.failure).toBeUndefined()
      expect(decoded?.rate).toBe(rate)
      // 20 ms of slack for the padding of formats that cannot say where they end.
      expect(Math.abs((decoded?.pcm.length ?? 0) - rate)).toBeLessThanOrEqual(rate / 50)
      const middle = decoded?.pcm.subarray(rate * 0.2, rate * 0.8) ?? new Int16Array(0)
      expect(Math.abs(level(middle, 1000, rate) - dBov)).toBeLessThan(1)
      expect(level(middle, 1500, rate)).toBeLessThan(-50)
    }
  })

  it('gives back from Ogg exactly what was recorded', async () => {
    const decoded = await decodeAll(await oggTone(), 500)
    expect(decoded?.pcm.length).toBe(48_000)
    expect(level(decoded?.pcm.subarray(4800, 43_200) ?? new Int16Array(0), 1000, 48_000)).toBeCloseTo(-10, 0)
  })

  it('passes over a damaged Ogg page and plays the rest', async () => {
    const bytes = Uint8Array.from(await oggTone())
    const second = Buffer.from(bytes).indexOf('OggS', 200)
    bytes[second + 60] = (bytes[second + 60] ?? 0) ^ 0xff
    const decoded = await decodeAll(bytes, 500)
    expect(decoded?.failure).toBeUndefined()
    expect(decoded?.pcm.length).toBeGreaterThan(20_000)
  })

  it('says why it cannot play something', async () => {
    const wav = (shape: WavShape): Promise<unknown> =>
      decodeAll(
        riff([
          ['fmt ', wavFmt(shape)],
          ['data', Buffer.alloc(100)],
        ]),
        100,
      )
    const reason = (name: string): object => ({ failure: { reason: name } })
    expect(await wav({ format: 2, bits: 4, rate: 8000, channels: 1 })).toMatchObject(reason('unsupported'))
    expect(await wav({ format: 1, bits: 16, rate: 8000, channels: 9 })).toMatchObject(reason('unsupported'))
    expect(await wav({ format: 1, bits: 16, rate: 7, channels: 1 })).toMatchObject(reason('unsupported'))
    expect(await decodeAll(riff([['data', Buffer.alloc(10)]]), 100)).toMatchObject(reason('damaged'))
    expect(await decodeAll(Buffer.from('ID3 nothing of the kind'), 100)).toMatchObject(reason('damaged'))
    expect(await decodeAll(Buffer.concat([Buffer.from([0xff, 0xfb]), Buffer.alloc(100_000, 1)]), 1000)).toMatchObject(
      reason('damaged'),
    )
    expect(await decodeAll(Buffer.concat([Buffer.from('OggS'), Buffer.alloc(400_000, 1)]), 5000)).toMatchObject(
      reason('damaged'),
    )
    expect(sniff(Buffer.from('<html>'))).toBeUndefined()
    expect(sniff(new Uint8Array(0))).toBeUndefined()
  })

  it('never throws and never goes on for ever, whatever is broken', { timeout: 60_000 }, async () => {
    const random = seeded(99)
    const sources = [
      toneWav({ format: 1, bits: 16, rate: 8000, channels: 1 }).subarray(0, 4000),
      fixture('tone-22k.mp3'),
      fixture('tone-stereo.ogg'),
      await oggTone(),
    ]
    let survived = 0
    for (let turn = 0; turn < 240; turn += 1) {
      const source = sources[turn % sources.length] ?? new Uint8Array(0)
      const start = Math.floor(random() * 64)
      const bytes = Uint8Array.from(source)
      const changes = 1 + Math.floor(random() ** 3 * 200)
      const reach = turn % 3 === 0 ? 128 : bytes.length
      for (let change = 0; change < changes; change += 1)
        bytes[Math.min(bytes.length - 1, 4 + start + Math.floor(random() * reach))] = Math.floor(random() * 256)
      const cut = turn % 5 === 0 ? Math.floor(random() * bytes.length) : bytes.length
      const decoded = await decodeAll(bytes.subarray(0, cut), 1 + Math.floor(random() * 5000))
      if (decoded && decoded.pcm.length > 0) survived += 1
      expect(decoded?.pcm.length ?? 0).toBeLessThan(10 * 48_000)
    }
    expect(survived).toBeGreaterThan(50)
  })
})

describe('resampling what is played', () => {
  it.each([8000, 11_025, 12_345, 22_050, 44_100, 48_000, 96_000])(
    'brings %i Hz to the rates of mixes',
    async (rate) => {
      const bytes = toneWav({ format: 1, bits: 16, rate, channels: 1 })
      for (const to of [8000, 16_000, 48_000]) {
        const pcm = await pumpAll(async () => bytesSource(bytes), { rate: to })
        expect(Math.abs(pcm.length - to)).toBeLessThanOrEqual(to / 50)
        const frequency = (1000 * (Math.round(rate / 25) * 25)) / rate
        expect(level(pcm.subarray(to * 0.1, to * 0.9), frequency, to)).toBeCloseTo(-10, 0)
      }
    },
  )

  it('lets nothing through that the mix cannot hold', async () => {
    const tone = toneFrames(15_000, 48_000)
    const data = Buffer.concat(Array.from({ length: 50 }, () => Buffer.from(tone().buffer)))
    const bytes = riff([
      ['fmt ', wavFmt({ format: 1, bits: 16, rate: 48_000, channels: 1 })],
      ['data', data],
    ])
    const pcm = await pumpAll(async () => bytesSource(bytes), { rate: 16_000 })
    const middle = pcm.subarray(1600, 14_400)
    expect(level(middle, 1000, 16_000)).toBeLessThan(-68)
    expect(middle.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeLessThan(20)
  })

  it('is louder by the gain and repeats without a gap', async () => {
    const bytes = toneWav({ format: 1, bits: 16, rate: 8000, channels: 1 })
    const pcm = await pumpAll(async () => bytesSource(bytes), {
      rate: 8000,
      loop: true,
      gainDb: -6,
      mostSamples: 24_000,
    })
    expect(level(pcm.subarray(0, 24_000), 1000, 8000)).toBeCloseTo(-16, 1)
  })
})
