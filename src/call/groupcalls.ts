// Groupcalls as a service: several destinations that ring for one answer. Create, read, hang up.
import type { HangupReason } from '../base/errors.ts'
import { UserError } from '../base/errors.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { Action } from '../schema/flow.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import type { GroupcallRow } from '../schema/rows.ts'
import { groupcallEvent, showGroupcall } from './groupcall-row.ts'
import type { LiveGroupcall } from './live-groupcall.ts'
import type { Outgoing } from './outgoing.ts'
import { ringAll } from './ringing.ts'

export interface GroupcallInput {
  readonly source: Address
  readonly destinations: readonly Address[]
  /** Wins over actions; '' or nil when actions are given. */
  readonly flow_id: string
  readonly actions: readonly Action[]
  readonly variables: Readonly<Record<string, string>>
  readonly ring_method: Groupcall['ring_method']
  readonly answer_method: Groupcall['answer_method']
  /** `yes`, `no`, `auto` or ''. */
  readonly anonymous: string
}

export interface Paging {
  readonly before?: string
  readonly limit: number
}

/** The groupcalls of which something rings or speaks. */
export class LiveGroupcalls {
  readonly #live = new Map<string, LiveGroupcall>()

  add(groupcall: LiveGroupcall): void {
    this.#live.set(groupcall.id, groupcall)
  }

  delete(groupcall: LiveGroupcall): void {
    this.#live.delete(groupcall.id)
  }

  get(id: string): LiveGroupcall | undefined {
    return this.#live.get(id)
  }

  async hangup(reason: HangupReason, chosen: (row: GroupcallRow) => boolean = () => true): Promise<void> {
    const some = [...this.#live.values()].filter(({ row }) => chosen(row))
    await Promise.all(some.map((groupcall) => groupcall.hangup(reason)))
  }
}

export interface GroupcallsOptions {
  readonly ledger: Ledger
  readonly outgoing: Outgoing
  readonly live: LiveGroupcalls
}

/** Every method with an id throws UserError GROUPCALL_NOT_FOUND for one that is missing, deleted or another customer's. */
export class Groupcalls {
  readonly #options: GroupcallsOptions

  constructor(options: GroupcallsOptions) {
    this.#options = options
  }

  /** Throws UserError naming the destination that cannot be called; then none is. */
  async create(customerId: string, input: GroupcallInput): Promise<Groupcall> {
    const { outgoing } = this.#options
    const plans = await outgoing.planner.plan(customerId, input.destinations)
    const flowId = await outgoing.flow(customerId, input.flow_id, input.actions)
    const { source, variables, anonymous, ring_method: ringMethod, answer_method: answerMethod } = input
    const dial = { customerId, source, variables, anonymous, flowId, early: false }
    const groupcall = outgoing.group(plans, dial, { ringMethod, answerMethod })
    await ringAll([groupcall])
    return showGroupcall(groupcall.row)
  }

  async get(customerId: string, id: string): Promise<Groupcall> {
    return showGroupcall(await this.#own(customerId, id))
  }

  async list(customerId: string, page: Paging): Promise<Groupcall[]> {
    const rows = await this.#options.ledger.find('groupcall', { where: { customer_id: customerId }, ...page })
    return rows.map(showGroupcall)
  }

  /** Hangs up all that rings or speaks; one that is over is answered as it is. */
  async hangup(customerId: string, id: string): Promise<Groupcall> {
    const row = await this.#own(customerId, id)
    await this.#options.live.get(row.id)?.hangup('normal')
    return this.get(customerId, id)
  }

  /** Hangs up if need be, then deletes. */
  async remove(customerId: string, id: string): Promise<Groupcall> {
    await this.hangup(customerId, id)
    const { ledger } = this.#options
    const at = ledger.timestamp()
    const set = { tm_delete: at, tm_update: at }
    const row = { ...(await this.#own(customerId, id)), ...set }
    await ledger.commit([{ update: 'groupcall', id: row.id, set }, { event: groupcallEvent('deleted', row) }])
    return showGroupcall(row)
  }

  /** Closes the groupcalls that a dead process left open. */
  async recover(): Promise<void> {
    const { ledger } = this.#options
    for (const status of ['progressing', 'hangingup'] as const) {
      for (const row of await ledger.find('groupcall', { where: { status }, deleted: true })) {
        const tm_update = ledger.timestamp()
        const set = { status: 'hangup', call_count: 0, groupcall_count: 0, tm_update } as const
        await ledger.commit([
          { update: 'groupcall', id: row.id, set },
          { event: groupcallEvent('hangup', { ...row, ...set }) },
        ])
      }
    }
  }

  async #own(customerId: string, id: string): Promise<GroupcallRow> {
    const { ledger, live } = this.#options
    const row = await ledger.get('groupcall', id)
    if (row === undefined || row.customer_id !== customerId || row.tm_delete !== notDeleted)
      throw new UserError('GROUPCALL_NOT_FOUND', `groupcall ${id} does not exist`)
    return live.get(id)?.row ?? row
  }
}
