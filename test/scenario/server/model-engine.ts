// A media engine that only keeps the books: which legs are open and in which mix. Misuse is an error, as in the real one.
import { Bug, OperationalError } from '../../../src/base/errors.ts'
import { isAudioCommand } from '../../../src/media/audio-command.ts'
import type {
  EngineCommand,
  EngineNotice,
  EngineReplies,
  LegStatistics,
  MediaEngine,
} from '../../../src/media/engine.ts'

const silence: LegStatistics = {
  packetsReceived: 0,
  packetsSent: 0,
  packetsLost: 0,
  packetsLate: 0,
  packetsDuplicate: 0,
  packetsForeign: 0,
  packetsMalformed: 0,
  jitterMs: 0,
  roundTripMs: -1,
  remoteLost: 0,
  framesConcealed: 0,
  bufferFrames: 0,
  bufferTarget: 1,
  levelIn: -127,
  levelOut: -127,
}

export class ModelEngine implements MediaEngine {
  /** Leg → mix; '' while in none. */
  readonly legs = new Map<string, string>()
  readonly configured = new Set<string>()
  /** Leg → RTP port. */
  readonly opened = new Map<string, number>()
  /** How many legs there are ports for. */
  ports = Number.POSITIVE_INFINITY
  #nextPort = 20_000
  readonly #listeners = new Set<(notice: EngineNotice) => void>()

  get inMixes(): number {
    return [...this.legs.values()].filter((mix) => mix !== '').length
  }

  notice(notice: EngineNotice): void {
    for (const listener of this.#listeners) listener(notice)
  }

  async request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    return this.#handle(command) as EngineReplies[C['kind']]
  }

  onNotice(listener: (notice: EngineNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.legs.clear()
  }

  #handle(command: EngineCommand): EngineReplies[EngineCommand['kind']] {
    if (command.kind === 'openLeg') {
      if (this.legs.has(command.legId)) throw new Bug(`leg ${command.legId} is open already`)
      if (this.legs.size >= this.ports) throw new OperationalError('no free port pair')
      this.legs.set(command.legId, '')
      this.#nextPort += 2
      const rtpPort = command.rtpPort ?? this.#nextPort
      this.opened.set(command.legId, rtpPort)
      return { address: '192.0.2.1', rtpPort, rtcpPort: rtpPort + 1 }
    }
    if (isAudioCommand(command)) throw new Bug('the model engine has no audio')
    if (!this.legs.has(command.legId)) throw new Bug(`no leg ${command.legId}`)
    switch (command.kind) {
      case 'configureLeg':
        this.configured.add(command.legId)
        return undefined
      case 'join':
        this.legs.set(command.legId, command.mixId)
        return undefined
      case 'leave':
        this.legs.set(command.legId, '')
        return undefined
      case 'closeLeg':
        this.legs.delete(command.legId)
        return silence
      case 'statistics':
        return silence
      default:
        return undefined
    }
  }
}
