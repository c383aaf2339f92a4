// Reliable provisional responses of a UAS (RFC 3262 §3): numbered, one at a time, sent again until their PRACK comes.
import { type Header, header, type SipRequest } from './message.ts'
import { type Deadline, T1, type TimerQueue, transactionLifetime } from './timers.ts'

export interface ReliableOptions {
  readonly timers: TimerQueue
  /** First RSeq, 1 to 2^31-1. */
  readonly first: number
  /** CSeq number of the INVITE. */
  readonly sequence: number
  /** 64·T1 are over without a PRACK. */
  readonly gaveUp: () => void
}

export interface ReliableProvisional {
  /** Sends the response with these headers added; called again for each retransmission. */
  readonly send: (headers: readonly Header[]) => void
  /** Its PRACK came. */
  readonly acknowledged: (prack: SipRequest) => void
}

export class ReliableProvisionals {
  readonly #options: ReliableOptions
  readonly #waiting: ReliableProvisional[] = []
  #current: { readonly number: number; readonly provisional: ReliableProvisional } | undefined
  #next: number
  #interval = T1
  #repeat: Deadline | undefined
  #giveUp: Deadline | undefined

  constructor(options: ReliableOptions) {
    this.#options = options
    this.#next = options.first
  }

  /** Whether some response is not acknowledged yet. */
  get pending(): boolean {
    return this.#current !== undefined || this.#waiting.length > 0
  }

  push(provisional: ReliableProvisional): void {
    this.#waiting.push(provisional)
    this.#advance()
  }

  /** Whether this PRACK acknowledges the response in flight; `accepted` must be called once it has been answered. */
  matches(prack: SipRequest): boolean {
    const [number, sequence, method] = (header(prack, 'RAck') ?? '').trim().split(/\s+/)
    return (
      this.#current !== undefined &&
      Number(number) === this.#current.number &&
      Number(sequence) === this.#options.sequence &&
      method === 'INVITE'
    )
  }

  accepted(prack: SipRequest): void {
    const done = this.#current?.provisional
    this.#cancel()
    this.#current = undefined
    done?.acknowledged(prack)
    this.#advance()
  }

  stop(): void {
    this.#cancel()
    this.#current = undefined
    this.#waiting.length = 0
  }

  #advance(): void {
    const provisional = this.#current === undefined ? this.#waiting.shift() : undefined
    if (provisional === undefined) return
    this.#current = { number: this.#next, provisional }
    this.#next += 1
    this.#interval = T1
    this.#send()
    this.#giveUp = this.#options.timers.after(transactionLifetime, 'provisional response without PRACK', () => {
      this.stop()
      this.#options.gaveUp()
    })
  }

  #send(): void {
    if (this.#current === undefined) return
    this.#current.provisional.send([
      { name: 'Require', value: '100rel' },
      { name: 'RSeq', value: String(this.#current.number) },
    ])
    this.#repeat = this.#options.timers.after(this.#interval, 'reliable provisional response', () => {
      this.#interval *= 2
      this.#send()
    })
  }

  #cancel(): void {
    this.#options.timers.cancel(this.#repeat)
    this.#options.timers.cancel(this.#giveUp)
  }
}
