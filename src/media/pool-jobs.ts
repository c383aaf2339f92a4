// Recordings and plays of a pool: on which seat each is, and which mix it keeps there while it lasts.
import type { AudioCommand, EngineNotice } from './engine.ts'

interface Job<Seat> {
  readonly seat: Seat
  readonly mixId: string | undefined
  /** Files of one recording begin one by one. */
  count: number
}

/** What a command or a notice is about: recordings and plays have names of their own. */
export function jobOf(about: AudioCommand | EngineNotice): string | undefined {
  if ('recordingId' in about) return `recording ${about.recordingId}`
  return 'playId' in about ? `play ${about.playId}` : undefined
}

export class PoolJobs<Seat> {
  readonly #jobs = new Map<string, Job<Seat>>()

  seat(id: string): Seat | undefined {
    return this.#jobs.get(id)?.seat
  }

  begin(id: string, seat: Seat, mixId: string | undefined): void {
    const job = this.#jobs.get(id) ?? { seat, mixId, count: 0 }
    job.count += 1
    this.#jobs.set(id, job)
  }

  /** One of its files ended; answers the mix that nothing of it keeps any more. */
  end(id: string): string | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    job.count -= 1
    if (job.count > 0) return undefined
    this.#jobs.delete(id)
    return job.mixId
  }

  forget(seat: Seat): void {
    for (const [id, job] of this.#jobs) if (job.seat === seat) this.#jobs.delete(id)
  }
}
