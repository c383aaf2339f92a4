// Conference and conferencecall as the API shows them: both generations of fields at once (user_id and customer_id,
// pre_actions and pre_flow_id), so that clients of either age read what they expect.
import Type, { type Static } from 'typebox'
import { Lifetime, Timestamp, Uuid } from './common.ts'

export const conferenceTypes = ['conference', 'connect', 'queue'] as const
export const conferenceStatuses = ['starting', 'progressing', 'terminating', 'terminated'] as const
export const conferencecallStatuses = ['joining', 'joined', 'leaving', 'leaved'] as const

export type ConferenceStatus = (typeof conferenceStatuses)[number]
export type ConferencecallStatus = (typeof conferencecallStatuses)[number]

export const Conference = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  user_id: Type.Integer({ description: "account number of the customer" }),
  type: Type.Enum([...conferenceTypes]),
  status: Type.Enum([...conferenceStatuses]),
  name: Type.String(),
  detail: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown()),
  timeout: Type.Integer({ description: 'seconds until the conference is deleted; 0 = never; 1-59 becomes 86400' }),
  pre_flow_id: Uuid,
  post_flow_id: Uuid,
  pre_actions: Uuid,
  post_actions: Uuid,
  conferencecall_ids: Type.Array(Uuid, { description: 'participants that are joined now' }),
  recording_id: Uuid,
  recording_ids: Type.Array(Uuid),
  transcribe_id: Uuid,
  transcribe_ids: Type.Array(Uuid),
  direct_hash: Type.String({ description: 'dial `sip:direct.<hash>@host`' }),
  tm_end: Timestamp,
  ...Lifetime,
})
export type Conference = Static<typeof Conference>

export const Conferencecall = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  activeflow_id: Uuid,
  conference_id: Uuid,
  reference_type: Type.Enum(['call', 'line']),
  reference_id: Uuid,
  status: Type.Enum([...conferencecallStatuses]),
  ...Lifetime,
})
export type Conferencecall = Static<typeof Conferencecall>
