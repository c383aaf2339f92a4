// Agents: the people of a customer, who log in with a user name that is unique over the whole server.
import { UserError } from '../base/errors.ts'
import { newDirectHash, newUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import { type Agent, type AgentCreate, type AgentPatch, permission } from '../schema/account.ts'
import { completeAddress } from '../schema/address.ts'
import type { AgentRow, DirectRow } from '../schema/rows.ts'
import { agentEvent, agentView, newAgentRow } from './agent-view.ts'
import { type Identity, requireReach } from './identity.ts'
import type { PageRequest } from './page-request.ts'
import { hashPassword } from './password.ts'

export interface AgentFilter {
  readonly status?: Agent['status']
  /** An agent is listed when it has any of them. */
  readonly tagIds?: readonly string[]
}

/** Every method acts within the identity's customer; an agent of another one is AGENT_NOT_FOUND. */
export interface AgentService {
  /** Throws ALREADY_EXISTS for a taken user name, PERMISSION_DENIED for permission bits beyond the caller's reach. */
  create(identity: Identity, input: AgentCreate): Promise<Agent>
  get(identity: Identity, id: string): Promise<Agent>
  list(identity: Identity, page: PageRequest & AgentFilter): Promise<Agent[]>
  /** A new password or permission ends or changes the tokens at once. Throws PERMISSION_DENIED as `create` does. */
  update(identity: Identity, id: string, patch: AgentPatch): Promise<Agent>
  remove(identity: Identity, id: string): Promise<Agent>
  regenerateHash(identity: Identity, id: string): Promise<Agent>
}

export function createAgentService(ledger: Ledger): AgentService {
  const own = async (identity: Identity, id: string): Promise<AgentRow> => {
    const row = await ledger.get('agent', id)
    if (row?.customer_id === identity.customerId && row.tm_delete === notDeleted) return row
    throw new UserError('AGENT_NOT_FOUND', `there is no agent ${id}`)
  }
  return {
    async create(identity, input) {
      const { password, addresses = [], ring_method, ...rest } = input
      requireReach(identity, input.permission ?? permission.customerAgent)
      const row: AgentRow = {
        ...newAgentRow(identity.customerId, input.username, ledger.timestamp()),
        ...rest,
        addresses: addresses.map(completeAddress),
        ring_method: ring_method || 'ringall',
        password_hash: await hashPassword(password),
      }
      await ledger.commit([{ insert: 'agent', row }, agentEvent('agent_created', row)])
      return agentView(row)
    },
    async get(identity, id) {
      return agentView(await own(identity, id))
    },
    list: (identity, page) => listAgents(ledger, identity.customerId, page),
    async update(identity, id, patch) {
      const row = await own(identity, id)
      if (patch.permission !== undefined || (patch.password !== undefined && id !== identity.id))
        requireReach(identity, row.permission)
      if (patch.permission !== undefined) {
        requireReach(identity, patch.permission)
        if (id === identity.id && (row.permission & ~patch.permission & permission.projectSuperAdmin) !== 0)
          throw new UserError('STATE_INVALID', 'a project super admin cannot step down: ask another one')
      }
      const set = { ...(await rowPatch(patch)), tm_update: ledger.timestamp() }
      const next = { ...row, ...set }
      const type = patch.status === undefined ? 'agent_updated' : 'agent_status_updated'
      await ledger.commit([{ update: 'agent', id, set }, agentEvent(type, next)])
      return agentView(next)
    },
    async remove(identity, id) {
      const row = await own(identity, id)
      if (id === identity.id) throw new UserError('STATE_INVALID', 'an agent cannot delete itself: ask another one')
      requireReach(identity, row.permission)
      const now = ledger.timestamp()
      const set = { tm_update: now, tm_delete: now }
      const direct = await directOf(ledger, id)
      const changes: Change[] = direct ? [{ update: 'direct', id: direct.id, set }] : []
      const next = { ...row, ...set }
      await ledger.commit([{ update: 'agent', id, set }, ...changes, agentEvent('agent_deleted', next)])
      return agentView(next)
    },
    async regenerateHash(identity, id) {
      return agentView(await newHash(ledger, await own(identity, id)))
    },
  }
}

/** Filters that the ledger does not know are applied while walking its pages, until this page is full. */
async function listAgents(ledger: Ledger, customerId: string, page: PageRequest & AgentFilter): Promise<Agent[]> {
  const { limit, tagIds } = page
  const where = { customer_id: customerId, ...(page.status === undefined ? {} : { status: page.status }) }
  const found: Agent[] = []
  let before = page.before
  while (found.length < limit) {
    const rows = await ledger.find('agent', { where, limit, ...(before === undefined ? {} : { before }) })
    const fitting = rows.filter((row) => tagIds === undefined || row.tag_ids.some((tag) => tagIds.includes(tag)))
    found.push(...fitting.map(agentView))
    before = rows.at(-1)?.tm_create
    if (rows.length < limit) break
  }
  return found.slice(0, limit)
}

async function rowPatch(patch: AgentPatch): Promise<Partial<AgentRow>> {
  const { password, addresses, ring_method, ...rest } = patch
  return {
    ...rest,
    ...(addresses === undefined ? {} : { addresses: addresses.map(completeAddress) }),
    ...(ring_method === undefined ? {} : { ring_method: ring_method || 'ringall' }),
    ...(password === undefined ? {} : { password_hash: await hashPassword(password) }),
  }
}

async function directOf(ledger: Ledger, agentId: string): Promise<DirectRow | undefined> {
  const rows = await ledger.find('direct', { where: { resource_type: 'agent', resource_id: agentId }, limit: 1 })
  return rows[0]
}

/** Three attempts, since the ledger refuses a hash that is in use. */
async function newHash(ledger: Ledger, row: AgentRow): Promise<AgentRow> {
  const old = await directOf(ledger, row.id)
  for (let attempt = 1; ; attempt += 1) {
    const now = ledger.timestamp()
    const hash = newDirectHash()
    const set = { direct_hash: hash, tm_update: now }
    const direct: Change = old
      ? { update: 'direct', id: old.id, set: { hash, tm_update: now } }
      : { insert: 'direct', row: newDirect(row, hash, now) }
    const next = { ...row, ...set }
    try {
      await ledger.commit([{ update: 'agent', id: row.id, set }, direct, agentEvent('agent_updated', next)])
      return next
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'ALREADY_EXISTS') || attempt === 3) throw error
    }
  }
}

const newDirect = (row: AgentRow, hash: string, now: string): DirectRow => ({
  id: newUuid(),
  customer_id: row.customer_id,
  hash,
  resource_type: 'agent',
  resource_id: row.id,
  tm_create: now,
  tm_update: '',
  tm_delete: notDeleted,
})
