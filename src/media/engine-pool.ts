// Engines side by side, one per worker. A mix lives whole in one engine, so a leg is opened in the engine that its mix is in.
// With one engine every place is the same; more of them differ in this file only.
import type { EngineNotice, MediaEngine } from './engine.ts'

export interface EnginePool {
  /** The engine that a leg bound for `mixId` is to be opened in; any will do when it is bound for none yet. */
  place(mixId?: string): MediaEngine
  /** Notices of all engines. */
  onNotice(listener: (notice: EngineNotice) => void): () => void
  close(): Promise<void>
}

export function createSingleEnginePool(engine: MediaEngine): EnginePool {
  return {
    place: () => engine,
    onNotice: (listener) => engine.onNotice(listener),
    close: () => engine.close(),
  }
}
