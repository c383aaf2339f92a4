// Recording and playing in an engine: the commands for it, joined to the legs and mixes of its core. Files are written and decoded in a thread
// of their own; what crosses is memory that both sides share, so that no tick waits for a disk or an address.
import type { AudioCommand, EngineNotice, EngineReplies, LegCommand } from './engine.ts'
import type { Audience, EngineCore } from './engine-core.ts'
import { Players } from './playing/players.ts'
import type { FileThread } from './recording/file-thread.ts'
import { Recordings } from './recording/recordings.ts'

export interface EngineAudioSettings {
  readonly core: EngineCore
  readonly thread: FileThread
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly notify: (notice: EngineNotice) => void
}

/** Ticks between two looks at recordings that lose frames. */
const tendTicks = 50

type Handlers = {
  readonly [K in AudioCommand['kind']]: (command: Extract<AudioCommand, { kind: K }>) => Promise<EngineReplies[K]>
}

export class EngineAudio {
  readonly #core: EngineCore
  readonly #thread: FileThread
  readonly #recordings: Recordings
  readonly #players: Players
  #ticks = 0

  constructor({ core, thread, now, notify }: EngineAudioSettings) {
    this.#core = core
    this.#thread = thread
    this.#recordings = new Recordings({ thread, now, notify })
    this.#players = new Players({ thread, notify })
  }

  readonly #handlers: Handlers = {
    recordStart: async (command) => {
      const { legId, recordingId, path, format } = command
      const leg = legId === undefined ? undefined : this.#core.leg(legId)
      const side = 'side' in command ? command.side : undefined
      const track = leg && legId !== undefined ? { legId, member: leg, side } : undefined
      const mix = 'mixId' in command ? this.#core.mix(command.mixId) : leg?.side(command.side)
      if (mix) await this.#recordings.start({ recordingId, path, format, track }, mix)
    },
    recordStop: ({ recordingId }) => this.#recordings.stop(recordingId),
    play: async ({ playId, source, loop, gainDb, to }) => {
      const audience: Audience = 'mixId' in to ? this.#core.mix(to.mixId) : this.#core.leg(to.legId)
      await this.#players.start({ playId, source, loop, gainDb }, audience)
    },
    pausePlay: async ({ playId, paused }) => this.#players.pause(playId, paused) as undefined,
    stopPlay: async ({ playId }) => this.#players.stop(playId) as undefined,
  }

  handle<C extends AudioCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    const handler = this.#handlers[command.kind] as (command: AudioCommand) => Promise<EngineReplies[C['kind']]>
    return handler(command)
  }

  /** To be called before the core obeys: tracks of a mix end when their leg leaves it, all of a leg and what is played to it when it closes. */
  before(command: LegCommand): void {
    if (command.kind !== 'leave' && command.kind !== 'closeLeg' && command.kind !== 'join') return
    const leg = this.#core.leg(command.legId)
    this.#recordings.memberLeft(leg, { closes: command.kind === 'closeLeg' })
    if (command.kind === 'closeLeg') this.#players.audienceLeft(leg)
  }

  tick(): void {
    this.#ticks += 1
    if (this.#ticks % tendTicks === 0) this.#recordings.tend()
  }

  /** Resolves when every recording is on the disk. */
  async close(): Promise<void> {
    this.#players.close()
    await this.#recordings.close()
    await this.#thread.close()
  }
}
