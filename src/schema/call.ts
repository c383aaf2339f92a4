// Call as the API shows it: one SIP dialog of ours with one phone, and the flow that it runs.
import Type, { type Static } from 'typebox'
import { Address, AddressInput } from './address.ts'
import { Lifetime, OptionalId, Timestamp, Uuid } from './common.ts'
import { Action } from './flow.ts'
import { Groupcall } from './groupcall.ts'

export const callStatuses = ['dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup'] as const
export type CallStatus = (typeof callStatuses)[number]

export const hangupReasons = [
  '',
  'normal',
  'failed',
  'busy',
  'cancel',
  'timeout',
  'noanswer',
  'dialout',
  'amd',
] as const

export const Call = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  owner_type: Type.String(),
  owner_id: Uuid,
  flow_id: Uuid,
  activeflow_id: Uuid,
  type: Type.Enum(['', 'flow', 'conference', 'sip-service']),
  master_call_id: Uuid,
  chained_call_ids: Type.Array(Uuid),
  recording_id: Uuid,
  recording_ids: Type.Array(Uuid),
  groupcall_id: Uuid,
  source: Address,
  destination: Address,
  status: Type.Enum([...callStatuses]),
  action: Action,
  metadata: Type.Record(Type.String(), Type.Unknown()),
  direction: Type.Enum(['incoming', 'outgoing']),
  mute_direction: Type.Enum(['', 'in', 'out', 'both']),
  hangup_by: Type.Enum(['', 'remote', 'local']),
  hangup_reason: Type.Enum([...hangupReasons]),
  tm_progressing: Timestamp,
  tm_ringing: Timestamp,
  tm_hangup: Timestamp,
  ...Lifetime,
})
export type Call = Static<typeof Call>

export const CallCreate = Type.Object({
  source: Type.Optional(AddressInput),
  destinations: Type.Array(AddressInput, { minItems: 1 }),
  flow_id: Type.Optional(OptionalId),
  actions: Type.Optional(Type.Array(Type.Unknown(), { description: 'used when no flow_id is given' })),
  anonymous: Type.Optional(Type.Unknown({ description: '`yes`, `no`, `auto` or empty' })),
  variables: Type.Optional(Type.Unknown({ description: 'flat object of strings' })),
})
export type CallCreate = Static<typeof CallCreate>

/** The new calls; the first one's fields stand beside them for clients that read a single call. */
export const CallCreated = Type.Object({
  calls: Type.Array(Call),
  groupcalls: Type.Array(Groupcall),
  ...Type.Partial(Call).properties,
})
export type CallCreated = Static<typeof CallCreated>
