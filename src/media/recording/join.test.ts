import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { MixRate } from '../mix-member.ts'
import { OggOpusDecoder } from '../playing/ogg-opus-decoder.ts'
import type { RecordingFormat } from './container.ts'
import { joinRecordings } from './join.ts'
import { ffmpegPcm, hasFfmpeg, level, PushedMix, toneFrames, wavPcm } from './recording.fixture.ts'
import { repairRecording } from './repair.ts'
import { Studio } from './studio.fixture.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'partyline-join-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A second of a tone in a file. */
async function second(name: string, frequency: number, rate: MixRate = 16_000): Promise<string> {
  const format: RecordingFormat = name.endsWith('.wav') ? 'wav' : 'ogg'
  const path = join(directory, name)
  const studio = new Studio()
  const mix = new PushedMix(16_000)
  await studio.recordings.start({ recordingId: 'r', path, format, fileRate: rate }, mix)
  const tone = toneFrames(frequency, 16_000)
  for (let frame = 0; frame < 50; frame += 1) await studio.tick(mix, tone())
  await studio.recordings.stop('r')
  return path
}

async function decoded(path: string): Promise<Int16Array> {
  const parts: Int16Array[] = []
  const decoder = await OggOpusDecoder.create((pcm) => parts.push(pcm.slice()))
  decoder.push(readFileSync(path))
  decoder.end()
  return Int16Array.from(parts.flatMap((part) => [...part]))
}

function expectTones(pcm: Int16Array, rate: number, gapMs: number): void {
  const at = (ms: number): Int16Array => pcm.subarray((ms * rate) / 1000, ((ms + 400) * rate) / 1000)
  expect(level(at(300), 400, rate)).toBeCloseTo(-10, 0)
  expect(level(at(1000 + gapMs + 300), 1000, rate)).toBeCloseTo(-10, 0)
  expect(level(at(1000 + gapMs + 300), 400, rate)).toBeLessThan(-50)
}

it('makes one WAV file of two, with silence between them, in place of the first', async () => {
  const first = await second('a.wav', 400)
  const next = await second('b.wav', 1000)
  await joinRecordings(first, [
    { path: first, gapMs: 0 },
    { path: next, gapMs: 500 },
  ])
  const pcm = wavPcm(first)
  expect(pcm.length).toBe(40_000)
  expectTones(pcm, 16_000, 500)
  expect(pcm.subarray(16_000, 24_000).every((sample) => sample === 0)).toBe(true)
  expect(await repairRecording(first)).toMatchObject({ kind: 'whole', durationMs: 2500 })
})

it('brings later parts to the rate of the first', async () => {
  const first = await second('a.wav', 400, 16_000)
  const next = await second('b.wav', 1000, 48_000)
  const target = join(directory, 'c.wav')
  await joinRecordings(target, [
    { path: first, gapMs: 0 },
    { path: next, gapMs: 0 },
  ])
  expect(wavPcm(target).length).toBe(32_000)
  expectTones(wavPcm(target), 16_000, 0)
})

it('makes one Ogg stream of two, which is whole, plays to the end, and is as long as both and the gap', async () => {
  const first = await second('a.ogg', 400)
  const next = await second('b.ogg', 1000)
  const target = join(directory, 'c.ogg')
  await joinRecordings(target, [
    { path: first, gapMs: 0 },
    { path: next, gapMs: 200 },
  ])
  const outcome = await repairRecording(target)
  expect(outcome).toMatchObject({ kind: 'whole' })
  const { durationMs } = outcome.kind === 'unreadable' ? { durationMs: 0 } : outcome
  expect(Math.abs(durationMs - 2200)).toBeLessThanOrEqual(40)
  const pcm = await decoded(target)
  expect(Math.abs(pcm.length / 48 - durationMs)).toBeLessThanOrEqual(1)
  expectTones(pcm, 48_000, 200)
  if (hasFfmpeg) expect(Math.abs(ffmpegPcm(target, 16_000).length / 16 - durationMs)).toBeLessThanOrEqual(20)
})

it('leaves the first file as it was when a part cannot be read', async () => {
  const first = await second('a.wav', 400)
  const before = readFileSync(first)
  const missing = join(directory, 'none.wav')
  await expect(
    joinRecordings(first, [
      { path: first, gapMs: 0 },
      { path: missing, gapMs: 0 },
    ]),
  ).rejects.toThrow('ENOENT')
  expect(readFileSync(first).equals(before)).toBe(true)
  renameSync(`${first}.tmp`, missing)
})
