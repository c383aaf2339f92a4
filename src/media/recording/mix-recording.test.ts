import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ToneGenerator } from '../../dsp/tone.ts'
import type { MixMember, MixRate } from '../mix-member.ts'
import { Mixer } from '../mixer.ts'
import { Player } from '../playing/player.ts'
import { Silences } from '../silences.ts'
import { level, toneFrames, wavPcm } from './recording.fixture.ts'
import { createRingMemory, SampleRing } from './sample-ring.ts'
import { Studio } from './studio.fixture.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'partyline-mix-recording-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

class Talker implements MixMember {
  readonly speaks: MixRate
  readonly hears: MixRate
  readonly #tone: ToneGenerator
  muted = false

  constructor(frequency: number, rate: MixRate) {
    this.speaks = rate
    this.hears = rate
    this.#tone = new ToneGenerator({ frequency, sampleRate: rate, levelDbov: -20 })
  }

  pull(out: Int16Array): boolean {
    if (!this.muted) this.#tone.fill(out)
    return !this.muted
  }

  push(): void {}
}

describe('recording a mix', () => {
  it('holds everyone in the mix, each alone in a track, nobody who is muted, and what is played', async () => {
    const studio = new Studio()
    const mixer = new Mixer(new Silences())
    const one = new Talker(400, 16_000)
    const two = new Talker(1500, 8000)
    const path = (name: string): string => join(directory, `${name}.wav`)
    const start = (name: string, member?: MixMember): Promise<void> => {
      const track = member && { legId: name, member }
      return studio.recordings.start({ recordingId: 'r', path: path(name), format: 'wav', track }, mixer)
    }
    mixer.add(one)
    await start('all')
    await start('one', one)
    const ring = new SampleRing(createRingMemory(32_768))
    const music = toneFrames(3000, 16_000)
    const tick = async (): Promise<void> => {
      studio.now += 20
      mixer.tick(studio.now)
      await studio.settle()
    }
    for (let frame = 0; frame < 200; frame += 1) {
      if (frame === 50) {
        mixer.add(two)
        await start('two', two)
      }
      one.muted = frame >= 100
      if (frame === 150) {
        const player = new Player({ ring, rate: 16_000, ended: () => mixer.remove(player) })
        for (let block = 0; block < 40; block += 1) ring.writeAudio(music(), 16_000)
        mixer.add(player)
        player.sourceDone()
      }
      await tick()
    }
    const size = mixer.size
    const files = await studio.recordings.stop('r')
    expect(files.map(({ durationMs }) => durationMs)).toEqual([4000, 4000, 4000])
    expect([size, mixer.size]).toEqual([5, 2])
    const second = (name: string, at: number): Int16Array =>
      wavPcm(path(name)).subarray(at * 16_000 + 1600, at * 16_000 + 6000)
    const levels = (name: string, frequency: number): number[] =>
      [0, 1, 2, 3].map((at) => Math.max(-60, Math.round(level(second(name, at), frequency, 16_000))))
    expect(levels('all', 400)).toEqual([-20, -20, -60, -60])
    expect(levels('all', 1500)).toEqual([-60, -20, -20, -20])
    expect(levels('all', 3000)).toEqual([-60, -60, -60, -10])
    expect(levels('one', 400)).toEqual([-20, -20, -60, -60])
    expect(levels('one', 1500)).toEqual([-60, -60, -60, -60])
    expect(levels('two', 1500)).toEqual([-60, -20, -20, -20])
    expect(levels('two', 400)).toEqual([-60, -60, -60, -60])
  })
})
