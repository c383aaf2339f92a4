// Groupcall as the API shows it: several calls that ring for one answer.
import Type, { type Static } from 'typebox'
import { Address, AddressInput } from './address.ts'
import { Lifetime, OptionalId, Uuid } from './common.ts'

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

export const GroupcallCreate = Type.Object({
  source: Type.Optional(AddressInput),
  destinations: Type.Array(AddressInput, { minItems: 1 }),
  flow_id: Type.Optional(OptionalId),
  actions: Type.Optional(Type.Array(Type.Unknown(), { description: 'used when no flow_id is given' })),
  ring_method: Type.Optional(
    Type.Enum(['', 'ring_all', 'linear'], { description: 'an empty string means `ring_all`' }),
  ),
  answer_method: Type.Optional(
    Type.Enum(['hangup_others', ''], {
      description: 'what the first answer does to the others; `hangup_others` when absent, nothing when empty',
    }),
  ),
  anonymous: Type.Optional(Type.String({ description: '`yes`, `no`, `auto` or empty' })),
  variables: Type.Optional(Type.Unknown({ description: 'flat object of strings' })),
})
export type GroupcallCreate = Static<typeof GroupcallCreate>
