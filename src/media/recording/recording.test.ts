import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MixMember } from '../mix-member.ts'
import type { RecordingFormat } from './container.ts'
import { readPage } from './ogg-page.ts'
import { ffmpegPcm, hasFfmpeg, level, PushedMix, toneFrames, wavPcm } from './recording.fixture.ts'
import type { RecordingFile } from './recording-file.ts'
import { Studio } from './studio.fixture.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'partyline-recording-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

class CountedFile implements RecordingFile {
  bytes = 0
  head: Uint8Array = new Uint8Array(0)
  syncs = 0
  readonly #room: number

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.bytes + bytes.length > this.#room) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    this.bytes += bytes.length
  }

  async rewriteHead(bytes: Uint8Array): Promise<void> {
    this.head = bytes
  }

  async truncate(bytes: number): Promise<void> {
    this.bytes = bytes
  }

  async sync(): Promise<void> {
    this.syncs += 1
  }

  async close(): Promise<void> {}
}

const member: MixMember = { speaks: 8000, hears: 8000, pull: () => false, push: () => undefined }

describe('recording', () => {
  it('lasts as long as the wall clock after hours of late, lost and missing ticks', async () => {
    const file = new CountedFile()
    const studio = new Studio(async () => file)
    const mix = new PushedMix(8000)
    await studio.recordings.start({ recordingId: 'r', path: 'r.wav', format: 'wav', fileRate: 8000 }, mix)
    studio.now = 7
    const frame = new Int16Array(160).fill(99)
    const hours = 3
    let beat = 0
    for (; beat < hours * 180_000; beat += 1) {
      // Every minute 300 ms of ticks never come; every hour the mix is idle for ten minutes.
      if (beat % 3000 < 15 || beat % 180_000 > 150_000) studio.now += 20
      else await studio.tick(mix, beat % 10 === 0 ? undefined : frame)
      if (beat % 5000 === 0) await studio.settle()
    }
    studio.now += 13
    const [made] = await studio.recordings.stop('r')
    expect(Math.abs((made?.durationMs ?? 0) - studio.now)).toBeLessThanOrEqual(20)
    expect(file.bytes).toBe(80 + (made?.durationMs ?? 0) * 16)
    expect(new DataView(file.head.buffer).getUint32(76, true)).toBe(file.bytes - 80)
    expect(studio.notices).toMatchObject([{ kind: 'recordingFinished', lostMs: 0 }])
  })

  it.each<[RecordingFormat, number]>([
    ['wav', 16_000],
    ['ogg', 16_000],
    ['ogg', 48_000],
  ])('writes %s at %i Hz that another program reads with the same tones and length', async (format, fileRate) => {
    const studio = new Studio()
    const path = join(directory, `r.${format}`)
    const mix = new PushedMix(16_000)
    const rate = fileRate === 48_000 ? fileRate : 16_000
    await studio.recordings.start({ recordingId: 'r', path, format, fileRate: rate }, mix)
    const low = toneFrames(440, 16_000)
    const high = toneFrames(3000, 16_000)
    for (let index = 0; index < 150; index += 1)
      await studio.tick(mix, index < 50 ? low() : index < 100 ? undefined : high())
    const [made] = await studio.recordings.stop('r')
    expect(made?.durationMs).toBe(3000)
    const bytes = readFileSync(path)
    expect(made?.bytes).toBe(bytes.length)
    expect(made?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    if (!hasFfmpeg) return
    const pcm = ffmpegPcm(path, 16_000)
    expect(Math.abs(pcm.length - 48_000)).toBeLessThanOrEqual(format === 'wav' && fileRate === 16_000 ? 0 : 16)
    expect(level(pcm.subarray(3200, 12_800), 440, 16_000)).toBeCloseTo(-10, 0)
    expect(level(pcm.subarray(3200, 12_800), 3000, 16_000)).toBeLessThan(-50)
    expect(level(pcm.subarray(19_200, 28_800), 440, 16_000)).toBeLessThan(-60)
    expect(level(pcm.subarray(35_200, 44_800), 3000, 16_000)).toBeCloseTo(-10, 0)
  })

  it('writes Ogg pages that are numbered, checked, and end with the exact last sample', async () => {
    const studio = new Studio()
    const path = join(directory, 'r.ogg')
    const mix = new PushedMix(8000)
    await studio.recordings.start({ recordingId: 'r', path, format: 'ogg', fileRate: 8000 }, mix)
    const tone = toneFrames(700, 8000)
    for (let index = 0; index < 123; index += 1) await studio.tick(mix, index % 40 < 20 ? tone() : undefined)
    await studio.recordings.stop('r')
    const bytes = readFileSync(path)
    const pages = []
    for (let at = 0; at < bytes.length; ) {
      const result = readPage(bytes, at)
      if (result.kind !== 'page') throw new Error(`page at ${at}: ${result.kind}`)
      pages.push(result.page)
      at += result.page.length
    }
    expect(pages.map(({ sequence }) => sequence)).toEqual(pages.map((_, index) => index))
    expect(pages.map(({ flags }) => flags)).toEqual(
      pages.map((_, index) => (index === 0 ? 2 : index === pages.length - 1 ? 4 : 0)),
    )
    const preSkip = (pages[0]?.body[10] ?? 0) + (pages[0]?.body[11] ?? 0) * 256
    expect(pages.at(-1)?.granule).toBe(preSkip + 123 * 960)
    expect(pages.slice(2, -1).every((page) => page.granule % 960 === 0)).toBe(true)
  })

  it('keeps its rate while the mix changes its own', async () => {
    const studio = new Studio()
    const path = join(directory, 'r.wav')
    const mix = new PushedMix(8000)
    await studio.recordings.start({ recordingId: 'r', path, format: 'wav' }, mix)
    for (const rate of [8000, 16_000, 48_000, 8000] as const) {
      mix.rate = rate
      const tone = toneFrames(1000, rate)
      for (let index = 0; index < 50; index += 1) await studio.tick(mix, tone())
    }
    await studio.tick(mix, undefined)
    const [made] = await studio.recordings.stop('r')
    expect(made?.durationMs).toBe(4020)
    const pcm = wavPcm(path)
    for (let second = 0; second < 4; second += 1)
      expect(level(pcm.subarray(second * 16_000 + 1600, second * 16_000 + 14_400), 1000, 16_000)).toBeCloseTo(-10, 0)
  })

  it('records each participant into a file of its own, aligned with the beginning', async () => {
    const studio = new Studio()
    const mix = new PushedMix(8000)
    const late: MixMember = { ...member }
    const path = (name: string): string => join(directory, `${name}.wav`)
    const start = (legId: string, who: MixMember): Promise<void> =>
      studio.recordings.start(
        { recordingId: 'r', path: path(legId), format: 'wav', fileRate: 8000, track: { legId, member: who } },
        mix,
      )
    await start('a', member)
    const tones = { a: toneFrames(400, 8000), b: toneFrames(1500, 8000) }
    for (let index = 0; index < 100; index += 1) {
      if (index === 50) await start('b', late)
      mix.tracks.set(member, tones.a())
      mix.tracks.set(late, tones.b())
      await studio.tick(mix, undefined)
    }
    studio.recordings.memberLeft(member)
    await studio.told(1)
    for (let index = 0; index < 50; index += 1) await studio.tick(mix, undefined)
    const files = await studio.recordings.stop('r')
    expect(files.map(({ durationMs }) => durationMs)).toEqual([3000])
    await expect(studio.recordings.stop('r')).rejects.toMatchObject({ code: 'RECORDING_NOT_FOUND' })
    expect(studio.notices).toMatchObject([
      { kind: 'recordingFinished', legId: 'a', file: { durationMs: 2000 } },
      { kind: 'recordingFinished', legId: 'b', file: { durationMs: 3000 } },
    ])
    expect(level(wavPcm(path('a')), 400, 8000)).toBeCloseTo(-10, 0)
    expect(level(wavPcm(path('a')), 1500, 8000)).toBeLessThan(-60)
    const pcm = wavPcm(path('b'))
    expect(pcm.subarray(0, 8000).every((sample) => sample === 0)).toBe(true)
    expect(level(pcm.subarray(8000, 16_000), 1500, 8000)).toBeCloseTo(-10, 0)
  })

  it('announces a full disk with what there is, and takes the recorder out of the mix', async () => {
    const file = new CountedFile(20_000)
    const studio = new Studio(async () => file)
    const mix = new PushedMix(8000)
    await studio.recordings.start({ recordingId: 'r', path: 'r.wav', format: 'wav', fileRate: 8000 }, mix)
    const tone = toneFrames(700, 8000)
    for (let index = 0; index < 100; index += 1) await studio.tick(mix, tone())
    await studio.told(1)
    expect(mix.members.size).toBe(0)
    expect(studio.notices).toMatchObject([
      { kind: 'recordingFailed', reason: 'disk_full', file: { bytes: file.bytes } },
    ])
    expect(new DataView(file.head.buffer).getUint32(76, true)).toBe(file.bytes - 80)
    await expect(studio.recordings.stop('r')).rejects.toMatchObject({ code: 'RECORDING_NOT_FOUND' })
  })

  it('counts and announces what a stalled disk loses, and keeps the length', async () => {
    const file = new CountedFile()
    const gate = Promise.withResolvers<void>()
    const append = file.append.bind(file)
    file.append = async (bytes) => {
      if (file.bytes > 80) await gate.promise
      await append(bytes)
    }
    const studio = new Studio(async () => file)
    const mix = new PushedMix(48_000)
    await studio.recordings.start({ recordingId: 'r', path: 'r.wav', format: 'wav' }, mix)
    const tone = toneFrames(700, 48_000)
    for (let index = 0; index < 400; index += 1) await studio.tick(mix, tone())
    studio.recordings.tend()
    studio.recordings.tend()
    expect(studio.notices).toEqual([{ kind: 'recordingOverflow', recordingId: 'r', legId: undefined }])
    gate.resolve()
    const [made] = await studio.recordings.stop('r')
    expect(made?.durationMs).toBe(8000)
    expect(studio.notices.at(-1)).toMatchObject({ kind: 'recordingFinished', lostMs: expect.any(Number) })
    expect(JSON.stringify(studio.notices.at(-1))).not.toContain('"lostMs":0')
  })

  it('refuses a file that cannot be made, and a second recording with the same id', async () => {
    const studio = new Studio()
    const mix = new PushedMix(8000)
    const path = join(directory, 'no', 'r.wav')
    const start = (where: string): Promise<void> =>
      studio.recordings.start({ recordingId: 'r', path: where, format: 'wav' }, mix)
    await expect(start(path)).rejects.toMatchObject({ kind: 'operational' })
    await start(join(directory, 'r.wav'))
    await expect(start(join(directory, 's.wav'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await studio.recordings.close()
    expect(mix.members.size).toBe(0)
    await expect(start(join(directory, 'r.wav'))).rejects.toMatchObject({ kind: 'operational' })
  })
})
