// Flows: the stored lists of actions. Those that a customer made have a direct hash; those that the server made for one
// call (not persistent) are seen only by their id.
import { UserError } from '../base/errors.ts'
import { madeOnce } from '../base/frozen.ts'
import { isUuid, newDirectHash, newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import { type Change, type Ledger, StaleRow } from '../event/ledger.ts'
import type { Action, Flow } from '../schema/flow.ts'
import type { DirectRow, FlowRow } from '../schema/rows.ts'
import { normalise } from './normalise.ts'
import type { PageQuery } from './page-query.ts'
import type { Registry } from './registry.ts'

export const maxFlowsPerCustomer = 10_000

/** How often a direct hash that is taken already is drawn again. */
const hashAttempts = 3

export interface FlowInput {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly detail?: string | undefined
  readonly actions?: unknown
  readonly on_complete_flow_id?: string | undefined
}

/** All methods throw UserError FLOW_NOT_FOUND for a flow that is missing, deleted or another customer's. */
export interface Flows {
  /** Throws INVALID_ACTION_TYPE, INVALID_ARGUMENT, ALREADY_EXISTS or LIMIT_REACHED. */
  create(customerId: string, input: FlowInput): Promise<Flow>
  /** A flow for one call: without direct hash and in no list. */
  createTemporary(
    customerId: string,
    actions: unknown,
    input?: Pick<FlowInput, 'name' | 'on_complete_flow_id'>,
  ): Promise<Flow>
  get(customerId: string, id: string): Promise<Flow>
  /** Newest first; the flows that the customer made. */
  list(customerId: string, query: PageQuery): Promise<Flow[]>
  /** Fields that are absent stay as they are. */
  update(customerId: string, id: string, patch: Omit<FlowInput, 'id'>): Promise<Flow>
  remove(customerId: string, id: string): Promise<Flow>
  /** The old hash stops resolving at once. */
  regenerateHash(customerId: string, id: string): Promise<Flow>
  /** @param path names the list in messages */
  normalise(actions: unknown, path?: string): Action[]
}

export function createFlows(options: { readonly ledger: Ledger; readonly registry: Registry }): Flows {
  const store = new FlowStore(options.ledger, options.registry)
  return {
    create: (customerId, input) => store.create(customerId, input),
    createTemporary: (customerId, actions, input) => store.createTemporary(customerId, { ...input, actions }),
    get: async (customerId, id) => shownFlow(await store.row(customerId, id)),
    list: (customerId, query) => store.list(customerId, query),
    update: (customerId, id, patch) => store.update(customerId, id, patch),
    remove: (customerId, id) => store.remove(customerId, id),
    regenerateHash: (customerId, id) => store.regenerateHash(customerId, id),
    normalise: (actions, path) => normalise(options.registry, actions, path),
  }
}

function shownFlow(row: FlowRow): Flow {
  const { persistent: _, ...shown } = row
  return shown
}

class FlowStore {
  readonly #ledger: Ledger
  readonly #registry: Registry
  readonly #shown = madeOnce(shownFlow)

  constructor(ledger: Ledger, registry: Registry) {
    this.#ledger = ledger
    this.#registry = registry
  }

  async row(customerId: string, id: string): Promise<FlowRow> {
    const row = await this.#ledger.get('flow', id.toLowerCase())
    if (!row || row.customer_id !== customerId || row.tm_delete !== notDeleted) throw notFound(id)
    return row
  }

  async create(customerId: string, input: FlowInput): Promise<Flow> {
    const row = { ...(await this.#newRow(customerId, input)), persistent: true }
    const taken = await this.#ledger.find('direct', {
      where: { customer_id: customerId, resource_type: 'flow' },
      limit: maxFlowsPerCustomer,
    })
    if (taken.length >= maxFlowsPerCustomer) {
      throw new UserError('LIMIT_REACHED', `a customer may have ${maxFlowsPerCustomer} flows; delete some`)
    }
    return this.#withHash((hash) => {
      const whole = { ...row, direct_hash: hash }
      return { row: whole, changes: [{ insert: 'flow', row: whole }, this.#directInsert(whole)] }
    })
  }

  async createTemporary(customerId: string, input: FlowInput): Promise<Flow> {
    const row = await this.#newRow(customerId, input)
    await this.#ledger.commit([{ insert: 'flow', row }])
    return shownFlow(row)
  }

  async list(customerId: string, query: PageQuery): Promise<Flow[]> {
    const where = { customer_id: customerId, type: 'flow', persistent: true } as const
    const rows = await this.#ledger.find('flow', { where, ...query })
    return rows.map(this.#shown)
  }

  async update(customerId: string, id: string, patch: Omit<FlowInput, 'id'>): Promise<Flow> {
    const old = await this.row(customerId, id)
    const set: Partial<FlowRow> = {
      ...(patch.name !== undefined && { name: patch.name }),
      ...(patch.detail !== undefined && { detail: patch.detail }),
      ...(isGiven(patch.actions) && { actions: normalise(this.#registry, patch.actions) }),
      ...(patch.on_complete_flow_id !== undefined && {
        on_complete_flow_id: await this.#onComplete(customerId, patch.on_complete_flow_id),
      }),
      tm_update: this.#ledger.timestamp(),
    }
    await this.#change(id, [{ update: 'flow', id: old.id, set, when: { tm_delete: notDeleted } }])
    return shownFlow({ ...old, ...set })
  }

  async remove(customerId: string, id: string): Promise<Flow> {
    const old = await this.row(customerId, id)
    const now = this.#ledger.timestamp()
    const set = { tm_update: now, tm_delete: now }
    const direct = await this.#direct(old)
    await this.#change(id, [
      { update: 'flow', id: old.id, set, when: { tm_delete: notDeleted } },
      ...direct.map((row): Change => ({ update: 'direct', id: row.id, set })),
    ])
    return shownFlow({ ...old, ...set })
  }

  async regenerateHash(customerId: string, id: string): Promise<Flow> {
    const old = await this.row(customerId, id)
    const [direct] = await this.#direct(old)
    return this.#withHash((hash) => {
      const tmUpdate = this.#ledger.timestamp()
      const row = { ...old, direct_hash: hash, tm_update: tmUpdate }
      const set = { direct_hash: hash, tm_update: tmUpdate }
      const hashChange: Change = direct
        ? { update: 'direct', id: direct.id, set: { hash, tm_update: tmUpdate } }
        : this.#directInsert(row)
      return { row, changes: [{ update: 'flow', id: row.id, set, when: { tm_delete: notDeleted } }, hashChange] }
    })
  }

  #direct(row: FlowRow): Promise<DirectRow[]> {
    return this.#ledger.find('direct', { where: { resource_type: 'flow', resource_id: row.id } })
  }

  async #newRow(customerId: string, input: FlowInput): Promise<FlowRow> {
    const { id = '', name = '', detail = '', actions = [] } = input
    if (id !== '' && !isUuid(id)) throw new UserError('INVALID_ARGUMENT', 'id must be a UUID')
    return {
      id: id === '' || id === nilUuid ? newUuid() : id.toLowerCase(),
      customer_id: customerId,
      type: 'flow',
      name,
      detail,
      actions: normalise(this.#registry, actions ?? []),
      direct_hash: '',
      on_complete_flow_id: await this.#onComplete(customerId, input.on_complete_flow_id ?? ''),
      persistent: false,
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
  }

  async #onComplete(customerId: string, id: string): Promise<string> {
    if (id === '' || id === nilUuid) return nilUuid
    const row = isUuid(id) ? await this.#ledger.get('flow', id.toLowerCase()) : undefined
    if (row?.customer_id === customerId && row.tm_delete === notDeleted) return row.id
    throw new UserError('INVALID_ARGUMENT', `on_complete_flow_id ${id} is not the id of one of your flows`)
  }

  #directInsert(flow: FlowRow): Change {
    const row: DirectRow = {
      id: newUuid(),
      customer_id: flow.customer_id,
      hash: flow.direct_hash,
      resource_type: 'flow',
      resource_id: flow.id,
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    return { insert: 'direct', row }
  }

  async #withHash(make: (hash: string) => { row: FlowRow; changes: Change[] }): Promise<Flow> {
    for (let attempt = 1; ; attempt += 1) {
      const { row, changes } = make(newDirectHash())
      try {
        await this.#change(row.id, changes)
        return shownFlow(row)
      } catch (error) {
        if (!isHashTaken(error) || attempt === hashAttempts) throw error
      }
    }
  }

  async #change(id: string, changes: readonly Change[]): Promise<void> {
    try {
      await this.#ledger.commit(changes)
    } catch (error) {
      throw error instanceof StaleRow ? notFound(id) : error
    }
  }
}

/** Some clients send null for what they leave alone. */
const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const isHashTaken = (error: unknown): boolean =>
  error instanceof UserError && error.code === 'ALREADY_EXISTS' && error.details.some(({ field }) => field === 'hash')

const notFound = (id: string): UserError => new UserError('FLOW_NOT_FOUND', `there is no flow ${id}`)
