// Work that many ask for and that is done once: they share its result, and it is cut short only when all of them went away.
import { untilAborted } from '../flow/wait.ts'

interface Flight<T> {
  readonly result: Promise<T>
  readonly abort: AbortController
  waiting: number
}

export class SharedWork<T> {
  readonly #flights = new Map<string, Flight<T>>()

  get size(): number {
    return this.#flights.size
  }

  /** The result of the work under this key, begun now if it is not under way. Rejects with the signal's reason when the signal aborts. */
  async run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const flight = this.#flights.get(key) ?? this.#start(key, work)
    flight.waiting += 1
    try {
      return await untilAborted(flight.result, signal)
    } finally {
      flight.waiting -= 1
      if (flight.waiting === 0) this.#abandon(key, flight)
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abort = new AbortController()
    const flight = { result: work(abort.signal), abort, waiting: 0 }
    this.#flights.set(key, flight)
    const over = (): void => this.#forget(key, flight)
    flight.result.then(over, over)
    return flight
  }

  /** Whoever asks from now on begins anew. */
  #abandon(key: string, flight: Flight<T>): void {
    this.#forget(key, flight)
    flight.abort.abort(new Error('nobody waits for it any more'))
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}
