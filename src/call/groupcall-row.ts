// New groupcall rows, and rows as the API and the event log show them.
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { NewEvent } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import type { GroupcallRow } from '../schema/rows.ts'

export interface NewGroupcall {
  readonly customerId: string
  readonly source: Address
  readonly destinations: readonly Address[]
  readonly flowId: string
  readonly masterCallId: string
  readonly masterGroupcallId: string
  readonly ringMethod: Groupcall['ring_method']
  readonly answerMethod: Groupcall['answer_method']
  readonly variables: Readonly<Record<string, string>>
  readonly anonymous: string
  /** tm_create. */
  readonly at: string
}

export function newGroupcallRow(group: NewGroupcall): GroupcallRow {
  return {
    id: newUuid(),
    customer_id: group.customerId,
    owner_type: '',
    owner_id: nilUuid,
    status: 'progressing',
    flow_id: group.flowId,
    source: group.source,
    destinations: [...group.destinations],
    master_call_id: group.masterCallId,
    master_groupcall_id: group.masterGroupcallId,
    ring_method: group.ringMethod,
    answer_method: group.answerMethod,
    answer_call_id: nilUuid,
    call_ids: [],
    answer_groupcall_id: nilUuid,
    groupcall_ids: [],
    call_count: 0,
    groupcall_count: 0,
    dial_index: 0,
    variables: { ...group.variables },
    anonymous: group.anonymous,
    tm_create: group.at,
    tm_update: '',
    tm_delete: notDeleted,
  }
}

export function showGroupcall(row: GroupcallRow): Groupcall {
  const { variables: _variables, anonymous: _anonymous, ...visible } = row
  return visible
}

export const groupcallEvent = (word: string, row: GroupcallRow): NewEvent => ({
  type: `groupcall_${word}`,
  customer_id: row.customer_id,
  conference_id: nilUuid,
  data: showGroupcall(row),
})
