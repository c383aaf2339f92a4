// A media engine core on a virtual clock with a virtual packet network and phones that speak and listen: everything seeded, no thread, no port.
import { codecs } from '../../../src/codec/codecs.ts'
import type { EngineNotice } from '../../../src/media/engine.ts'
import { EngineCore } from '../../../src/media/engine-core.ts'
import type { PacketIo, PacketSink, PortPair } from '../../../src/media/packet-io.ts'
import type { Endpoint } from '../../../src/rtp/source-check.ts'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { VirtualPhone } from './virtual-phone.ts'

/** mulberry32: a small seeded generator, uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What happens to packets on their way to the engine. Milliseconds and probabilities. */
export interface Weather {
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly loss?: number
  readonly duplication?: number
  /** The network holds everything back and lets go of it at multiples of this. */
  readonly burstMs?: number
}

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export interface StudioOptions {
  readonly seed?: number
  readonly weather?: Weather
  readonly mediaTimeoutMs?: number
  /** Added to the phase of the tick. */
  readonly tickPhaseMs?: number
  readonly opusRate?: 8000 | 16_000 | 48_000
}

export class Studio {
  readonly random: () => number
  /** All but who talks. */
  readonly notices: EngineNotice[] = []
  readonly talking: Extract<EngineNotice, { kind: 'talking' }>[] = []
  readonly core: EngineCore
  readonly phones = new Map<string, VirtualPhone>()
  weather: Weather
  now = 1000
  readonly #opusRate: 8000 | 16_000 | 48_000
  #queue: Due[] = []
  #order = 0
  #nextTick: number
  #nextPort = 20_000
  readonly #sinks = new Map<number, PacketSink>()
  /** Datagrams that the engine sent, by destination port. */
  readonly #listeners = new Map<number, (bytes: Uint8Array, now: number) => void>()

  constructor(options: StudioOptions = {}) {
    this.random = seededRandom(options.seed ?? 1)
    this.weather = options.weather ?? {}
    this.#opusRate = options.opusRate ?? 16_000
    this.#nextTick = this.now + 20 + (options.tickPhaseMs ?? 0)
    this.core = new EngineCore({
      packetIo: this.#packetIo(),
      clock: { now: () => this.now, wallMicros: () => 1_700_000_000_000_000 + this.now * 1000 },
      random: this.random,
      notify: (notice) => {
        if (notice.kind === 'talking') this.talking.push(notice)
        else this.notices.push(notice)
      },
      wantTicks: () => undefined,
      mediaTimeoutMs: options.mediaTimeoutMs,
      opusRate: this.#opusRate,
    })
  }

  /** Port pairs that are bound. */
  get openPorts(): number {
    return this.#sinks.size
  }

  /** Opens and configures a leg with a phone at its other end. */
  async phone(name: string, plan: Partial<MediaPlan> = {}): Promise<VirtualPhone> {
    const ports = await this.core.handle({ kind: 'openLeg', legId: name })
    if (plan.codec === 'opus') await codecs.opus.prepare()
    const phone = new VirtualPhone(this, {
      name,
      legPort: ports.rtpPort,
      plan,
      port: 40_000 + 2 * this.phones.size,
      opusRate: this.#opusRate,
    })
    this.phones.set(name, phone)
    this.#listeners.set(phone.port, (bytes, now) => phone.hear(bytes, now))
    this.#listeners.set(phone.port + 1, (bytes) => phone.control.push(bytes))
    await this.core.handle({ kind: 'configureLeg', legId: name, plan: phone.plan })
    await this.#settle()
    return phone
  }

  async join(mixId: string, ...phones: VirtualPhone[]): Promise<void> {
    for (const phone of phones) await this.core.handle({ kind: 'join', legId: phone.name, mixId })
    await this.#settle()
  }

  /** Encoders of Opus come a few turns of the event loop after they are asked for; time stands still here meanwhile. */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  after(ms: number, run: () => void): void {
    this.#order += 1
    this.#queue.push({ at: this.now + ms, order: this.#order, run })
  }

  /** Sends a datagram to a leg through the weather. */
  deliver(port: number, bytes: Uint8Array, from: Endpoint): void {
    const { delayMs = 0, jitterMs = 0, loss = 0, duplication = 0, burstMs = 0 } = this.weather
    if (loss > 0 && this.random() < loss) return
    const copies = duplication > 0 && this.random() < duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const held = burstMs > 0 ? burstMs - (this.now % burstMs) : 0
      const delay = delayMs + held + (jitterMs > 0 ? this.random() * jitterMs : 0)
      if (delay === 0) this.arrive(port, bytes, from)
      else this.after(delay, () => this.arrive(port, bytes, from))
    }
  }

  arrive(port: number, bytes: Uint8Array, from: Endpoint): void {
    const sink = this.#sinks.get(port - (port % 2))
    if (port % 2 === 0) sink?.rtp(bytes, from, this.now)
    else sink?.rtcp(bytes, from, this.now)
  }

  /** Lets time pass: phones speak, packets travel, the engine ticks. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const due = this.#nextDue()
      const at = Math.min(due?.at ?? Number.POSITIVE_INFINITY, this.#nextTick)
      if (at > end) break
      this.now = at
      if (due && due.at <= this.#nextTick) {
        this.#queue.splice(this.#queue.indexOf(due), 1)
        due.run()
      } else {
        this.core.tick(this.now)
        this.#nextTick += 20
      }
    }
    this.now = end
  }

  #nextDue(): Due | undefined {
    let first: Due | undefined
    for (const due of this.#queue)
      if (!first || due.at < first.at || (due.at === first.at && due.order < first.order)) first = due
    return first
  }

  #packetIo(): PacketIo {
    return {
      open: async (sink) => this.#open(sink),
      flush: () => undefined,
      close: async () => undefined,
    }
  }

  #open(sink: PacketSink): PortPair {
    const port = this.#nextPort
    this.#nextPort += 2
    this.#sinks.set(port, sink)
    const send = (bytes: Uint8Array, to: Endpoint): void => this.#listeners.get(to.port)?.(bytes, this.now)
    return {
      address: '192.0.2.1',
      rtpPort: port,
      rtcpPort: port + 1,
      sendRtp: send,
      sendRtcp: (bytes, to) => send(bytes.slice(), to),
      close: async () => void this.#sinks.delete(port),
    }
  }
}
