import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OperationalError } from '../../base/errors.ts'
import type { MixMember, MixRate } from '../mix-member.ts'
import { createFileThread, type FileThread } from '../recording/file-thread.ts'
import { level, PushedMix, toneFrames } from '../recording/recording.fixture.ts'
import { Recordings } from '../recording/recordings.ts'
import { createRingMemory, SampleRing } from '../recording/sample-ring.ts'
import { threadClock } from '../thread-clock.ts'
import { LegAudience } from './leg-audience.fixture.ts'
import { Player } from './player.ts'
import { type Audience, Players, type PlayNotice } from './players.ts'
import { joined, toneWav } from './playing.fixture.ts'

let directory = ''
let thread: FileThread
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'partyline-playing-'))
  thread = createFileThread({ fetchModule: new URL('./plain-fetch.ts', import.meta.url).href })
})
afterEach(async () => {
  await thread.close()
  rmSync(directory, { recursive: true })
})

/** Whoever hears the players: pulls them by hand, as fast as a test likes. */
class Room implements Audience {
  readonly rate: MixRate
  readonly members = new Set<MixMember>()
  readonly notices: PlayNotice[] = []
  readonly players: Players

  constructor(files: FileThread, rate: MixRate = 16_000) {
    this.rate = rate
    this.players = new Players({
      thread: files,
      notify: (notice) => void this.notices.push(notice),
    })
  }

  add(member: MixMember): void {
    this.members.add(member)
  }

  remove(member: MixMember): void {
    this.members.delete(member)
  }

  /** Pulls frames until a play ended, or so many were heard. */
  async listen(frames = Number.POSITIVE_INFINITY): Promise<Int16Array> {
    const heard: Int16Array[] = []
    const count = this.notices.length
    while (this.notices.length === count && heard.length < frames) {
      let any = false
      for (const member of this.members) {
        const out = new Int16Array(this.rate / 50)
        if (!member.pull(out, 0)) continue
        any = true
        heard.push(out)
      }
      if (!any) await new Promise<void>((resolve) => threadClock.after(5, resolve))
      else await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return joined(heard)
  }
}

const fixture = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).pathname
const file = (path: string): { readonly kind: 'file'; readonly path: string } => ({ kind: 'file', path })

describe('playing', () => {
  it.each(['tone-22k.mp3', 'tone-44k-stereo.mp3', 'tone-stereo.ogg'])('plays %s to its end', async (name) => {
    const room = new Room(thread)
    await room.players.start({ playId: 'p', source: file(fixture(name)) }, room)
    const pcm = await room.listen()
    expect(Math.abs(pcm.length - 16_000)).toBeLessThanOrEqual(640)
    expect(level(pcm.subarray(1600, 14_400), 1000, 16_000)).toBeGreaterThan(-19)
    expect(room.notices).toMatchObject([{ kind: 'playEnded', playId: 'p', reason: 'finished', message: '' }])
    expect(room.members.size).toBe(0)
    expect(room.players.size).toBe(0)
  })

  it('plays what an address answers, and says why it cannot', async () => {
    const body = readFileSync(fixture('tone-44k-stereo.mp3'))
    const server = createServer(
      ({ url }, response) => void (url === '/tone' ? response.end(body) : response.writeHead(404).end()),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = (path: string): { readonly kind: 'url'; readonly url: string } => ({
      kind: 'url',
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    })
    const room = new Room(thread)
    try {
      await room.players.start({ playId: 'p', source: url('/tone') }, room)
      expect((await room.listen()).length).toBeGreaterThan(15_000)
      await expect(room.players.start({ playId: 'q', source: url('/none') }, room)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: [{ reason: 'not_found' }],
      })
    } finally {
      server.close()
    }
  })

  it('refuses what is no audio, what is not there, and what runs already', async () => {
    const room = new Room(thread)
    const text = join(directory, 'text.wav')
    writeFileSync(text, 'RIFF is not enough to be a WAV file')
    const start = (playId: string, path: string): Promise<void> =>
      room.players.start({ playId, source: file(path) }, room)
    await expect(start('a', text)).rejects.toMatchObject({ details: [{ reason: 'unknown_format' }] })
    await expect(start('a', join(directory, 'none'))).rejects.toMatchObject({ details: [{ reason: 'not_found' }] })
    await expect(start('a', directory)).rejects.toMatchObject({ details: [{ reason: 'unsupported' }] })
    await start('a', fixture('tone-22k.mp3'))
    await expect(start('a', fixture('tone-22k.mp3'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(() => room.players.stop('b')).toThrow(/Nothing is played/)
    expect(room.notices).toEqual([])
    const noAddresses = createFileThread()
    const closed = new Room(noAddresses)
    const address = { kind: 'url', url: 'http://127.0.0.1/' } as const
    await expect(closed.players.start({ playId: 'a', source: address }, closed)).rejects.toMatchObject({
      details: [{ reason: 'refused' }],
    })
    await noAddresses.close()
  })

  it('repeats until it is stopped, pauses, and is silent at once', async () => {
    const room = new Room(thread, 8000)
    const path = join(directory, 'tone.wav')
    writeFileSync(path, toneWav({ format: 1, bits: 16, rate: 44_100, channels: 1 }))
    await room.players.start({ playId: 'p', source: file(path), loop: true, gainDb: -10 }, room)
    const pcm = await room.listen(150)
    expect(level(pcm, 1000, 8000)).toBeCloseTo(-20, 0)
    const [player] = room.members
    room.players.pause('p', true)
    expect(player?.pull(new Int16Array(160), 0)).toBe(false)
    room.players.pause('p', false)
    expect((await room.listen(5)).some((sample) => sample !== 0)).toBe(true)
    room.players.stop('p')
    expect(room.members.size).toBe(0)
    expect(room.notices).toMatchObject([{ reason: 'stopped', playedMs: 3100 }])
  })

  it('announces everything that was open when the thread dies', async () => {
    const listeners: Parameters<FileThread['listen']>[0][] = []
    const dead: FileThread = {
      listen: (listener) => void listeners.push(listener),
      post: () => undefined,
      warm: () => undefined,
      close: async () => undefined,
    }
    const room = new Room(dead)
    const starting = room.players.start({ playId: 'p', source: file('x') }, room)
    const playing = room.players.start({ playId: 'q', source: file('x') }, room)
    for (const listener of listeners) listener.receive({ kind: 'playing', playId: 'q' })
    await playing
    for (const listener of listeners) listener.died('out of memory')
    await expect(starting).rejects.toBeInstanceOf(OperationalError)
    expect(room.notices).toMatchObject([{ playId: 'q', reason: 'engine_failed' }])
    expect(room.members.size).toBe(0)
  })

  it('plays into what it records, through one thread, which finishes the recording when it is closed', async () => {
    const room = new Room(thread)
    const mix = new PushedMix(16_000)
    const notices: unknown[] = []
    const recordings = new Recordings({ thread, now: threadClock.now, notify: (notice) => notices.push(notice) })
    const path = join(directory, 'r.ogg')
    await recordings.start({ recordingId: 'r', path, format: 'ogg' }, mix)
    await room.players.start({ playId: 'p', source: file(fixture('tone-22k.mp3')) }, room)
    const pcm = await room.listen()
    for (let at = 0; at + 320 <= pcm.length; at += 320) mix.push(pcm.subarray(at, at + 320))
    await thread.close()
    expect(notices).toMatchObject([
      { kind: 'recordingFinished', file: { path, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ])
    const late = room.players.start({ playId: 's', source: file(path) }, room)
    await expect(late).rejects.toBeInstanceOf(OperationalError)
    await expect(recordings.start({ recordingId: 's', path, format: 'ogg' }, mix)).rejects.toBeInstanceOf(
      OperationalError,
    )
  })
})

describe('player', () => {
  const frame = new Int16Array(160).fill(5)
  const ready = (): { ring: SampleRing; player: Player; ends: number[] } => {
    const ring = new SampleRing(createRingMemory(8192))
    const ends: number[] = []
    return { ring, ends, player: new Player({ ring, rate: 8000, ended: () => void ends.push(1) }) }
  }

  it('waits for 60 ms before it begins, and for more after it ran dry', () => {
    const { ring, player } = ready()
    const out = new Int16Array(160)
    ring.writeAudio(frame, 8000)
    ring.writeAudio(frame, 8000)
    expect(player.pull(out)).toBe(false)
    ring.writeAudio(frame, 8000)
    for (let index = 0; index < 3; index += 1) expect(player.pull(out)).toBe(true)
    expect(player.pull(out)).toBe(false)
    expect(player.underruns).toBe(1)
    for (let index = 0; index < 9; index += 1) {
      expect(player.pull(out)).toBe(false)
      ring.writeAudio(frame, 8000)
    }
    ring.writeAudio(frame, 8000)
    expect(player.pull(out)).toBe(true)
  })

  it('fills frames of any length, ends once, and pads the last', () => {
    const { ring, player, ends } = ready()
    for (let index = 0; index < 3; index += 1) ring.writeAudio(frame, 8000)
    player.sourceDone()
    const long = new Int16Array(208)
    expect(player.pull(long)).toBe(true)
    expect(player.pull(long)).toBe(true)
    expect(long.every((sample) => sample === 5)).toBe(true)
    expect(player.pull(long)).toBe(true)
    expect([...long.subarray(62, 66)]).toEqual([5, 5, 0, 0])
    expect(player.pull(long)).toBe(false)
    expect(ends).toEqual([1])
    expect(player.underruns).toBe(0)
  })
})

describe('a leg that something is played to', () => {
  it('hears it on top of the rest, also after the leg changed its rate', () => {
    const audience = new LegAudience(8000)
    const ring = new SampleRing(createRingMemory(32_768))
    const tone = toneFrames(1000, 8000)
    for (let index = 0; index < 100; index += 1) ring.writeAudio(tone(), 8000)
    const player = new Player({ ring, rate: audience.rate, ended: () => audience.remove(player) })
    audience.add(player)
    const hear = (rate: number): Int16Array => {
      const heard: Int16Array[] = []
      for (let index = 0; index < 50; index += 1) {
        const sum = new Int32Array(rate / 50).fill(100)
        audience.addTo(sum, 0)
        heard.push(Int16Array.from(sum))
      }
      return joined(heard)
    }
    const before = hear(8000)
    expect(level(before, 1000, 8000)).toBeCloseTo(-10, 1)
    expect(before.reduce((total, sample) => total + sample, 0) / before.length).toBeCloseTo(100, 0)
    audience.retune(16_000)
    expect(level(hear(16_000).subarray(1600), 1000, 16_000)).toBeCloseTo(-10, 0)
    player.sourceDone()
    audience.addTo(new Int32Array(320), 0)
    expect(audience.active).toBe(false)
  })
})
