// Legs at rest must behave like legs that are looked at tick by tick: the same traffic and commands go into two engines, one of which never lets
// a leg rest, and every RTP packet and every figure that comes out must be the same.
import { describe, expect, it } from 'vitest'
import type { LegStatistics } from '../../../src/media/engine.ts'
import { EngineCore } from '../../../src/media/engine-core.ts'
import { type PacketIo, type PacketSink, type Shortcut, summary } from '../../../src/media/packet-io.ts'
import { writeHeader } from '../../../src/rtp/packet.ts'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { report } from './measure.ts'
import { seededRandom } from './studio.ts'

type Random = () => number

/** A phone's way of sending, drawn anew every few seconds. */
interface Manner {
  readonly talks: boolean
  readonly jitterMs: number
  readonly loss: number
  readonly duplication: number
  /** Longer than the 20 ms that it should be, in millionths. */
  readonly skewPpm: number
}

const calm: Manner = { talks: false, jitterMs: 0, loss: 0, duplication: 0, skewPpm: 0 }

function draw(random: Random): Manner {
  const one = (share: number, value: number): number => (random() < share ? value * random() : 0)
  return {
    talks: random() < 0.15,
    jitterMs: one(0.3, 30),
    loss: one(0.15, 0.1),
    duplication: one(0.1, 0.1),
    skewPpm: one(0.3, 400) - 200 * Number(random() < 0.1),
  }
}

interface Packet {
  readonly at: number
  readonly leg: number
  readonly bytes: Uint8Array
}

/** What one phone sends over `ms`, by arrival. */
function traffic(leg: number, ms: number, random: Random): Packet[] {
  const packets: Packet[] = []
  let manner = calm
  let at = 20 * random()
  const header = { marker: false, payloadType: 0, sequence: 65_000, timestamp: 2 ** 32 - 90_000, ssrc: 1000 * leg }
  const send = (payload: number | undefined, more = 0): void => {
    const bytes = new Uint8Array(172)
    writeHeader(bytes, header)
    for (let index = 12; index < 172; index += 1) bytes[index] = payload ?? Math.floor(128 * random()) | 128
    packets.push({ at: at + manner.jitterMs * random() + more, leg, bytes })
  }
  while (at < ms) {
    const chance = random()
    if (chance < 0.003) manner = random() < 0.5 ? calm : draw(random)
    else if (chance < 0.0035) header.ssrc += 1
    else if (chance < 0.004) header.timestamp = (header.timestamp + 16_000 * random()) >>> 0
    else if (chance < 0.0045) header.sequence = (header.sequence + 5) & 0xffff
    else if (chance < 0.005) at += 300 * random()
    if (random() >= manner.loss) send(manner.talks ? undefined : 0xff)
    if (random() < manner.duplication) send(manner.talks ? undefined : 0xff, 5)
    if (chance > 0.9985) {
      header.payloadType = 101
      const event = new Uint8Array(16)
      writeHeader(event, header)
      event.set([5, 0x80, 0, 160], 12)
      packets.push({ at, leg, bytes: event })
      header.payloadType = 0
    }
    header.sequence = (header.sequence + 1) & 0xffff
    header.timestamp = (header.timestamp + 160) >>> 0
    at += 20 * (1 + manner.skewPpm / 1e6)
  }
  return packets
}

interface Deed {
  readonly at: number
  readonly leg: number
  readonly kind: number
}

/** As the native packet I/O makes it, two columns into a table. */
function summaryOf(place: number, bytes: Uint8Array): Int32Array {
  const row = new Int32Array(16)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const alike = bytes.length > 12 && bytes.subarray(12).every((octet) => octet === bytes[12])
  row.set([place, bytes.length], 2)
  row.set([view.getInt32(0), view.getInt32(4), view.getInt32(8), alike ? (bytes[12] ?? -1) : -1], 2 + summary.head)
  return row
}

/** Whether legs may rest, and whether packets of those that do take the short way. */
interface Ways {
  readonly rests: boolean
  readonly diverts: boolean
}

class Bench {
  readonly core: EngineCore
  readonly sent: string[] = []
  readonly notices: string[] = []
  readonly figures: LegStatistics[] = []
  readonly #sinks: PacketSink[] = []
  readonly #places = new Map<number, number>()
  #shortcut: Shortcut | undefined
  rested = 0
  /** Packets that were taken by their summary. */
  short = 0
  now = 0

  constructor({ rests, diverts }: Ways) {
    const batches: Partial<PacketIo> = {
      sendAlike: (heads, count, { bytes, length }) => {
        for (let row = 0; row < count; row += 1) {
          const head = new Uint8Array(heads.buffer, 16 * row + 4, 12)
          const leg = heads[4 * row] ?? -1
          this.#note(leg, 4000 + leg, Buffer.concat([head, bytes.subarray(0, length)]))
        }
      },
      divert: (channel, place) => void this.#places.set(channel, place),
      divertTo: (shortcut) => {
        this.#shortcut = shortcut
      },
    }
    this.core = new EngineCore({
      packetIo: {
        ...(diverts && batches),
        open: async (sink) => {
          const leg = this.#sinks.push(sink) - 1
          return {
            address: '192.0.2.1',
            rtpPort: 2 * leg + 2,
            rtcpPort: 2 * leg + 3,
            channel: () => leg,
            sendRtp: (bytes, to) => this.#note(leg, to.port, bytes),
            sendRtcp: () => undefined,
            close: async () => undefined,
          }
        },
        flush: () => undefined,
        close: async () => undefined,
      },
      clock: { now: () => this.now, wallMicros: () => this.now * 1000 },
      random: seededRandom(3),
      notify: (notice) => void this.notices.push(`${this.now} ${JSON.stringify(notice)}`),
      wantTicks: () => undefined,
      rests,
    })
  }

  #note(leg: number, port: number, bytes: Uint8Array): void {
    this.sent.push(`${this.now} ${leg} ${port} ${Buffer.from(bytes).toString('base64')}`)
  }

  async open(leg: number): Promise<void> {
    const codec = leg % 3 === 2 ? 'PCMA' : 'PCMU'
    const plan: MediaPlan = {
      codec,
      sendPayloadType: 0,
      receivePayloadType: 0,
      receiveEventPayloadType: 101,
      ptimeMs: 20,
      direction: 'sendrecv',
      remote: { address: '198.51.100.7', rtpPort: 4000 + leg, rtcpPort: 5000 + leg },
    }
    const legId = String(leg)
    await this.core.handle({ kind: 'openLeg', legId })
    await this.core.handle({ kind: 'configureLeg', legId, plan })
    await this.core.handle({ kind: 'join', legId, mixId: 'mix' })
  }

  receive({ at, leg, bytes }: Packet): void {
    this.now = at
    const place = this.#places.get(leg) ?? -1
    if (place >= 0 && this.#shortcut?.takeSummary(summaryOf(place, bytes), 2, at)) {
      this.short += 1
      return
    }
    this.#sinks[leg]?.rtp(bytes.slice(), { address: '198.51.100.7', port: 4000 + leg }, at)
  }

  tick(at: number): void {
    this.now = at
    this.core.tick(at)
    this.rested += this.core.resting
    // Within a tick the order of phones is nobody's business.
    const from = this.sent.findLastIndex((line) => !line.startsWith(`${at} `)) + 1
    this.sent.push(...this.sent.splice(from).sort())
  }

  async act({ at, leg, kind }: Deed): Promise<void> {
    this.now = at
    const legId = String(leg)
    const { core } = this
    if (kind === 0) await core.handle({ kind: 'mute', legId, in: true, out: false })
    else if (kind === 1) await core.handle({ kind: 'mute', legId, in: false, out: true })
    else if (kind === 2) await core.handle({ kind: 'mute', legId, in: false, out: false })
    else if (kind === 3) await core.handle({ kind: 'gain', legId, inDb: 3, outDb: leg % 2 === 0 ? -6 : 0 })
    else if (kind === 4) await core.handle({ kind: 'leave', legId })
    else if (kind === 5) await core.handle({ kind: 'join', legId, mixId: leg % 2 === 0 ? 'mix' : 'other' })
    else if (kind === 6) core.skip(2)
    else this.figures.push(await core.handle({ kind: 'statistics', legId }))
  }
}

async function play(ways: Ways, script: readonly (Packet | Deed)[], legs: number): Promise<Bench> {
  const bench = new Bench(ways)
  for (let leg = 0; leg < legs; leg += 1) await bench.open(leg)
  let nextTick = 27
  for (const event of script) {
    for (; nextTick <= event.at; nextTick += 20) bench.tick(nextTick)
    if ('kind' in event) await bench.act(event)
    else bench.receive(event)
  }
  for (let leg = 0; leg < legs; leg += 1) await bench.act({ at: nextTick, leg, kind: 7 })
  return bench
}

describe('legs at rest', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'send, report and are told the same as legs that are awake, seed %i',
    async (seed) => {
      const [legs, ms] = [6, 60_000]
      const random = seededRandom(seed)
      const deeds = Array.from({ length: 25 }, (): Deed => {
        return { at: ms * random(), leg: Math.floor(legs * random()), kind: Math.floor(9 * random()) }
      })
      const packets = Array.from({ length: legs }, (_, leg) => traffic(leg, ms, random)).flat()
      const script = [...packets, ...deeds].sort((one, other) => one.at - other.at)
      const diverts = seed % 2 === 0
      const resting = await play({ rests: true, diverts }, script, legs)
      const awake = await play({ rests: false, diverts: false }, script, legs)
      const share = (100 * resting.rested) / (legs * (ms / 20))
      report(`rest, seed ${seed}`, `${share.toFixed(0)} % of the time at rest, ${resting.sent.length} packets compared`)
      expect(share).toBeGreaterThan(5)
      expect(awake.rested).toBe(0)
      expect(resting.short > 0).toBe(diverts)
      expect(resting.notices.sort()).toEqual(awake.notices.sort())
      const differs = resting.sent.findIndex((line, index) => line !== awake.sent[index])
      expect([resting.sent[differs], awake.sent[differs]]).toEqual([undefined, undefined])
      expect(resting.sent.length).toBe(awake.sent.length)
      expect(resting.figures).toEqual(awake.figures)
    },
  )
})
