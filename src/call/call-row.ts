// New call rows, and rows as the API and the event log show them.
import { frozen } from '../base/frozen.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { NewEvent } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { Call } from '../schema/call.ts'
import type { Action } from '../schema/flow.ts'
import type { CallRow } from '../schema/rows.ts'

export const noAction: Action = { id: nilUuid, next_id: nilUuid, type: '', option: {}, tm_execute: null }

export const address = (type: Address['type'], target: string, name = ''): Address => ({
  type,
  target,
  target_name: name,
  name: '',
  detail: '',
})

export interface NewCall {
  readonly id: string
  readonly customerId: string
  readonly direction: 'incoming' | 'outgoing'
  readonly source: Address
  readonly destination: Address
  readonly flowId: string
  readonly activeflowId: string
  /** The dialog's Call-ID; '' while an outgoing call has none. */
  readonly sipCallId: string
  readonly groupcallId?: string
  readonly masterCallId?: string
  /** tm_create, and for incoming calls tm_ringing. */
  readonly at: string
}

const noIds = frozen<string[]>([])
const noMetadata = frozen({})

/** A call at its very beginning: `ringing` when it comes in, `dialing` when it goes out. */
export function newCallRow(call: NewCall): CallRow {
  const incoming = call.direction === 'incoming'
  return {
    id: call.id,
    customer_id: call.customerId,
    owner_type: '',
    owner_id: nilUuid,
    flow_id: call.flowId,
    activeflow_id: call.activeflowId,
    type: 'flow',
    master_call_id: call.masterCallId ?? nilUuid,
    chained_call_ids: noIds,
    recording_id: nilUuid,
    recording_ids: noIds,
    groupcall_id: call.groupcallId ?? nilUuid,
    source: call.source,
    destination: call.destination,
    status: incoming ? 'ringing' : 'dialing',
    action: noAction,
    metadata: noMetadata,
    direction: call.direction,
    mute_direction: '',
    hangup_by: '',
    hangup_reason: '',
    tm_progressing: '',
    tm_ringing: incoming ? call.at : '',
    tm_hangup: '',
    tm_create: call.at,
    tm_update: '',
    tm_delete: notDeleted,
    sip_call_id: call.sipCallId,
    leg_id: newUuid(),
  }
}

export function showCall(row: CallRow): Call {
  const { sip_call_id: _dialog, leg_id: _leg, ...visible } = row
  return visible
}

/** `call_created`, `call_hangup`, … */
export const callEvent = (word: string, row: CallRow): NewEvent => ({
  type: `call_${word}`,
  customer_id: row.customer_id,
  conference_id: nilUuid,
  data: showCall(row),
})
