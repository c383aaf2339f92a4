// The engine inside whichever thread: legs, mixes and the commands that change them. Time, randomness and datagrams are passed in.
// Commands act between two ticks, so a leg moves from mix to mix within one tick and a reply means that the next tick obeys.
import { Bug, UserError } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import type { PcmRate } from '../codec/wide-codec.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import { EncodingEffort } from './encoding-effort.ts'
import type { EngineNotice, EngineReplies, LegCommand, LegPorts, Tone } from './engine.ts'
import type { Leg, LegSurroundings } from './leg.ts'
import type { MixMember, MixRate } from './mix-member.ts'
import { Mixer } from './mixer.ts'
import type { PacketIo, PacketSink } from './packet-io.ts'
import { PacketScratch } from './packet-scratch.ts'
import { RecordedLeg } from './recorded-leg.ts'
import { RestingLegs } from './resting-legs.ts'
import { Silences } from './silences.ts'
import { Taps } from './taps.ts'

export interface EngineCoreSettings {
  readonly packetIo: PacketIo
  readonly clock: Pick<Clock, 'now' | 'wallMicros'>
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly notify: (notice: EngineNotice) => void
  /** Called when the first leg wants ticks (true) and when the last one is gone (false). */
  readonly wantTicks: (wanted: boolean) => void
  readonly mediaTimeoutMs?: number | undefined
  readonly opusRate?: PcmRate | undefined
  /** Unless false, legs that are silent are left to themselves: all is as it would be otherwise, but for what it costs. */
  readonly rests?: boolean | undefined
}

/** Whoever hears members that are no phones. */
export interface Audience {
  readonly rate: MixRate
  add(member: MixMember): void
  remove(member: MixMember): void
}

type Handlers = {
  readonly [K in LegCommand['kind']]: (command: Extract<LegCommand, { kind: K }>) => Promise<EngineReplies[K]>
}

const defaultTimeoutMs = 30_000
/** A leg is tended every so many ticks: reports and time-outs count in seconds. */
const tendTicks = 5
const defaultOpusRate = 16_000

export class EngineCore {
  readonly #settings: EngineCoreSettings
  readonly #silences = new Silences()
  /** To be told how long ticks take. */
  readonly effort = new EncodingEffort()
  readonly #legs = new Map<string, RecordedLeg>()
  readonly #opening = new Set<string>()
  readonly #mixes = new Map<string, Mixer>()
  readonly #taps: Taps
  readonly #around: LegSurroundings
  readonly #resting: RestingLegs | undefined
  /** The legs and mixes again, to be walked without an iterator. */
  #legList: readonly Leg[] = []
  #mixList: readonly Mixer[] = []
  /** The legs in no mix, which nobody else would tick. */
  #loneList: readonly Leg[] = []
  #ticking = false
  /** Whose turn it is to be tended: of every so many legs the one with this place. */
  #tended = 0

  constructor(settings: EngineCoreSettings) {
    this.#settings = settings
    this.#around = {
      random: settings.random,
      wallMicros: () => settings.clock.wallMicros(),
      silences: this.#silences,
      scratch: new PacketScratch(),
      effort: this.effort,
      mediaTimeoutMs: settings.mediaTimeoutMs ?? defaultTimeoutMs,
      opusRate: settings.opusRate ?? defaultOpusRate,
    }
    this.#resting = settings.rests === false ? undefined : new RestingLegs(settings.packetIo)
    this.#taps = new Taps({
      packetIo: settings.packetIo,
      now: () => settings.clock.now(),
      leg: (legId) => this.#legs.get(legId),
      // Of the peer's line nobody is told anything.
      makeLine: (ports) =>
        new RecordedLeg({ id: 'tap', ports, firstSequence: undefined, notify: () => undefined }, this.#around),
    })
  }

  get legs(): number {
    return this.#legs.size
  }

  get mixes(): number {
    return this.#mixes.size
  }

  /** Legs that are left to themselves now. */
  get resting(): number {
    return this.#resting?.size ?? 0
  }

  readonly #handlers: Handlers = {
    openLeg: (command) => this.#openLeg(command),
    configureLeg: (command) => this.#configureLeg(command.legId, command.plan),
    join: async (command) => this.#join(command.legId, command.mixId),
    leave: async (command) => this.#leave(this.#leg(command.legId)),
    mute: async (command) => {
      const leg = this.#leg(command.legId)
      leg.mutedIn = command.in
      leg.mutedOut = command.out
    },
    gain: async (command) => this.#amplify(command),
    tone: (command) => this.#tone(command.legId, command.tone),
    echo: async (command) => {
      const leg = this.#leg(command.legId)
      leg.echo = command.on
      leg.echoKeys = command.keys === true
    },
    sendDigits: async (command) => {
      const leg = this.#leg(command.legId)
      await new Promise<void>((resolve) => leg.sendKeys(command, resolve))
    },
    tapStart: async (command) => {
      this.#leg(command.legId)
      return this.#taps.start(command)
    },
    tapStop: async (command) => {
      this.#leg(command.legId)
      await this.#taps.stop(command.legId)
    },
    statistics: async (command) => this.#leg(command.legId).statistics(),
    closeLeg: (command) => this.#closeLeg(command.legId),
  }

  handle<C extends LegCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    const handler = this.#handlers[command.kind] as (command: LegCommand) => Promise<EngineReplies[C['kind']]>
    return handler(command)
  }

  /** One frame for everybody. `now` in monotonic milliseconds. */
  tick(now: number): void {
    this.#silences.begin()
    for (const mix of this.#mixList) {
      mix.tick(now)
      // Members may end within their tick.
      if (mix.size === 0) this.#letGo(mix)
    }
    for (const leg of this.#loneList) if (leg.configured) leg.tickAlone(now)
    this.#settings.packetIo.flush()
    for (let index = this.#tended; index < this.#legList.length; index += tendTicks) {
      const leg = this.#legList[index]
      if (leg && leg.place < 0) leg.tend(now)
    }
    this.#tended = (this.#tended + 1) % tendTicks
  }

  /** A mix as players and recorders need it: made when the first member comes, gone with the last. */
  mix(mixId: string): Audience {
    const found = (): Mixer => this.#mixes.get(mixId) ?? this.#newMix(mixId)
    const known = (): Mixer | undefined => this.#mixes.get(mixId)
    return {
      get rate() {
        return known()?.rate ?? 8000
      },
      add: (member) => found().add(member),
      remove: (member) => {
        const mix = known()
        mix?.remove(member)
        if (mix) this.#letGo(mix)
      },
    }
  }

  /** A leg as players and recorders need it: what is added is heard by its phone alone. Throws UserError for an unknown one. */
  leg(legId: string): Audience & MixMember & Pick<RecordedLeg, 'side'> {
    return this.#leg(legId)
  }

  /** Ticks that were never made up for. */
  skip(frames: number): void {
    for (const leg of this.#legList) {
      leg.wake()
      leg.skip(frames)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#legs.keys()].map((legId) => this.#closeLeg(legId)))
    this.#silences.close()
    await this.#settings.packetIo.close()
  }

  #leg(legId: string): RecordedLeg {
    const leg = this.#legs.get(legId)
    if (!leg) throw new UserError('RESOURCE_NOT_FOUND', `There is no media leg ${legId}.`)
    leg.wake()
    return leg
  }

  async #openLeg(command: Extract<LegCommand, { kind: 'openLeg' }>): Promise<LegPorts> {
    const { legId, rtpPort, firstSequence } = command
    if (this.#legs.has(legId) || this.#opening.has(legId)) throw new Bug(`Media leg ${legId} is open already.`)
    this.#opening.add(legId)
    const { packetIo, notify } = this.#settings
    try {
      const inlet = new Inlet(this.#resting)
      const ports = await packetIo.open(inlet, rtpPort)
      const leg = new RecordedLeg({ id: legId, ports, firstSequence, notify }, this.#around)
      inlet.leg = leg
      this.#legs.set(legId, leg)
      this.#list()
      return { address: ports.address, rtpPort: ports.rtpPort, rtcpPort: ports.rtcpPort }
    } finally {
      this.#opening.delete(legId)
    }
  }

  async #configureLeg(legId: string, plan: MediaPlan): Promise<undefined> {
    const format = this.#leg(legId).formatFor(plan)
    await format.codec.prepare()
    const leg = this.#leg(legId)
    leg.configure(plan, this.#settings.clock.now())
    leg.mix?.refresh(leg)
    this.#wantTicks()
  }

  #amplify(command: Extract<LegCommand, { kind: 'gain' }>): undefined {
    const leg = this.#leg(command.legId)
    leg.amplify(factorOf(command.inDb), factorOf(command.outDb))
    leg.mix?.refresh(leg)
  }

  #join(legId: string, mixId: string): undefined {
    const leg = this.#leg(legId)
    const known = this.#mixes.get(mixId)
    if (known && leg.mix === known) return
    this.#leave(leg)
    const mix = known ?? this.#newMix(mixId)
    mix.add(leg)
    leg.mix = mix
    this.#listLone()
  }

  #newMix(mixId: string): Mixer {
    const mix = new Mixer(this.#silences, this.#resting)
    this.#mixes.set(mixId, mix)
    this.#mixList = [...this.#mixes.values()]
    return mix
  }

  #leave(leg: Leg): undefined {
    const mix = leg.mix
    if (!mix) return
    mix.remove(leg)
    leg.mix = undefined
    this.#listLone()
    leg.hush()
    this.#letGo(mix)
  }

  #letGo(mix: Mixer): void {
    if (mix.size > 0) return
    mix.close()
    for (const [mixId, other] of this.#mixes) if (other === mix) this.#mixes.delete(mixId)
    this.#mixList = [...this.#mixes.values()]
  }

  async #tone(legId: string, tone: Tone): Promise<undefined> {
    const leg = this.#leg(legId)
    return new Promise((resolve) => leg.play(tone, () => resolve(undefined)))
  }

  async #closeLeg(legId: string): Promise<EngineReplies['closeLeg']> {
    const leg = this.#leg(legId)
    const statistics = { ...leg.statistics(), nextSequence: leg.nextSequence }
    this.#leave(leg)
    const untapped = this.#taps.stop(legId)
    this.#legs.delete(legId)
    this.#list()
    leg.close(this.#settings.clock.now())
    this.#wantTicks()
    await Promise.all([untapped, leg.ports.close()])
    return statistics
  }

  /** After a leg came or went. */
  #list(): void {
    this.#legList = [...this.#legs.values()]
    this.#listLone()
  }

  /** After a leg's mix became another. */
  #listLone(): void {
    this.#loneList = this.#legList.filter((leg) => leg.mix === undefined)
  }

  #wantTicks(): void {
    const wanted = this.#legList.some((leg) => leg.configured)
    if (wanted === this.#ticking) return
    this.#ticking = wanted
    this.#settings.wantTicks(wanted)
  }
}

/** Where a leg's datagrams come in. Those that come before the leg is there belong to whoever had the port before. */
class Inlet implements PacketSink {
  readonly #resting: RestingLegs | undefined
  leg: Leg | undefined

  constructor(resting: RestingLegs | undefined) {
    this.#resting = resting
  }

  rtp(bytes: Uint8Array, source: Endpoint, now: number): void {
    const leg = this.leg
    if (!leg) return
    if (leg.place >= 0) {
      if (this.#resting?.take(leg.place, bytes, source, now)) return
      leg.wake()
    }
    leg.receiveRtp(bytes, source, now)
  }

  rtcp(bytes: Uint8Array, source: Endpoint, now: number): void {
    this.leg?.receiveRtcp(bytes, source, now)
  }
}

/** Gains beyond what is sensible are taken as the nearest that is. */
const factorOf = (decibels: number): number => 10 ** (Math.max(-60, Math.min(20, decibels)) / 20)
