// The agent in its three shapes: a new row, what the API shows (the row without the password's hash), and its events.
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Change } from '../event/ledger.ts'
import { type Agent, permission } from '../schema/account.ts'
import type { AgentRow } from '../schema/rows.ts'

export function agentView(row: AgentRow): Agent {
  const { password_hash: _, ...agent } = row
  return agent
}

/** A row without a password: nobody can log in before `password_hash` is set. */
export function newAgentRow(customerId: string, username: string, now: string): AgentRow {
  return {
    id: newUuid(),
    customer_id: customerId,
    username,
    name: '',
    detail: '',
    ring_method: 'ringall',
    status: 'offline',
    permission: permission.customerAgent,
    tag_ids: [],
    addresses: [],
    direct_hash: '',
    password_hash: '',
    tm_create: now,
    tm_update: '',
    tm_delete: notDeleted,
  }
}

export function agentEvent(type: `agent_${string}`, row: AgentRow): Change {
  return { event: { type, customer_id: row.customer_id, conference_id: nilUuid, data: { ...agentView(row) } } }
}
