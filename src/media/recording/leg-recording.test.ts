// Both sides of a leg, recorded by the engine's own commands while it is alone, hears tones and itself, and enters and leaves mixes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/virtual-clock.ts'
import { pcmu } from '../../codec/g711.ts'
import { headerLength, writeHeader } from '../../rtp/packet.ts'
import type { EngineNotice } from '../engine.ts'
import { createInThreadEngine, type InThreadEngine } from '../in-thread-engine.ts'
import type { PacketSink } from '../packet-io.ts'
import { level, wavPcm } from './recording.fixture.ts'

const source = { address: '198.51.100.7', port: 4000 }
let directory = ''
let clock: VirtualClock
let engine: InThreadEngine
let sinks: PacketSink[] = []
let notices: EngineNotice[] = []
let sent = 0

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'partyline-leg-recording-'))
  clock = new VirtualClock()
  sinks = []
  notices = []
  sent = 0
  const packetIo = {
    open: async (sink: PacketSink) => {
      sinks.push(sink)
      const port = 20_000 + 2 * sinks.length
      const nothing = (): undefined => undefined
      const facts = { address: '192.0.2.1', rtpPort: port, rtcpPort: port + 1 }
      return { ...facts, sendRtp: nothing, sendRtcp: nothing, close: async () => undefined }
    },
    flush: () => undefined,
    close: async () => undefined,
  }
  engine = createInThreadEngine({ bindAddress: '127.0.0.1', portMin: 20_000, portMax: 20_099 }, { clock, packetIo })
  engine.onNotice((notice) => notices.push(notice))
  for (const legId of ['alice', 'bob']) {
    await engine.request({ kind: 'openLeg', legId })
    const remote = { address: source.address, rtpPort: source.port, rtcpPort: source.port + 1 }
    const plan = {
      codec: 'PCMU',
      sendPayloadType: 0,
      receivePayloadType: 0,
      ptimeMs: 20,
      direction: 'sendrecv',
      remote,
    }
    await engine.request({ kind: 'configureLeg', legId, plan: { ...plan, codec: 'PCMU', direction: 'sendrecv' } })
  }
})
afterEach(async () => {
  await engine.close()
  rmSync(directory, { recursive: true })
})

const encoder = pcmu.createEncoder()

/** Alice says 400 Hz and Bob 700, in time with the ticks. */
async function say(frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame += 1) {
    for (const [index, frequency] of [400, 700].entries()) {
      const samples = Int16Array.from({ length: 160 }, (_, at) =>
        Math.round(8000 * Math.sin((2 * Math.PI * frequency * (sent * 160 + at)) / 8000)),
      )
      const bytes = new Uint8Array(headerLength + 160)
      writeHeader(bytes, { marker: sent === 0, payloadType: 0, sequence: sent, timestamp: sent * 160, ssrc: 7 + index })
      encoder.encode(samples, bytes, headerLength)
      sinks[index]?.rtp(bytes, source, clock.now())
    }
    sent += 1
    await clock.advance(20)
  }
}

const path = (side: string): string => join(directory, `${side}.wav`)

async function record(): Promise<void> {
  await Promise.all(
    (['in', 'out'] as const).map((side) =>
      engine.request({ kind: 'recordStart', recordingId: 'r', legId: 'alice', side, path: path(side), format: 'wav' }),
    ),
  )
}

/** Levels of a tone in pieces of a file, in milliseconds; -60 for anything fainter. */
function levels(side: string, frequency: number, starts: readonly number[]): number[] {
  const pcm = wavPcm(path(side))
  return starts.map((ms) => Math.max(-60, Math.round(level(pcm.subarray(ms * 16, (ms + 200) * 16), frequency, 16_000))))
}

it('records what a leg says and hears, alone and in a mix, without a gap, until it closes', async () => {
  await say(25)
  await record()
  await say(25)
  const tone = engine.request({
    kind: 'tone',
    legId: 'alice',
    tone: { frequency: 1000, durationMs: 500, levelDbov: -16 },
  })
  await say(25)
  await tone
  await engine.request({ kind: 'echo', legId: 'alice', on: true })
  await say(25)
  await engine.request({ kind: 'echo', legId: 'alice', on: false })
  for (const legId of ['alice', 'bob']) await engine.request({ kind: 'join', legId, mixId: 'room' })
  await say(25)
  await engine.request({ kind: 'mute', legId: 'alice', in: false, out: true })
  await say(25)
  await engine.request({ kind: 'mute', legId: 'alice', in: true, out: false })
  await say(25)
  await engine.request({ kind: 'leave', legId: 'alice' })
  await engine.request({ kind: 'mute', legId: 'alice', in: false, out: false })
  await say(25)
  expect(notices.filter(({ kind }) => kind === 'recordingFinished')).toEqual([])
  await engine.request({ kind: 'closeLeg', legId: 'alice' })
  const files = await engine.request({ kind: 'recordStop', recordingId: 'r' })
  expect(files.map(({ durationMs }) => durationMs)).toEqual([3500, 3500])
  expect(notices.filter(({ kind }) => kind === 'recordingFinished')).toMatchObject([
    { recordingId: 'r', legId: 'alice', side: expect.stringMatching('in|out') },
    { recordingId: 'r', legId: 'alice', side: expect.stringMatching('in|out') },
  ])
  // Alone, with a tone, echoed, in the mix, deaf, mute, alone again.
  const pieces = [200, 700, 1200, 1700, 2200, 2700, 3200]
  const heardIn = (side: string, frequency: number): boolean[] =>
    levels(side, frequency, pieces).map((value) => value > -20)
  expect(heardIn('in', 400)).toEqual([true, true, true, true, true, false, true])
  expect(heardIn('in', 700)).toEqual([false, false, false, false, false, false, false])
  expect(heardIn('out', 1000)).toEqual([false, true, false, false, false, false, false])
  expect(heardIn('out', 400)).toEqual([false, false, true, false, false, false, false])
  expect(heardIn('out', 700)).toEqual([false, false, false, true, false, true, false])
})

it('refuses a leg that is not there', async () => {
  const command = { kind: 'recordStart', recordingId: 'r', legId: 'carol', side: 'in', format: 'wav' } as const
  await expect(engine.request({ ...command, path: path('in') })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' })
})
