// The stored side of a running activeflow: what happens is gathered here and written to the ledger a moment later, so
// that a burst of actions costs one commit. The last commit, with status `ended`, is made at once.
import { frozen } from '../base/frozen.ts'
import { nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Clock, Timer } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { Action, Activeflow } from '../schema/flow.ts'
import type { ActiveflowRow } from '../schema/rows.ts'
import type { Variables } from './variables.ts'

/** How long changes are gathered before they are written. */
const gatherMs = 10

/** The newest executed actions that are kept, by count and by UTF-16 units of JSON text. */
export const historyLimits = { actions: 1000, size: 256 * 1024 } as const

/** The activeflow as the API shows it. */
export function shownActiveflow(row: ActiveflowRow): Activeflow {
  const { complete_count: _, ...shown } = row
  return shown
}

/** A change of an activeflow and the event that reports it. */
export function activeflowUpdate(row: ActiveflowRow, set: Partial<ActiveflowRow>): Change[] {
  return [
    { update: 'activeflow', id: row.id, set },
    { event: activeflowEvent('activeflow_updated', { ...row, ...set }) },
  ]
}

export function activeflowEvent(type: string, row: ActiveflowRow) {
  return { type, customer_id: row.customer_id, conference_id: nilUuid, data: shownActiveflow(row) }
}

export interface JournalPorts {
  readonly ledger: Ledger
  readonly clock: Pick<Clock, 'after'>
  readonly log: Log
}

export class Journal {
  readonly #ports: JournalPorts
  readonly #variables: Variables
  /** Frozen once it was asked for; its variables are those of then. */
  #row: ActiveflowRow
  /** Of the executed actions, in UTF-16 units of JSON text. */
  #size = 0
  #timer: Timer | undefined
  #dirty = false
  #closed = false

  /** @param row as it was inserted */
  constructor(ports: JournalPorts, row: ActiveflowRow, variables: Variables) {
    this.#ports = ports
    this.#row = row
    this.#variables = variables
  }

  /** As of now, which may be newer than what is stored; frozen. */
  get row(): ActiveflowRow {
    const variables = this.#variables.toObject()
    if (this.#row.variables !== variables || !Object.isFrozen(this.#row))
      this.#row = frozen({ ...this.#row, variables })
    return this.#row
  }

  get id(): string {
    return this.#row.id
  }

  get customerId(): string {
    return this.#row.customer_id
  }

  get referenceId(): string {
    return this.#row.reference_id
  }

  began(action: Action): void {
    this.#change({ current_action: action, forward_action_id: nilUuid })
  }

  ended(action: Action, forwardId: string): void {
    this.#change({ executed_actions: this.#executedWith(action), forward_action_id: forwardId })
  }

  /** With one more action, and without the oldest when they are too many. */
  #executedWith(action: Action): Action[] {
    const actions = this.#row.executed_actions.concat(action)
    this.#size += sizeOf(action)
    let first = 0
    while (actions.length - first > historyLimits.actions || this.#size > historyLimits.size) {
      const oldest = actions[first]
      this.#size -= oldest === undefined ? this.#size : sizeOf(oldest)
      first += 1
    }
    return first === 0 ? actions : actions.slice(first)
  }

  /** Writes the end; resolves when it is stored. Rejects when the ledger does. */
  async close(error: string): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#become({ status: 'ended', error, forward_action_id: nilUuid })
    await this.#write({ status: 'ended', error })
  }

  #change(patch: Partial<ActiveflowRow>): void {
    this.#become(patch)
    this.#dirty = true
    this.#schedule()
  }

  #become(patch: Partial<ActiveflowRow>): void {
    this.#row = { ...this.#row, ...patch }
  }

  #schedule(): void {
    if (!this.#dirty || this.#closed || this.#timer) return
    this.#timer = this.#ports.clock.after(gatherMs, () => {
      this.#flush().catch((error: unknown) => {
        this.#ports.log.error({ activeflow_id: this.#row.id, err: error }, 'progress of an activeflow was not stored')
      })
    })
  }

  /** One write at a time: what happens during it is gathered for the next. */
  async #flush(): Promise<void> {
    this.#dirty = false
    try {
      await this.#write({})
    } finally {
      this.#timer = undefined
      this.#schedule()
    }
  }

  async #write(more: Partial<ActiveflowRow>): Promise<void> {
    const tmUpdate = this.#ports.ledger.timestamp()
    this.#become({ tm_update: tmUpdate })
    const { current_action, forward_action_id, executed_actions, variables } = this.row
    const set = { current_action, forward_action_id, executed_actions, variables, tm_update: tmUpdate, ...more }
    await this.#ports.ledger.commit(activeflowUpdate(this.#row, set))
  }
}

const sizeOf = (action: Action): number => JSON.stringify(action).length
