// Complete rows for tests of ledgers: every field set, the interesting ones chosen by the caller.
import { randomUUID } from 'node:crypto'
import { notDeleted } from '../base/time.ts'
import type { Ledger, NewEvent } from '../event/ledger.ts'
import type { Rows } from '../schema/rows.ts'

export const nil = '00000000-0000-0000-0000-000000000000'

/** A live row's id and `tm_*`, stamped by the ledger. */
export function lifetime(ledger: Pick<Ledger, 'timestamp'>) {
  const now = ledger.timestamp()
  return { id: randomUUID(), tm_create: now, tm_update: now, tm_delete: notDeleted }
}

export function conferenceRow(ledger: Ledger, fields: Partial<Rows['conference']> = {}): Rows['conference'] {
  return {
    ...lifetime(ledger),
    customer_id: nil,
    type: 'conference',
    status: 'starting',
    name: 'weekly',
    detail: '',
    data: {},
    timeout: 0,
    pre_flow_id: nil,
    post_flow_id: nil,
    conferencecall_ids: [],
    recording_id: nil,
    recording_ids: [],
    transcribe_id: nil,
    transcribe_ids: [],
    direct_hash: '',
    tm_end: '',
    tm_timeout: '',
    ...fields,
  }
}

export function conferencecallRow(ledger: Ledger): Rows['conferencecall'] {
  return {
    ...lifetime(ledger),
    customer_id: nil,
    activeflow_id: nil,
    conference_id: nil,
    reference_type: 'call',
    reference_id: nil,
    status: 'joining',
    reason: '',
  }
}

export function agentRow(ledger: Ledger, fields: Partial<Rows['agent']> = {}): Rows['agent'] {
  return {
    ...lifetime(ledger),
    customer_id: nil,
    username: randomUUID(),
    password_hash: '',
    name: '',
    detail: '',
    ring_method: 'ringall',
    status: 'offline',
    permission: 0,
    tag_ids: [],
    addresses: [],
    direct_hash: '',
    ...fields,
  }
}

export function flowRow(ledger: Ledger, fields: Partial<Rows['flow']> = {}): Rows['flow'] {
  return {
    ...lifetime(ledger),
    customer_id: nil,
    type: 'flow',
    name: '',
    detail: '',
    actions: [],
    direct_hash: '',
    on_complete_flow_id: nil,
    persistent: true,
    ...fields,
  }
}

export function directRow(ledger: Ledger, hash: string, fields: Partial<Rows['direct']> = {}): Rows['direct'] {
  return { ...lifetime(ledger), customer_id: nil, hash, resource_type: 'conference', resource_id: nil, ...fields }
}

export function settingRow(ledger: Ledger, id: string, value: string): Rows['setting'] {
  return { ...lifetime(ledger), id, value }
}

/** An event of `conference_id` that carries `n`. */
export function event(fields: Partial<NewEvent> & { readonly n?: number } = {}): NewEvent {
  const { n = 0, ...rest } = fields
  return { type: 'conference_created', customer_id: nil, conference_id: nil, data: { n }, ...rest }
}
