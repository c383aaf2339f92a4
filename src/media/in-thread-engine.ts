// The media engine in the calling thread: core, ticker and packet I/O put together. The worker runs this; tests may, too.
import { Listeners } from '../base/listeners.ts'
import type { Clock } from '../base/time.ts'
import { frameMs } from '../dsp/frame.ts'
import { isAudioCommand } from './audio-command.ts'
import type { EngineCommand, EngineNotice, EngineOptions, EngineReplies, MediaEngine } from './engine.ts'
import { EngineAudio } from './engine-audio.ts'
import { EngineCore } from './engine-core.ts'
import type { PacketIo } from './packet-io.ts'
import { createDgramPacketIo } from './packet-io-dgram.ts'
import { createFileThread, type FileThread } from './recording/file-thread.ts'
import { threadClock } from './thread-clock.ts'
import { Ticker, type TickerLoad } from './ticker.ts'

export interface EngineLoad extends TickerLoad {
  readonly legs: number
  readonly mixes: number
}

/** What a test may replace. */
export interface EngineParts {
  readonly clock?: Clock
  readonly packetIo?: PacketIo
  readonly random?: () => number
  readonly files?: FileThread
}

export interface InThreadEngine extends MediaEngine {
  load(): EngineLoad
}

export function createInThreadEngine(options: EngineOptions, parts: EngineParts = {}): InThreadEngine {
  const clock = parts.clock ?? threadClock
  const random = parts.random ?? Math.random
  const { bindAddress, portMin, portMax, mediaTimeoutMs, opusRate } = options
  const packetIo = parts.packetIo ?? createDgramPacketIo({ bindAddress, portMin, portMax, clock, start: random() })
  const listeners = new Listeners<[notice: EngineNotice]>()
  const notify = (notice: EngineNotice): void => {
    listeners.tell(notice)
  }
  const core = new EngineCore({
    packetIo,
    clock,
    random,
    mediaTimeoutMs,
    opusRate,
    notify,
    wantTicks: (wanted) => {
      if (wanted) ticker.start()
      else ticker.stop()
    },
  })
  const audio = new EngineAudio({ core, thread: parts.files ?? createFileThread(), now: () => clock.now(), notify })
  const ticker = new Ticker({
    clock,
    intervalMs: frameMs,
    tick: (now) => {
      const began = clock.now()
      core.tick(now)
      audio.tick()
      core.effort.observe(clock.now() - began)
    },
    skip: (ticks) => core.skip(ticks),
  })
  return {
    async request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> {
      if (isAudioCommand(command)) return (await audio.handle(command)) as EngineReplies[C['kind']]
      audio.before(command)
      return (await core.handle(command)) as EngineReplies[C['kind']]
    },
    onNotice(listener) {
      return listeners.add(listener)
    },
    async close() {
      await audio.close()
      await core.close()
      ticker.stop()
    },
    load: () => ({ ...ticker.load, legs: core.legs, mixes: core.mixes }),
  }
}
