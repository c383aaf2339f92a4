// A libopus state behind a promise: the package makes states asynchronously, legs are made synchronously. Once the module is loaded a state
// arrives within the same turn of the event loop, so that no tick or packet meets a codec without one.
import { Bug, OperationalError } from '../base/errors.ts'

interface Freed {
  free(): void
}

export class OpusHandle<Handle extends Freed> {
  readonly #make: () => Promise<Handle>
  #current: Handle | undefined
  #failure: unknown
  #state: 'opening' | 'open' | 'failed' | 'closed' = 'opening'
  /** Counts requests: only the newest one's state is kept. */
  #request = 0

  constructor(make: () => Promise<Handle>) {
    this.#make = make
    this.renew()
  }

  /** The state; absent only in the turn that made it. Throws OperationalError when there was no memory for one. */
  get current(): Handle | undefined {
    if (this.#state === 'closed') throw new Bug('an Opus codec was used after it was closed')
    if (this.#state === 'failed')
      throw new OperationalError('no memory for an Opus codec', { cause: this.#failure, retryable: true })
    return this.#current
  }

  /** Begins with a fresh state; the old one serves until it is there. */
  renew(): void {
    this.#request += 1
    void this.#open(this.#request)
  }

  /** Frees the state; a second time does nothing. */
  close(): void {
    this.#state = 'closed'
    this.#current?.free()
    this.#current = undefined
  }

  async #open(request: number): Promise<void> {
    try {
      const made = await this.#make()
      if (this.#state === 'closed' || request !== this.#request) {
        made.free()
        return
      }
      this.#current?.free()
      this.#current = made
      this.#state = 'open'
    } catch (error) {
      if (this.#state !== 'opening') return
      this.#state = 'failed'
      this.#failure = error
    }
  }
}
