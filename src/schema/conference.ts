// Conference and conferencecall as the API shows them: both generations of fields at once (user_id and customer_id,
// pre_actions and pre_flow_id), so that clients of either age read what they expect.
import Type, { type Static } from 'typebox'
import { Lifetime, OptionalId, Timestamp, Uuid } from './common.ts'

export const conferenceTypes = ['conference', 'connect', 'queue'] as const
export const conferenceStatuses = ['starting', 'progressing', 'terminating', 'terminated'] as const
export const conferencecallStatuses = ['joining', 'joined', 'leaving', 'leaved'] as const

export type ConferenceStatus = (typeof conferenceStatuses)[number]
export type ConferencecallStatus = (typeof conferencecallStatuses)[number]

export const Conference = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  user_id: Type.Integer({ description: 'account number of the customer' }),
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

/** What may be changed later; absent keys stay unchanged. `pre_actions`/`post_actions` are older names of the flow ids. */
export const ConferencePatch = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  data: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'anything; `leave_key`, e.g. `"#"`, is a key by which a participant leaves',
    }),
  ),
  timeout: Type.Optional(Type.Integer({ minimum: 0, maximum: 2147483647, description: 'seconds; 0 = never' })),
  pre_flow_id: Type.Optional(OptionalId),
  post_flow_id: Type.Optional(OptionalId),
  pre_actions: Type.Optional(OptionalId),
  post_actions: Type.Optional(OptionalId),
})
export type ConferencePatch = Static<typeof ConferencePatch>

export const ConferenceCreate = Type.Object({
  id: Type.Optional(OptionalId),
  type: Type.Enum(['', ...conferenceTypes], { description: 'an empty string means `conference`' }),
  ...ConferencePatch.properties,
})
export type ConferenceCreate = Static<typeof ConferenceCreate>

export const Conferencecall = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  activeflow_id: Uuid,
  conference_id: Uuid,
  reference_type: Type.Enum(['call', 'line']),
  reference_id: Uuid,
  status: Type.Enum([...conferencecallStatuses]),
  reason: Type.String({
    description:
      'why it left: kicked, left, hangup, conference_ended, partner_left, failed, server_restarted; empty before',
  }),
  ...Lifetime,
})
export type Conferencecall = Static<typeof Conferencecall>
