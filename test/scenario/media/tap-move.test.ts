// A tap on real sockets and in real workers: its peer goes on hearing the caller, and being heard, from the same port when the leg moves to
// its conference's worker.
import { createSocket, type Socket } from 'node:dgram'
import { afterEach, expect, it } from 'vitest'
import { pcmu } from '../../../src/codec/g711.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { ToneGenerator } from '../../../src/dsp/tone.ts'
import { createWorkerPool } from '../../../src/media/worker-pool.ts'
import { headerLength, PacketView, writeHeader } from '../../../src/rtp/packet.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Answers each packet with one of its tone, and keeps what it heard last: the port it came from, its source, a fifth of a second of samples. */
class Talker {
  readonly #tone: ToneGenerator
  readonly #view = new PacketView()
  readonly #socket: Socket
  #sent = 0
  #wanted: { readonly condition: () => boolean; readonly resolve: () => void } | undefined
  port = 0
  /** Of the packet heard last. */
  source = { port: 0, ssrc: 0 }
  heard: number[] = []

  constructor(frequency: number) {
    this.#tone = new ToneGenerator({ frequency, sampleRate: 8000, levelDbov: -20 })
    this.#socket = createSocket('udp4', (bytes, { port }) => this.#hear(bytes, port))
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve))
    closers.push(() => new Promise<void>((resolve) => this.#socket.close(() => resolve())))
    this.port = this.#socket.address().port
  }

  hears(frequency: number): boolean {
    return toneLevel(Int16Array.from(this.heard), { frequency, sampleRate: 8000 }) > -25
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { condition, resolve }
    })
  }

  #hear(bytes: Uint8Array, port: number): void {
    if (this.#view.parse(bytes) !== undefined || this.#view.payloadType !== 0) return
    this.source = { port, ssrc: this.#view.ssrc }
    const samples = new Int16Array(this.#view.payloadLength)
    const payload = { bytes: bytes.subarray(this.#view.payloadOffset), length: samples.length }
    pcmu.createDecoder().decode(payload, samples, 0)
    this.heard = [...this.heard, ...samples].slice(-1600)
    this.#say(port)
    if (this.#wanted?.condition()) this.#wanted.resolve()
  }

  #say(port: number): void {
    const samples = new Int16Array(160)
    this.#tone.fill(samples)
    const bytes = new Uint8Array(headerLength + 160)
    const place = { sequence: this.#sent & 0xffff, timestamp: this.#sent * 160, ssrc: this.port }
    writeHeader(bytes, { marker: this.#sent === 0, payloadType: 0, ...place })
    pcmu.createEncoder().encode(samples, bytes, headerLength)
    this.#sent += 1
    this.#socket.send(bytes, port, '127.0.0.1')
  }
}

it('goes along with its leg', async () => {
  const range = { bindAddress: '127.0.0.1', portMin: 29_400, portMax: 29_479 }
  const engine = await createWorkerPool({ ...range, workers: 2 })
  closers.push(() => engine.close())
  const [first, caller, peer] = [new Talker(500), new Talker(1000), new Talker(700)]
  for (const talker of [first, caller, peer]) await talker.open()
  for (const [legId, talker] of [
    ['first', first],
    ['caller', caller],
  ] as const) {
    await engine.request({ kind: 'openLeg', legId })
    const remote = { address: '127.0.0.1', rtpPort: talker.port, rtcpPort: talker.port + 1 }
    const types = { codec: 'PCMU', sendPayloadType: 0, receivePayloadType: 0 } as const
    await engine.request({
      kind: 'configureLeg',
      legId,
      plan: { ...types, ptimeMs: 20, direction: 'sendrecv', remote },
    })
  }
  await engine.request({ kind: 'join', legId: 'first', mixId: 'room' })
  const to = { address: '127.0.0.1', port: peer.port }
  const ports = await engine.request({ kind: 'tapStart', legId: 'caller', to, codec: 'PCMU' })
  await Promise.all([peer.until(() => peer.hears(1000)), caller.until(() => caller.hears(700))])
  const before = peer.source
  expect(before.port).toBe(ports.rtpPort)

  await engine.request({ kind: 'join', legId: 'caller', mixId: 'room' })
  peer.heard = []
  caller.heard = []
  await Promise.all([
    peer.until(() => peer.hears(1000) && peer.source.ssrc !== before.ssrc),
    caller.until(() => caller.hears(700) && caller.hears(500)),
  ])
  expect(peer.source.port).toBe(before.port)
  expect(peer.hears(500)).toBe(false)
  await engine.request({ kind: 'tapStop', legId: 'caller' })
})
