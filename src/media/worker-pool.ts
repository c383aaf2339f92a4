// Several engines behind the one interface: whole conferences are placed on the least loaded worker, and a leg moves to its conference's
// worker by opening its ports there again, so that the phone sees neither a new address nor a new offer.

import { Listeners } from '../base/listeners.ts'
import { isAudioCommand } from './audio-command.ts'
import type {
  AudioCommand,
  EngineCommand,
  EngineNotice,
  EngineOptions,
  EngineReplies,
  LegPorts,
  LegStatistics,
  MediaEngine,
} from './engine.ts'
import { jobOf, PoolJobs } from './pool-jobs.ts'
import { createWorkerEngine, type WorkerEngine } from './worker-engine.ts'

/** One engine and what is in it. */
interface Seat {
  readonly engine: MediaEngine
  legs: number
}

interface Leg {
  seat: Seat
  readonly ports: LegPorts
  /** The newest command of each kind that must be repeated where the leg moves to. */
  readonly kept: Map<EngineCommand['kind'], EngineCommand>
  mixId: string | undefined
  /** Counters of the seats that it left. */
  earlier: LegStatistics | undefined
  /** What is asked of the leg meanwhile waits for it. */
  moving: Promise<void> | undefined
}

interface Mix {
  readonly seat: Seat
  members: number
}

export interface PoolOptions extends EngineOptions {
  /** How many workers. */
  readonly workers: number
}

type PoolEngine = MediaEngine & Partial<Pick<WorkerEngine, 'packetIo'>>
type CreateEngine = (options: EngineOptions) => Promise<PoolEngine>

export interface MediaPool extends MediaEngine {
  /** How many workers there are, and what moves their packets. */
  readonly workers: number
  readonly packetIo: string
}

/** Resolves once every worker is up; throws OperationalError when one cannot come up. */
export async function createWorkerPool(
  { workers, ...options }: PoolOptions,
  create: CreateEngine = createWorkerEngine,
): Promise<MediaPool> {
  const ranges = portRanges(options, workers)
  const started = await Promise.allSettled(ranges.map((range) => create({ ...options, ...range })))
  const engines = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(engines.map((engine) => engine.close()))
    throw failed.reason
  }
  return new WorkerPool(engines)
}

/** Each worker's own slice of the port range, so that no two reach for the same pair. */
export function portRanges(
  { portMin, portMax }: EngineOptions,
  workers: number,
): { portMin: number; portMax: number }[] {
  const first = portMin + (portMin % 2)
  const pairs = Math.floor((portMax - first + 1) / 2)
  const count = Math.max(1, Math.min(workers, pairs))
  const slice = Math.floor(pairs / count)
  return Array.from({ length: count }, (_, index) => {
    const start = first + index * slice * 2
    const last = index === count - 1 ? first + pairs * 2 - 1 : start + slice * 2 - 1
    return { portMin: start, portMax: last }
  })
}

class WorkerPool implements MediaPool {
  readonly workers: number
  readonly packetIo: string
  readonly #seats: readonly Seat[]
  readonly #legs = new Map<string, Leg>()
  readonly #mixes = new Map<string, Mix>()
  readonly #jobs = new PoolJobs<Seat>()
  readonly #listeners = new Listeners<[notice: EngineNotice]>()

  constructor(engines: readonly PoolEngine[]) {
    this.workers = engines.length
    this.packetIo = [...new Set(engines.map((engine) => engine.packetIo ?? ''))].join(', ')
    this.#seats = engines.map((engine) => ({ engine, legs: 0 }))
    for (const seat of this.#seats) seat.engine.onNotice((notice) => this.#noticed(seat, notice))
  }

  async request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    return (await this.#handle(command)) as EngineReplies[C['kind']]
  }

  onNotice(listener: (notice: EngineNotice) => void): () => void {
    return this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.engine.close()))
    this.#legs.clear()
    this.#mixes.clear()
  }

  async #handle(command: EngineCommand): Promise<unknown> {
    if (isAudioCommand(command)) return this.#audio(command)
    if (command.kind === 'openLeg') return this.#open(command)
    const leg = this.#legs.get(command.legId)
    if (leg === undefined) return this.#leastLoaded().engine.request(command)
    while (leg.moving !== undefined) await leg.moving
    switch (command.kind) {
      case 'join':
        return this.#join(leg, command)
      case 'leave':
        this.#leaveMix(leg)
        return leg.seat.engine.request(command)
      case 'statistics':
        return withEarlier(leg, await leg.seat.engine.request(command))
      case 'closeLeg':
        this.#forget(command.legId, leg)
        return withEarlier(leg, await leg.seat.engine.request(command))
      case 'tapStart':
        return this.#tap(leg, command)
      case 'tapStop':
        leg.kept.delete('tapStart')
        return leg.seat.engine.request(command)
      case 'tone':
      case 'sendDigits':
        return leg.seat.engine.request(command)
      default:
        leg.kept.set(command.kind, command)
        return leg.seat.engine.request(command)
    }
  }

  /** The tap goes wherever its leg moves, and keeps the ports that its peer knows. */
  async #tap(leg: Leg, command: Extract<EngineCommand, { kind: 'tapStart' }>): Promise<LegPorts> {
    leg.kept.delete('tapStart')
    const ports = await leg.seat.engine.request(command)
    leg.kept.set('tapStart', { ...command, rtpPort: ports.rtpPort })
    return ports
  }

  /** What is recorded of a mix or played to it happens where the mix is, and keeps it there. */
  async #audio(command: AudioCommand): Promise<unknown> {
    const id = jobOf(command) ?? ''
    if (command.kind !== 'recordStart' && command.kind !== 'play') {
      return (this.#jobs.seat(id) ?? this.#leastLoaded()).engine.request(command)
    }
    const { mixId, legId } = placeOf(command)
    const leg = legId === undefined ? undefined : this.#legs.get(legId)
    while (leg?.moving !== undefined) await leg.moving
    const seat = mixId === undefined ? (leg?.seat ?? this.#leastLoaded()) : this.#enterMix(mixId, undefined).seat
    this.#jobs.begin(id, seat, mixId)
    try {
      return await seat.engine.request(command)
    } catch (error) {
      this.#jobEnded(id)
      throw error
    }
  }

  #jobEnded(id: string): void {
    const mixId = this.#jobs.end(id)
    if (mixId !== undefined) this.#exitMix(mixId)
  }

  #enterMix(mixId: string, leg: Leg | undefined): Mix {
    const mix = this.#mixes.get(mixId) ?? { seat: this.#seatForNewMix(leg), members: 0 }
    this.#mixes.set(mixId, mix)
    mix.members += 1
    return mix
  }

  #exitMix(mixId: string): void {
    const mix = this.#mixes.get(mixId)
    if (mix === undefined) return
    mix.members -= 1
    if (mix.members === 0) this.#mixes.delete(mixId)
  }

  async #open(command: Extract<EngineCommand, { kind: 'openLeg' }>): Promise<LegPorts> {
    const home = command.near === undefined ? undefined : this.#mixes.get(command.near)?.seat
    const seat = home ?? this.#leastLoaded()
    seat.legs += 1
    try {
      const ports = await seat.engine.request(command)
      const nothing = { kept: new Map(), mixId: undefined, earlier: undefined, moving: undefined }
      this.#legs.set(command.legId, { seat, ports, ...nothing })
      return ports
    } catch (error) {
      seat.legs -= 1
      throw error
    }
  }

  async #join(leg: Leg, command: Extract<EngineCommand, { kind: 'join' }>): Promise<unknown> {
    this.#leaveMix(leg)
    const mix = this.#enterMix(command.mixId, leg)
    leg.mixId = command.mixId
    if (leg.seat !== mix.seat) {
      leg.moving = this.#move(command.legId, leg, mix.seat)
      await leg.moving
    }
    return leg.seat.engine.request(command)
  }

  /**
   * Opens the leg's ports on another seat and sets it up as it was. Whoever hears it finds a new source (RFC 3550 §8.1) that
   * goes on counting: phones whose jitter buffer minds the sequence number alone (baresip 1.0) take what counts lower for late.
   */
  async #move(legId: string, leg: Leg, to: Seat): Promise<void> {
    const from = leg.seat
    try {
      const { nextSequence, ...statistics } = await from.engine.request({ kind: 'closeLeg', legId })
      leg.earlier = withEarlier(leg, statistics)
      from.legs -= 1
      to.legs += 1
      leg.seat = to
      await to.engine.request({
        kind: 'openLeg',
        legId,
        rtpPort: leg.ports.rtpPort,
        ...(nextSequence !== undefined && { firstSequence: nextSequence }),
      })
      for (const command of leg.kept.values()) await to.engine.request(command)
    } finally {
      leg.moving = undefined
    }
  }

  #leaveMix(leg: Leg): void {
    if (leg.mixId !== undefined) this.#exitMix(leg.mixId)
    leg.mixId = undefined
  }

  #forget(legId: string, leg: Leg): void {
    this.#leaveMix(leg)
    this.#legs.delete(legId)
    leg.seat.legs -= 1
  }

  #leastLoaded(): Seat {
    return this.#seats.reduce((least, seat) => (seat.legs < least.legs ? seat : least))
  }

  /** Where its first leg is already, unless that worker has clearly more to do than another. */
  #seatForNewMix(leg: Leg | undefined): Seat {
    const least = this.#leastLoaded()
    return leg !== undefined && leg.seat.legs <= least.legs + 1 ? leg.seat : least
  }

  #noticed(seat: Seat, notice: EngineNotice): void {
    if (notice.kind === 'workerDied') this.#died(seat)
    const ended =
      notice.kind === 'recordingFinished' || notice.kind === 'recordingFailed' || notice.kind === 'playEnded'
    if (ended) this.#jobEnded(jobOf(notice) ?? '')
    this.#listeners.tell(notice)
  }

  /** Nothing of that worker is left; its conferences begin anew wherever their next leg is. */
  #died(seat: Seat): void {
    for (const [legId, leg] of this.#legs) if (leg.seat === seat) this.#forget(legId, leg)
    for (const [mixId, mix] of this.#mixes) if (mix.seat === seat) this.#mixes.delete(mixId)
    this.#jobs.forget(seat)
    seat.legs = 0
  }
}

/** Where it happens: at a mix, or else at a leg. */
function placeOf(command: Extract<AudioCommand, { kind: 'recordStart' | 'play' }>): { mixId?: string; legId?: string } {
  const place = command.kind === 'play' ? command.to : command
  return 'mixId' in place ? { mixId: place.mixId } : { legId: place.legId }
}

/** Totals over the seats of a leg; what is a state and not a count is the present one's. */
function withEarlier({ earlier }: Leg, now: LegStatistics): LegStatistics {
  if (earlier === undefined) return now
  return {
    ...now,
    packetsReceived: now.packetsReceived + earlier.packetsReceived,
    packetsSent: now.packetsSent + earlier.packetsSent,
    packetsLost: now.packetsLost + earlier.packetsLost,
    packetsLate: now.packetsLate + earlier.packetsLate,
    packetsDuplicate: now.packetsDuplicate + earlier.packetsDuplicate,
    packetsForeign: now.packetsForeign + earlier.packetsForeign,
    packetsMalformed: now.packetsMalformed + earlier.packetsMalformed,
    packetsUnauthentic: (now.packetsUnauthentic ?? 0) + (earlier.packetsUnauthentic ?? 0),
    packetsReplayed: (now.packetsReplayed ?? 0) + (earlier.packetsReplayed ?? 0),
    framesConcealed: (now.framesConcealed ?? 0) + (earlier.framesConcealed ?? 0),
    remoteLost: now.remoteLost + earlier.remoteLost,
  }
}
