// The engine in its real worker thread with real sockets on 127.0.0.1: two phones hear each other; a dead worker is reported and replaced.
import { createSocket, type Socket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { OperationalError, UserError } from '../../../src/base/errors.ts'
import { codecs } from '../../../src/codec/codecs.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { ToneGenerator } from '../../../src/dsp/tone.ts'
import type { EngineNotice } from '../../../src/media/engine.ts'
import { createWorkerEngine, type WorkerEngine } from '../../../src/media/worker-engine.ts'
import { PacketView, writeHeader } from '../../../src/rtp/packet.ts'
import { parseRtcp } from '../../../src/rtp/rtcp.ts'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startEngine(portMin: number): Promise<WorkerEngine> {
  const engine = await createWorkerEngine({ bindAddress: '127.0.0.1', portMin, portMax: portMin + 19 })
  closers.push(() => engine.close())
  return engine
}

async function socket(onMessage: (bytes: Uint8Array) => void): Promise<Socket> {
  const opened = createSocket('udp4', onMessage)
  await new Promise<void>((resolve) => opened.bind(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => opened.close(() => resolve())))
  return opened
}

/** A phone on real sockets: sends a tone packet for each packet that it hears, so that it keeps the engine's time. */
async function phone(engine: WorkerEngine, legId: string, frequency: number) {
  const heard: number[] = []
  const control: Uint8Array[] = []
  const tone = new ToneGenerator({ frequency, sampleRate: 8000, levelDbov: -20 })
  const frame = new Int16Array(160)
  const header = { marker: false, payloadType: 0, sequence: 65_530, timestamp: 4_294_967_000, ssrc: 1 }
  const view = new PacketView()
  let enough: { readonly samples: number; readonly resolve: () => void } | undefined
  const ports = await engine.request({ kind: 'openLeg', legId })
  const say = (): void => {
    const bytes = new Uint8Array(172)
    writeHeader(bytes, header)
    tone.fill(frame)
    codecs.PCMU.createEncoder().encode(frame, bytes, 12)
    header.sequence = (header.sequence + 1) & 0xffff
    header.timestamp = (header.timestamp + 160) >>> 0
    rtp.send(bytes, ports.rtpPort, '127.0.0.1')
  }
  const rtp = await socket((bytes) => {
    if (view.parse(bytes) !== undefined) return
    const pcm = new Int16Array(view.payloadLength)
    codecs.PCMU.createDecoder().decode({ bytes: bytes.subarray(view.payloadOffset), length: pcm.length }, pcm, 0)
    heard.push(...pcm)
    say()
    if (enough && heard.length >= enough.samples) enough.resolve()
  })
  const rtcp = await socket((bytes) => void control.push(bytes))
  const remote = { address: '127.0.0.1', rtpPort: rtp.address().port, rtcpPort: rtcp.address().port }
  const plan: MediaPlan = {
    codec: 'PCMU',
    sendPayloadType: 0,
    receivePayloadType: 0,
    ptimeMs: 20,
    remote,
    direction: 'sendrecv',
  }
  await engine.request({ kind: 'configureLeg', legId, plan })
  const listen = (samples: number): Promise<Float64Array> => {
    heard.length = 0
    return new Promise((resolve) => {
      enough = { samples, resolve: () => resolve(Float64Array.from(heard.slice(-4000))) }
    })
  }
  return { legId, ports, control, listen }
}

describe('worker engine', () => {
  it('mixes two phones over real sockets and frees their ports', async () => {
    const engine = await startEngine(31_100)
    const one = await phone(engine, 'one', 500)
    const two = await phone(engine, 'two', 800)
    await engine.request({ kind: 'join', legId: 'one', mixId: 'mix' })
    await engine.request({ kind: 'join', legId: 'two', mixId: 'mix' })
    const [atOne, atTwo] = await Promise.all([one.listen(8000), two.listen(8000)])
    expect(toneLevel(atOne, { frequency: 800, sampleRate: 8000 })).toBeCloseTo(-20, 0)
    expect(toneLevel(atOne, { frequency: 500, sampleRate: 8000 })).toBeLessThan(-50)
    expect(toneLevel(atTwo, { frequency: 500, sampleRate: 8000 })).toBeCloseTo(-20, 0)
    expect(toneLevel(atTwo, { frequency: 800, sampleRate: 8000 })).toBeLessThan(-50)
    const statistics = await engine.request({ kind: 'closeLeg', legId: 'one' })
    expect(statistics).toMatchObject({
      packetsLost: 0,
      packetsForeign: 0,
      packetsMalformed: 0,
      levelIn: -20,
      levelOut: -20,
    })
    expect(statistics.packetsReceived).toBeGreaterThanOrEqual(45)
    await two.listen(800)
    const goodbye = one.control.map((bytes) => parseRtcp(bytes)).at(-1)
    expect(goodbye).toContainEqual({ kind: 'bye', sources: [expect.any(Number)] })
  })

  it('rejects what is asked of an unknown leg and of a range without free ports', async () => {
    const engine = await createWorkerEngine({ bindAddress: '127.0.0.1', portMin: 31_130, portMax: 31_131 })
    closers.push(() => engine.close())
    await expect(engine.request({ kind: 'leave', legId: 'nobody' })).rejects.toBeInstanceOf(UserError)
    await engine.request({ kind: 'openLeg', legId: 'one' })
    await expect(engine.request({ kind: 'openLeg', legId: 'two' })).rejects.toBeInstanceOf(OperationalError)
    await engine.request({ kind: 'closeLeg', legId: 'one' })
    await expect(engine.request({ kind: 'openLeg', legId: 'two' })).resolves.toMatchObject({
      rtpPort: 31_130,
      rtcpPort: 31_131,
    })
  })

  it('names the legs that died with a worker, rejects what was pending, and serves again', async () => {
    const engine = await startEngine(31_140)
    const one = await phone(engine, 'one', 500)
    const died = new Promise<EngineNotice>((resolve) => engine.onNotice(resolve))
    const tone = engine.request({
      kind: 'tone',
      legId: one.legId,
      tone: { frequency: 440, durationMs: 60_000, levelDbov: -20 },
    })
    const rejected = expect(tone).rejects.toBeInstanceOf(OperationalError)
    await engine.crash()
    await rejected
    expect(await died).toMatchObject({ kind: 'workerDied', legIds: ['one'] })
    const two = await phone(engine, 'two', 500)
    expect((await two.listen(1600)).length).toBeGreaterThan(0)
    expect(await engine.load()).toMatchObject({ legs: 1 })
  })

  it('refuses to come up as a worker in the main thread', async () => {
    await expect(import('../../../src/media/engine-worker.ts')).rejects.toThrow('main thread')
  })
})
