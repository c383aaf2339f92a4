// Groupcall as the API shows it: several calls that ring for one answer.
import Type, { type Static } from 'typebox'
import { Address } from './address.ts'
import { Lifetime, Uuid } from './common.ts'

export const Groupcall = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  owner_type: Type.String(),
  owner_id: Uuid,
  status: Type.Enum(['progressing', 'hangingup', 'hangup']),
  flow_id: Uuid,
  source: Address,
  destinations: Type.Array(Address),
  master_call_id: Uuid,
  master_groupcall_id: Uuid,
  ring_method: Type.Enum(['ring_all', 'linear']),
  answer_method: Type.Enum(['hangup_others', '']),
  answer_call_id: Uuid,
  call_ids: Type.Array(Uuid),
  answer_groupcall_id: Uuid,
  groupcall_ids: Type.Array(Uuid),
  call_count: Type.Integer({ description: 'calls that have not ended' }),
  groupcall_count: Type.Integer(),
  dial_index: Type.Integer({ description: 'the destination that rings, with `linear`' }),
  ...Lifetime,
})
export type Groupcall = Static<typeof Groupcall>
