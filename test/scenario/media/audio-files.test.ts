// Recording and playing by the engine's own commands, with the real file thread behind them: what a phone says goes into a file, and the file is
// played back to the phone.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pcmu } from '../../../src/codec/g711.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import type { EngineNotice } from '../../../src/media/engine.ts'
import { createInThreadEngine } from '../../../src/media/in-thread-engine.ts'
import type { PacketSink } from '../../../src/media/packet-io.ts'
import { headerLength, writeHeader } from '../../../src/rtp/packet.ts'
import { VirtualClock } from '../../virtual-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'partyline-audio-'))
const clock = new VirtualClock()
const sinks: PacketSink[] = []
const heard: Int16Array[] = []
const decoder = pcmu.createDecoder()
const source = { address: '198.51.100.7', port: 4000 }
const engine = createInThreadEngine(
  { bindAddress: '127.0.0.1', portMin: 20_000, portMax: 20_099 },
  {
    clock,
    packetIo: {
      open: async (sink) => {
        sinks.push(sink)
        return {
          address: '192.0.2.1',
          rtpPort: 20_000,
          rtcpPort: 20_001,
          sendRtp: (bytes) => {
            const frame = new Int16Array(160)
            decoder.decode({ bytes: bytes.subarray(headerLength), length: bytes.length - headerLength }, frame, 0)
            heard.push(frame)
          },
          sendRtcp: () => undefined,
          close: async () => undefined,
        }
      },
      flush: () => undefined,
      close: async () => undefined,
    },
  },
)
const notices: EngineNotice[] = []
engine.onNotice((notice) => notices.push(notice))

beforeAll(async () => {
  await engine.request({ kind: 'openLeg', legId: 'alice' })
  await engine.request({
    kind: 'configureLeg',
    legId: 'alice',
    plan: {
      codec: 'PCMU',
      sendPayloadType: 0,
      receivePayloadType: 0,
      ptimeMs: 20,
      direction: 'sendrecv',
      remote: { address: source.address, rtpPort: source.port, rtcpPort: source.port + 1 },
    },
  })
  await engine.request({ kind: 'join', legId: 'alice', mixId: 'room' })
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true })
})

const encoder = pcmu.createEncoder()
let sent = 0

/** Frames of 1 kHz from the phone, in time with the ticks. */
async function say(frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame += 1) {
    const samples = Int16Array.from({ length: 160 }, (_, index) =>
      Math.round(8000 * Math.sin(((sent * 160 + index) * Math.PI) / 4)),
    )
    const bytes = new Uint8Array(headerLength + 160)
    writeHeader(bytes, { marker: sent === 0, payloadType: 0, sequence: sent, timestamp: sent * 160, ssrc: 7 })
    encoder.encode(samples, bytes, headerLength)
    sinks[0]?.rtp(bytes, source, clock.now())
    sent += 1
    await clock.advance(20)
  }
}

it('records a mix, announces the file with size, length and digest, and plays it back to a phone', async () => {
  const path = join(folder, 'room.wav')
  await engine.request({ kind: 'recordStart', recordingId: 'r', mixId: 'room', path, format: 'wav' })
  await say(100)
  const [file] = await engine.request({ kind: 'recordStop', recordingId: 'r' })
  expect(file).toMatchObject({
    path,
    bytes: readFileSync(path).length,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(Math.abs((file?.durationMs ?? 0) - 2000)).toBeLessThanOrEqual(20)
  expect(notices).toContainEqual(expect.objectContaining({ kind: 'recordingFinished', recordingId: 'r' }))

  heard.length = 0
  await engine.request({ kind: 'play', playId: 'p', source: { kind: 'file', path }, to: { legId: 'alice' } })
  // Virtual time outruns the thread that decodes: it waits for it in silence.
  while (!notices.some((notice) => notice.kind === 'playEnded')) await clock.advance(20)
  expect(notices).toContainEqual(expect.objectContaining({ kind: 'playEnded', playId: 'p', reason: 'finished' }))
  const withTone = heard.filter((frame) => toneLevel(frame, { frequency: 1000, sampleRate: 8000 }) > -20)
  expect(withTone.length).toBeGreaterThanOrEqual(95)
})

it('refuses what is not there, naming it', async () => {
  const play = {
    kind: 'play',
    playId: 'q',
    source: { kind: 'file', path: join(folder, 'none.wav') },
    to: { mixId: 'room' },
  } as const
  await expect(engine.request(play)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(engine.request({ kind: 'recordStop', recordingId: 'none' })).rejects.toMatchObject({
    code: 'RECORDING_NOT_FOUND',
  })
  await expect(engine.request({ kind: 'stopPlay', playId: 'none' })).rejects.toMatchObject({
    code: 'RESOURCE_NOT_FOUND',
  })
})
