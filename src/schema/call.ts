// Call as the API shows it: one SIP dialog of ours with one phone, and the flow that it runs.
import Type, { type Static } from 'typebox'
import { Address } from './address.ts'
import { Lifetime, Timestamp, Uuid } from './common.ts'
import { Action } from './flow.ts'

export const callStatuses = ['dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup'] as const
export type CallStatus = (typeof callStatuses)[number]

export const hangupReasons = ['', 'normal', 'failed', 'busy', 'cancel', 'timeout', 'noanswer', 'dialout', 'amd'] as const

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
