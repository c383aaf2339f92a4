// The 2xx of an INVITE, sent again until its ACK comes (RFC 3261 §13.3.1.4): T1, doubling up to T2, for 64·T1, over every transport.
import type { SipResponse } from './message.ts'
import { type Deadline, T1, T2, type TimerQueue, transactionLifetime } from './timers.ts'
import type { ServerTransaction } from './transaction-server-side.ts'

export interface SuccessOptions {
  readonly timers: TimerQueue
  readonly transaction: ServerTransaction
  readonly response: SipResponse
  /** 64·T1 are over without an ACK. */
  readonly gaveUp: () => void
}

export class SuccessRetransmission {
  readonly #options: SuccessOptions
  readonly #giveUp: Deadline
  #repeat: Deadline
  #interval = T1

  /** Sends at once. */
  constructor(options: SuccessOptions) {
    this.#options = options
    options.transaction.respond(options.response)
    this.#repeat = this.#later()
    this.#giveUp = options.timers.after(transactionLifetime, '2xx without ACK', () => {
      this.stop()
      options.gaveUp()
    })
  }

  stop(): void {
    this.#options.timers.cancel(this.#repeat)
    this.#options.timers.cancel(this.#giveUp)
  }

  #later(): Deadline {
    return this.#options.timers.after(this.#interval, '2xx retransmission', () => {
      this.#options.transaction.respond(this.#options.response)
      this.#interval = Math.min(2 * this.#interval, T2)
      this.#repeat = this.#later()
    })
  }
}
