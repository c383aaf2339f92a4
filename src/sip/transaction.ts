// A transaction: one machine of RFC 3261 §17 with its timers, its flow and its user. The user hears of something only after the
// machine has moved, so that it may answer at once.
import { type Step, step, type Table } from '../base/machine.ts'
import type { TransportFlow } from './flow.ts'
import type { Deadline, TimerQueue } from './timers.ts'
import type { TimerName } from './transaction-port.ts'

/** What the transactions need of the core. */
export interface TransactionHost {
  readonly timers: TimerQueue
  send(flow: TransportFlow, bytes: Uint8Array): void
  /** Called after each step, for the log. */
  stepped(transaction: TransactionName, event: string, step: Step<string>): void
}

export interface TransactionName {
  readonly type: 'invite client' | 'client' | 'invite server' | 'server'
  /** Key it is matched by. */
  readonly key: string
}

export interface Kinded {
  readonly kind: string
}

interface MachineOptions<State extends string, Event extends Kinded, Port, Indication> {
  readonly name: TransactionName
  readonly host: TransactionHost
  readonly table: Table<State, Event, Port>
  readonly initial: State
  readonly owner: MachineOwner<State, Indication>
}

export interface MachineOwner<State extends string, Indication> {
  tell(indication: Indication): void
  moved(state: State): void
}

/** Runs one table. `feed` may be called from `tell`. */
export class TransactionMachine<State extends string, Event extends Kinded, Port, Indication> {
  readonly #options: MachineOptions<State, Event, Port, Indication>
  /** What runs: one or two. */
  #timers: { readonly name: TimerName; readonly deadline: Deadline }[] = []
  #indications: Indication[] = []
  #state: State

  constructor(options: MachineOptions<State, Event, Port, Indication>) {
    this.#options = options
    this.#state = options.initial
  }

  get state(): State {
    return this.#state
  }

  feed(event: Event, port: Port): void {
    const { host, name, table, owner } = this.#options
    const taken = step(table, this.#state, event, port)
    this.#state = taken.to
    host.stepped(name, event.kind, taken)
    if (taken.from !== taken.to) owner.moved(taken.to)
    this.#deliver()
  }

  /** Keeps an indication until the step is over. */
  indicate(indication: Indication): void {
    this.#indications.push(indication)
  }

  start(name: TimerName, ms: number, fire: () => void): void {
    this.stop(name)
    const deadline = this.#options.host.timers.after(ms, `timer ${name}`, () => {
      this.stop(name)
      fire()
    })
    this.#timers = this.#timers.concat({ name, deadline })
  }

  stop(name: TimerName): void {
    const running = this.#timers.find((timer) => timer.name === name)
    if (running === undefined) return
    this.#options.host.timers.cancel(running.deadline)
    this.#timers = this.#timers.filter((timer) => timer !== running)
  }

  stopAll(): void {
    for (const { deadline } of this.#timers.splice(0)) this.#options.host.timers.cancel(deadline)
  }

  #deliver(): void {
    const indications = this.#indications
    if (indications.length === 0) return
    this.#indications = []
    for (const indication of indications) this.#options.owner.tell(indication)
  }
}

/** Whether a failure of `failed` concerns what goes by `flow`; an unopened connection matches any to the same place. */
export const sameFlow = (flow: TransportFlow, failed: TransportFlow): boolean =>
  flow.transport === failed.transport &&
  flow.remoteAddress === failed.remoteAddress &&
  flow.remotePort === failed.remotePort &&
  // A connection fails for the name that its certificate does not show, not for others at the same place.
  flow.remoteName === failed.remoteName &&
  (flow.connectionId === undefined || failed.connectionId === undefined || flow.connectionId === failed.connectionId)
