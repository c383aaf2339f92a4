// The media engine in the calling thread: core, ticker and packet I/O put together. The worker runs this; tests may, too.
import type { Clock } from '../base/time.ts'
import { frameMs } from '../dsp/frame.ts'
import type { EngineCommand, EngineNotice, EngineOptions, EngineReplies, MediaEngine } from './engine.ts'
import { EngineCore } from './engine-core.ts'
import type { PacketIo } from './packet-io.ts'
import { createDgramPacketIo } from './packet-io-dgram.ts'
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
}

export interface InThreadEngine extends MediaEngine {
  load(): EngineLoad
}

export function createInThreadEngine(options: EngineOptions, parts: EngineParts = {}): InThreadEngine {
  const clock = parts.clock ?? threadClock
  const random = parts.random ?? Math.random
  const { bindAddress, portMin, portMax, mediaTimeoutMs } = options
  const packetIo = parts.packetIo ?? createDgramPacketIo({ bindAddress, portMin, portMax, clock, start: random() })
  const listeners = new Set<(notice: EngineNotice) => void>()
  const core = new EngineCore({
    packetIo,
    clock,
    random,
    mediaTimeoutMs,
    notify: (notice) => {
      for (const listener of listeners) listener(notice)
    },
    wantTicks: (wanted) => {
      if (wanted) ticker.start()
      else ticker.stop()
    },
  })
  const ticker = new Ticker({
    clock,
    intervalMs: frameMs,
    tick: (now) => core.tick(now),
    skip: (ticks) => core.skip(ticks),
  })
  return {
    request: <C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> => core.handle(command),
    onNotice(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      await core.close()
      ticker.stop()
    },
    load: () => ({ ...ticker.load, legs: core.legs, mixes: core.mixes }),
  }
}
