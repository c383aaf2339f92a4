import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WavContainer } from './container.ts'
import { createOggOpusContainer } from './ogg-opus-container.ts'
import { buildPage, pageFlag, readPage } from './ogg-page.ts'
import { ffmpegPcm, hasFfmpeg, level, seeded, toneFrames } from './recording.fixture.ts'
import { repairRecordings } from './repair.ts'
import { readOwnWavHeader, wavHeader, wavHeaderBytes } from './wav-header.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'partyline-crash-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Records for that long and dies without warning; returns how many milliseconds it recorded. */
async function recordAndDie(ms: number): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./crash.fixture.ts', import.meta.url)), directory])
  const exit = once(child, 'exit')
  let given = 0
  for await (const line of createInterface({ input: child.stdout })) {
    given = Number(line) * 20
    if (given >= ms) break
  }
  child.kill('SIGKILL')
  await exit
  return given
}

const wavDataBytes = (path: string): number =>
  readOwnWavHeader(readFileSync(path).subarray(0, wavHeaderBytes))?.dataBytes ?? -1

describe('a recording that is cut off', () => {
  it('is readable after kill -9, lost a second at most, and is made whole at boot', async () => {
    const given = await recordAndDie(3300)
    const wav = join(directory, 'r.wav')
    const ogg = join(directory, 's.ogg')
    const headSays = wavDataBytes(wav) / 32
    expect(headSays).toBeGreaterThanOrEqual(given - 1100)
    expect(headSays).toBeLessThanOrEqual(given + 100)
    expect(statSync(wav).size).toBeGreaterThanOrEqual(wavHeaderBytes + wavDataBytes(wav))
    if (hasFfmpeg) {
      expect(level(ffmpegPcm(wav, 16_000).subarray(0, 16_000), 1000, 16_000)).toBeCloseTo(-10, 0)
      expect(ffmpegPcm(ogg, 16_000).length / 16).toBeGreaterThanOrEqual(given - 1100)
    }
    const { repaired, unreadable } = await repairRecordings(directory)
    expect(unreadable).toEqual([])
    expect(repaired.map(({ path }) => path).filter((path) => path === ogg)).toEqual([ogg])
    for (const { path, bytes, durationMs, sha256 } of repaired) {
      expect(statSync(path).size).toBe(bytes)
      expect(durationMs).toBeGreaterThanOrEqual(given - 1100)
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    }
    expect(wavDataBytes(wav)).toBe(statSync(wav).size - wavHeaderBytes)
    expect(await repairRecordings(directory)).toEqual({ repaired: [], unreadable: [] })
  })

  it('is repaired wherever an Ogg file was cut, up to its last whole page', async () => {
    const container = await createOggOpusContainer({ sampleRate: 16_000, serial: 7 })
    const tone = toneFrames(500, 16_000)
    const parts = [container.start()]
    const heads = parts[0]?.length ?? 0
    for (let index = 0; index < 200; index += 1) parts.push(container.append(tone()))
    parts.push(container.finish())
    container.free()
    const whole = Buffer.concat(parts)
    const random = seeded(3)
    const path = join(directory, 'r.ogg')
    for (let turn = 0; turn < 40; turn += 1) {
      const cut = heads + Math.floor(random() * (whole.length - heads))
      writeFileSync(path, whole.subarray(0, cut))
      if (turn % 2) appendFileSync(path, Buffer.from(Array.from({ length: 100 }, () => random() * 256)))
      const { unreadable } = await repairRecordings(directory)
      expect(unreadable).toEqual([])
      const bytes = readFileSync(path)
      let flags = 0
      for (let at = 0; at < bytes.length; ) {
        const result = readPage(bytes, at)
        if (result.kind !== 'page') throw new Error(result.kind)
        flags = result.page.flags
        at += result.page.length
      }
      expect(flags & pageFlag.last).toBe(pageFlag.last)
      expect(bytes.length).toBeLessThanOrEqual(cut)
      expect(bytes.length).toBeGreaterThan(cut - 4096)
    }
  })

  it('leaves alone what is whole or not ours, and says which', async () => {
    const container = new WavContainer(8000)
    writeFileSync(
      join(directory, 'whole.wav'),
      Buffer.concat([wavHeader(8000, 320), container.append(new Int16Array(160))]),
    )
    writeFileSync(join(directory, 'foreign.wav'), 'not a recording')
    writeFileSync(join(directory, 'empty.ogg'), '')
    writeFileSync(
      join(directory, 'vorbis.ogg'),
      buildPage({ flags: 2, granule: 0, serial: 1, sequence: 0 }, [Buffer.from('\x01vorbis')]),
    )
    writeFileSync(join(directory, 'notes.txt'), 'x')
    const { repaired, unreadable } = await repairRecordings(directory)
    expect(repaired).toEqual([])
    expect(unreadable.map(({ path }) => path.slice(directory.length + 1)).sort()).toEqual([
      'empty.ogg',
      'foreign.wav',
      'vorbis.ogg',
    ])
    expect(await repairRecordings(join(directory, 'nowhere'))).toEqual({ repaired: [], unreadable: [] })
  })

  it('becomes RF64 past 4 GiB, which other programs read and repair keeps', async () => {
    const path = join(directory, 'long.wav')
    const dataBytes = 5 * 2 ** 30
    writeFileSync(path, wavHeader(48_000, dataBytes - 96_000))
    truncateSync(path, wavHeaderBytes + dataBytes - 96_000)
    expect(readOwnWavHeader(wavHeader(48_000, dataBytes))).toEqual({ sampleRate: 48_000, dataBytes })
    expect(await repairRecordings(directory)).toEqual({ repaired: [], unreadable: [] })
    if (!hasFfmpeg) return
    const entries = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path]
    const { stdout } = spawnSync('ffprobe', entries)
    expect(Number(stdout.toString())).toBeCloseTo((dataBytes - 96_000) / 96_000, 2)
  })
})
