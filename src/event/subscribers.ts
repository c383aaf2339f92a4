// Subscribers of a ledger: every committed event reaches every listener in log order, also when a listener commits again
// or throws.
import type { StoredEvent } from './ledger.ts'

export type EventListener = (event: StoredEvent) => void

export class Subscribers {
  readonly #listeners = new Set<EventListener>()
  readonly #queue: StoredEvent[] = []
  readonly #onError: (error: unknown, event: StoredEvent) => void
  #delivering = false

  /** @param onError told of what a listener threw; the other listeners still get the event */
  constructor(onError: (error: unknown, event: StoredEvent) => void) {
    this.#onError = onError
  }

  /** Adds a listener for events delivered from now on; answers the unsubscriber. */
  add(listener: EventListener): () => void {
    const own: EventListener = (event) => listener(event)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  deliver(events: readonly StoredEvent[]): void {
    this.#queue.push(...events)
    if (this.#delivering) return
    this.#delivering = true
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) this.#deliverOne(event)
    this.#delivering = false
  }

  #deliverOne(event: StoredEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error, event)
      }
    }
  }
}
