// What the API does to the sound of a call, by ear: a real engine in virtual time, two phones that send tones, offers and answers between.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newUuid, nilUuid } from '../../../src/base/ids.ts'
import { silentLog } from '../../../src/base/log.ts'
import { CallAudios } from '../../../src/call/call-audios.ts'
import { CallControls, type ControlledCall } from '../../../src/call/call-controls.ts'
import { CallMedia } from '../../../src/call/call-media.ts'
import { address, newCallRow, showCall } from '../../../src/call/call-row.ts'
import { pcmu } from '../../../src/codec/g711.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { levelOf } from '../../../src/dsp/level.ts'
import { ToneGenerator } from '../../../src/dsp/tone.ts'
import { createHoldMusic } from '../../../src/media/hold-music.ts'
import { createInThreadEngine } from '../../../src/media/in-thread-engine.ts'
import type { PacketSink } from '../../../src/media/packet-io.ts'
import { wavHeader } from '../../../src/media/recording/wav-header.ts'
import { headerLength, writeHeader } from '../../../src/rtp/packet.ts'
import type { Direction } from '../../../src/sdp/media-plan.ts'
import { answerOffer, makeOffer } from '../../../src/sdp/negotiate.ts'
import { VirtualClock } from '../../virtual-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'partyline-sound-'))
afterAll(() => rmSync(folder, { recursive: true }))

const customer = newUuid()
/** Of the caller, of the other phone, and of what is said: Hertz. */
const [callers, others, spoken] = [1000, 2000, 700]

/** A PCMU phone: sends its tone a packet a tick, keeps what it hears. */
class Phone {
  readonly #encoder = pcmu.createEncoder()
  readonly #decoder = pcmu.createDecoder()
  readonly #tone: ToneGenerator
  readonly port: number
  #sent = 0
  heard: Int16Array[] = []
  sink: PacketSink | undefined
  /** Does it send? */
  sends = true

  constructor(frequency: number, port: number) {
    this.#tone = new ToneGenerator({ frequency, sampleRate: 8000, levelDbov: -20 })
    this.port = port
  }

  say(now: number): void {
    if (!this.sends) return
    const samples = new Int16Array(160)
    this.#tone.fill(samples)
    const bytes = new Uint8Array(headerLength + 160)
    const place = { sequence: this.#sent & 0xffff, timestamp: this.#sent * 160, ssrc: this.port }
    writeHeader(bytes, { marker: this.#sent === 0, payloadType: 0, ...place })
    this.#encoder.encode(samples, bytes, headerLength)
    this.#sent += 1
    this.sink?.rtp(bytes, { address: '198.51.100.7', port: this.port }, now)
  }

  hear(bytes: Uint8Array): void {
    const frame = new Int16Array(160)
    this.#decoder.decode({ bytes: bytes.subarray(headerLength), length: bytes.length - headerLength }, frame, 0)
    this.heard.push(frame)
  }

  hears(frequency: number): boolean {
    return toneLevel(this.#all, { frequency, sampleRate: 8000 }) > -30
  }

  get level(): number {
    return levelOf(this.#all)
  }

  get #all(): Int16Array {
    return Int16Array.from(this.heard.flatMap((frame) => [...frame]))
  }
}

class House {
  readonly clock = new VirtualClock()
  readonly caller = new Phone(callers, 40_000)
  readonly other = new Phone(others, 40_002)
  readonly #sinks: PacketSink[] = []
  readonly engine = createInThreadEngine(
    { bindAddress: '127.0.0.1', portMin: 20_000, portMax: 20_099 },
    {
      clock: this.clock,
      packetIo: {
        open: async (sink) => {
          this.#sinks.push(sink)
          return {
            address: '192.0.2.1',
            rtpPort: 20_000 + 2 * this.#sinks.length,
            rtcpPort: 20_001 + 2 * this.#sinks.length,
            sendRtp: (bytes, to) => {
              for (const phone of [this.caller, this.other]) if (to.port === phone.port) phone.hear(bytes)
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
  readonly over = new AbortController()
  row = newCallRow({
    id: newUuid(),
    customerId: customer,
    flowId: nilUuid,
    activeflowId: nilUuid,
    sipCallId: '',
    direction: 'incoming',
    source: address('sip', 'a'),
    destination: address('sip', 'b'),
    at: '',
  })
  readonly media = new CallMedia({ engine: this.engine, legId: this.row.leg_id, publicIp: '192.0.2.1' })
  readonly audios = new CallAudios({
    engine: this.engine,
    now: () => this.clock.now(),
    resolve: async (host) => [host],
    tune: () => createHoldMusic({ folder }).tune(),
    timestamp: () => '',
  })
  /** What the caller's phone answers to a re-INVITE; undefined when it refuses it. */
  phoneAnswers: Direction | undefined = 'sendrecv'
  answers: Promise<unknown> = Promise.resolve()
  readonly controls: CallControls

  constructor() {
    this.engine.onNotice((notice) => this.audios.onNotice(notice))
    const house = this
    const call: ControlledCall = {
      legId: this.row.leg_id,
      sessionId: 'session',
      media: this.media,
      get row() {
        return house.row
      },
      ended: this.over.signal,
      saved: Promise.resolve(),
      status: () => 'progressing',
      answer: async () => undefined,
      onInfo: () => () => undefined,
      record: {
        write: (set) => {
          this.row = { ...this.row, ...set }
        },
      },
    }
    this.controls = new CallControls({
      calls: { get: async () => ({ ...showCall(this.row), status: 'progressing' }), live: () => call },
      audio: (each) => this.audios.of(each),
      signalling: {
        command: (command) => {
          if (command.kind === 'reinvite') this.answers = this.#answer(command.offer)
        },
      },
      speech: { render: async () => ({ kind: 'file', path: join(folder, 'speech.wav') }) },
      log: silentLog,
    })
  }

  async open(): Promise<void> {
    await this.media.open()
    const local = { address: '198.51.100.7', rtpPort: this.caller.port }
    const facts = { ...local, sessionId: '1', sessionVersion: 1, direction: 'sendrecv', ptimeMs: 20 } as const
    await this.media.answer(makeOffer({ ...facts, codecs: ['PCMU'] }))
    await this.engine.request({ kind: 'openLeg', legId: 'other' })
    const remote = { address: '198.51.100.7', rtpPort: this.other.port, rtcpPort: this.other.port + 1 }
    const types = { codec: 'PCMU', sendPayloadType: 0, receivePayloadType: 0 } as const
    const plan = { ...types, ptimeMs: 20, direction: 'sendrecv', remote } as const
    await this.engine.request({ kind: 'configureLeg', legId: 'other', plan })
    for (const legId of [this.row.leg_id, 'other']) await this.engine.request({ kind: 'join', legId, mixId: 'room' })
    this.caller.sink = this.#sinks[0]
    this.other.sink = this.#sinks[1]
    await this.run(300)
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20) {
      this.caller.say(this.clock.now())
      this.other.say(this.clock.now())
      await this.clock.advance(20)
    }
  }

  /** What both phones hear from now on. */
  async listen(ms = 500): Promise<void> {
    await this.answers
    await this.run(100)
    this.caller.heard = []
    this.other.heard = []
    await this.run(ms)
  }

  /** Virtual time outruns the thread that decodes files. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.run(20)
  }

  async #answer(offer: string): Promise<void> {
    if (this.phoneAnswers === undefined) return
    const local = { address: '198.51.100.7', rtpPort: this.caller.port }
    const reply = answerOffer({ offer, local, sessionId: '1', sessionVersion: 2, wantedDirection: this.phoneAnswers })
    if (!reply.ok) throw new Error(reply.reason)
    const { direction } = reply.plan
    this.caller.sends = direction === 'sendrecv' || direction === 'sendonly'
    if (!(await this.media.accept(reply.answer))) throw new Error('the answer cannot be used')
  }
}

let house: House
beforeEach(async () => {
  house = new House()
  await house.open()
})
afterEach(() => house.engine.close())

const heard = () => ({ caller: house.caller.hears(others), other: house.other.hears(callers) })
const both = { caller: true, other: true }
const neither = { caller: false, other: false }

describe('hold', () => {
  it.each([
    ['sends nothing any more', 'sendrecv'],
    ['refuses the offer', undefined],
  ] as const)(
    'stops the audio both ways with a phone that %s, and goes on sending silence to it',
    async (_name, answers) => {
      const { controls, row, caller } = house
      house.phoneAnswers = answers
      await house.listen()
      expect(heard()).toEqual(both)
      await controls.hold(customer, row.id)
      await house.listen()
      expect(heard()).toEqual(neither)
      expect(caller.sends).toBe(answers === undefined)
      expect(caller.heard).toHaveLength(25)
      expect(caller.level).toBe(-127)
      await controls.unhold(customer, row.id)
      await house.listen()
      expect(heard()).toEqual(both)
    },
  )

  it('lets the phone hear music', async () => {
    const { controls, row, caller } = house
    await controls.hold(customer, row.id)
    await controls.startMusic(customer, row.id)
    await house.until(() => house.caller.heard.some((frame) => levelOf(frame) > -40))
    await house.listen(1000)
    expect(heard()).toEqual(neither)
    expect(caller.level).toBeGreaterThan(-40)
    await controls.stopMusic(customer, row.id)
    await house.listen()
    expect(caller.level).toBe(-127)
  })
})

describe('music on hold', () => {
  it('is heard by the caller alone, in a loop, instead of the others', async () => {
    const { controls, row, caller, other } = house
    other.sends = false
    await controls.startMusic(customer, row.id)
    // 18 seconds, which is longer than the tune.
    await house.until(() => caller.heard.filter((frame) => levelOf(frame) > -60).length >= 900)
    await house.listen()
    expect(heard()).toEqual({ caller: false, other: true })
    await controls.stopMusic(customer, row.id)
    other.sends = true
    await house.listen()
    expect(heard()).toEqual(both)
  })
})

describe('mute and silence', () => {
  it.each([
    ['in', { caller: true, other: false }],
    ['out', { caller: false, other: true }],
    ['both', neither],
  ] as const)('mute %s', async (direction, expected) => {
    const { controls, row } = house
    await controls.mute(customer, row.id, direction)
    await house.listen()
    expect(heard()).toEqual(expected)
    expect(house.row.mute_direction).toBe(direction)
    await controls.unmute(customer, row.id, 'both')
    await house.listen()
    expect(heard()).toEqual(both)
    expect(house.row.mute_direction).toBe('')
  })

  it('silence: the phone hears nothing, and is heard', async () => {
    const { controls, row, caller } = house
    await controls.silence(customer, row.id)
    await house.listen()
    expect(heard()).toEqual({ caller: false, other: true })
    expect(caller.level).toBe(-127)
    await controls.unsilence(customer, row.id)
    await house.listen()
    expect(heard()).toEqual(both)
  })
})

describe('talk', () => {
  it('is heard by the caller alone, on top of the others', async () => {
    const samples = new Int16Array(16_000 * 3)
    new ToneGenerator({ frequency: spoken, sampleRate: 16_000, levelDbov: -20 }).fill(samples)
    const speech = Buffer.concat([wavHeader(16_000, samples.byteLength), new Uint8Array(samples.buffer)])
    writeFileSync(join(folder, 'speech.wav'), speech)
    const { controls, row, caller, other } = house
    await controls.talk(customer, row.id, { text: 'Hello', language: '', voiceId: '', provider: '' })
    await house.until(
      () => toneLevel(caller.heard.at(-1) ?? new Int16Array(160), { frequency: spoken, sampleRate: 8000 }) > -30,
    )
    await house.listen()
    expect([caller.hears(spoken), caller.hears(others), other.hears(spoken)]).toEqual([true, true, false])
  })
})
