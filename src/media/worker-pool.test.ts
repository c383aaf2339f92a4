import { describe, expect, it } from 'vitest'
import { ModelEngine } from '../../test/scenario/server/model-engine.ts'
import { isAudioCommand } from './audio-command.ts'
import type { AudioCommand, EngineCommand, EngineNotice, EngineReplies } from './engine.ts'
import { createWorkerPool, portRanges } from './worker-pool.ts'

const range = { bindAddress: '127.0.0.1', portMin: 20_000, portMax: 20_999 }
const plan = {
  codec: 'PCMU',
  sendPayloadType: 0,
  receivePayloadType: 0,
  ptimeMs: 20,
  remote: { address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 },
  direction: 'sendrecv',
} as const

/** Takes what is recorded and played as well, and only notes it down. */
class AudioEngine extends ModelEngine {
  readonly audio: AudioCommand[] = []

  override async request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    if (!isAudioCommand(command)) return super.request(command)
    this.audio.push(command)
    return undefined as EngineReplies[C['kind']]
  }
}

async function pool(workers: number) {
  const engines: AudioEngine[] = []
  const engine = await createWorkerPool({ ...range, workers }, async () => {
    const made = new AudioEngine()
    engines.push(made)
    return made
  })
  const open = (legId: string, near?: string) =>
    engine.request({ kind: 'openLeg', legId, ...(near === undefined ? {} : { near }) })
  const join = (legId: string, mixId: string) => engine.request({ kind: 'join', legId, mixId })
  const where = (legId: string) => engines.findIndex((each) => each.legs.has(legId))
  return { engine, engines, open, join, where }
}

describe('a pool of workers', () => {
  it('opens legs where there are fewest, or near the mix that they are bound for', async () => {
    const { open, join, where } = await pool(2)
    await open('a')
    await open('b')
    expect(where('a')).not.toBe(where('b'))
    await join('a', 'room')
    await open('c', 'room')
    expect(where('c')).toBe(where('a'))
  })

  it('moves a leg to its mix with its ports and everything that was set', async () => {
    const { engine, engines, open, join, where } = await pool(2)
    await open('a')
    const ports = await open('b')
    await engine.request({ kind: 'configureLeg', legId: 'b', plan })
    await join('a', 'room')
    await join('b', 'room')
    const home = engines[where('a')]
    expect(where('b')).toBe(where('a'))
    expect(home?.legs.get('b')).toBe('room')
    expect(home?.opened.get('b')).toBe(ports.rtpPort)
    expect(home?.configured.has('b')).toBe(true)
    expect(engines.reduce((sum, each) => sum + each.legs.size, 0)).toBe(2)
  })

  it('lets what is asked of a moving leg wait for the move', async () => {
    const { engine, engines, open, join, where } = await pool(2)
    await open('a')
    await open('b')
    await join('a', 'room')
    const joining = join('b', 'room')
    const muting = engine.request({ kind: 'mute', legId: 'b', in: true, out: false })
    await engine.request({ kind: 'leave', legId: 'b' })
    await Promise.all([joining, muting])
    expect(engines[where('a')]?.legs.get('b')).toBe('')
  })

  it('keeps a conference on one worker and spreads conferences over all', async () => {
    const { engines, open, join, where } = await pool(4)
    for (let room = 0; room < 40; room += 1) {
      for (let seat = 0; seat < 4; seat += 1) {
        await open(`${room}-${seat}`)
        await join(`${room}-${seat}`, `room ${room}`)
      }
      expect(new Set([0, 1, 2, 3].map((seat) => where(`${room}-${seat}`))).size).toBe(1)
    }
    for (const each of engines) expect(each.legs.size).toBeGreaterThanOrEqual(28)
  })

  it('records and plays where the mix is, and keeps the mix there until that ended', async () => {
    const { engine, engines, open, join, where } = await pool(2)
    await open('a')
    await open('b')
    await engine.request({ kind: 'play', playId: 'p', source: { kind: 'file', path: 'x' }, to: { mixId: 'room' } })
    const home = engines.findIndex((each) => each.audio.length > 0)
    await join('a', 'room')
    await join('b', 'room')
    expect([where('a'), where('b')]).toEqual([home, home])
    for (const legId of ['a', 'b']) await engine.request({ kind: 'leave', legId })
    await engine.request({ kind: 'pausePlay', playId: 'p', paused: true })
    expect(engines[home]?.audio.map(({ kind }) => kind)).toEqual(['play', 'pausePlay'])
    const ended = { kind: 'playEnded', playId: 'p', reason: 'stopped', message: '', playedMs: 0, stalls: 0 } as const
    engines[home]?.notice(ended)
    await open('c')
    await join('c', 'room')
    expect(where('c')).not.toBe(home)
  })

  it('forgets what died with a worker, and goes on with the others', async () => {
    const { engine, engines, open, join, where } = await pool(2)
    const notices: EngineNotice[] = []
    engine.onNotice((notice) => notices.push(notice))
    await open('a')
    await join('a', 'room')
    const dead = engines[where('a')]
    dead?.legs.clear()
    dead?.notice({ kind: 'workerDied', legIds: ['a'], reason: 'killed' })
    expect(notices).toEqual([{ kind: 'workerDied', legIds: ['a'], reason: 'killed' }])
    await open('b')
    await join('b', 'room')
    expect(where('b')).toBeGreaterThanOrEqual(0)
  })

  it('closes the workers that came up when another did not', async () => {
    let closed = 0
    let made = 0
    const attempt = createWorkerPool({ ...range, workers: 3 }, async () => {
      made += 1
      if (made === 2) throw new Error('no thread')
      const engine = new ModelEngine()
      engine.close = async () => {
        closed += 1
      }
      return engine
    })
    await expect(attempt).rejects.toThrow('no thread')
    expect(closed).toBe(2)
  })
})

it('the port range is cut into slices of whole pairs that do not overlap', () => {
  const slices = portRanges({ ...range, portMin: 20_001, portMax: 20_010 }, 2)
  expect(slices).toEqual([
    { portMin: 20_002, portMax: 20_005 },
    { portMin: 20_006, portMax: 20_009 },
  ])
  expect(portRanges({ ...range, portMin: 20_000, portMax: 20_001 }, 8)).toEqual([{ portMin: 20_000, portMax: 20_001 }])
})
