// How many requests one customer may have under way: the rest wait in order, and beyond that they are refused.
import { UserError } from '../base/errors.ts'

export interface SlotLimits {
  /** At once, of one customer. */
  readonly running: number
  /** Behind them. */
  readonly waiting: number
}

interface Customer {
  running: number
  readonly waiting: (() => void)[]
}

export class CustomerSlots {
  readonly #limits: SlotLimits
  readonly #customers = new Map<string, Customer>()

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  /** Resolves with what gives the slot back, to be called once. Throws UserError RATE_LIMIT_EXCEEDED, or the signal's reason. */
  async take(customerId: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const customer = this.#customers.get(customerId) ?? { running: 0, waiting: [] }
    this.#customers.set(customerId, customer)
    if (customer.running < this.#limits.running) customer.running += 1
    else await this.#wait(customer, signal)
    return () => this.#give(customerId, customer)
  }

  async #wait(customer: Customer, signal: AbortSignal): Promise<void> {
    if (customer.waiting.length >= this.#limits.waiting) {
      const { running, waiting } = this.#limits
      throw new UserError(
        'RATE_LIMIT_EXCEEDED',
        `${running} requests are under way and ${waiting} wait; no more are taken`,
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = (): void => {
      const place = customer.waiting.indexOf(resolve)
      if (place >= 0) customer.waiting.splice(place, 1)
      reject(signal.reason)
    }
    customer.waiting.push(resolve)
    signal.addEventListener('abort', aborted, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', aborted)
    }
  }

  /** The slot goes to the next who waits, without being free in between. */
  #give(customerId: string, customer: Customer): void {
    const next = customer.waiting.shift()
    if (next) {
      next()
      return
    }
    customer.running -= 1
    if (customer.running === 0) this.#customers.delete(customerId)
  }
}
