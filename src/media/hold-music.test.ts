import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { levelOf } from '../dsp/level.ts'
import { createHoldMusic } from './hold-music.ts'
import { holdTune, holdTuneRate } from './hold-tune.ts'

const folder = mkdtempSync(join(tmpdir(), 'partyline-music-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the tune', () => {
  it('is quiet, never silent for long, and begins where it ends', () => {
    const tune = holdTune()
    expect(tune.length).toBe(16 * holdTuneRate)
    const second = holdTuneRate
    for (let start = 0; start < tune.length; start += second) {
      const level = levelOf(tune.subarray(start, start + second))
      expect(level).toBeGreaterThan(-40)
      expect(level).toBeLessThan(-18)
    }
    const step = Math.abs((tune[0] ?? 0) - (tune.at(-1) ?? 0))
    expect(step).toBeLessThan(1000)
  })
})

describe('music on hold', () => {
  it('is computed at first use, kept, and made whole when it was cut off', async () => {
    const music = createHoldMusic({ folder: join(folder, 'new') })
    const source = await music.tune()
    const path = source.kind === 'file' ? source.path : ''
    const bytes = readFileSync(path)
    expect(bytes.subarray(0, 4).toString()).toBe('RIFF')
    expect(bytes.length).toBe(80 + 2 * 16 * holdTuneRate)
    writeFileSync(path, bytes.subarray(0, 1000))
    await music.tune()
    expect(statSync(path).size).toBe(1000)
    await createHoldMusic({ folder: join(folder, 'new') }).tune()
    expect(statSync(path).size).toBe(bytes.length)
  })

  it('is the own file or address of whoever has one', async () => {
    expect(await createHoldMusic({ folder, source: '/srv/waiting.mp3' }).tune()).toEqual({
      kind: 'file',
      path: '/srv/waiting.mp3',
    })
    expect(await createHoldMusic({ folder, source: 'https://example.net/a.ogg' }).tune()).toEqual({
      kind: 'url',
      url: 'https://example.net/a.ogg',
    })
  })

  it('says where it cannot be kept, and tries again the next time', async () => {
    const blocked = join(folder, 'file')
    writeFileSync(blocked, '')
    const music = createHoldMusic({ folder: blocked })
    await expect(music.tune()).rejects.toThrow(/cannot be kept/)
    rmSync(blocked)
    await expect(music.tune()).resolves.toMatchObject({ kind: 'file' })
  })
})
