// Recording as the API shows it. Its files are named in the row only.
import Type, { type Static } from 'typebox'
import { idOrNil, Lifetime, OptionalId, Timestamp, Uuid } from './common.ts'

export const Recording = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  owner_type: Type.String(),
  owner_id: Uuid,
  activeflow_id: Uuid,
  reference_type: Type.Enum(['call', 'confbridge']),
  reference_id: Uuid,
  status: Type.Enum(['initiating', 'recording', 'stopping', 'ended']),
  format: Type.Enum(['wav', 'ogg']),
  on_end_flow_id: Uuid,
  tm_start: Timestamp,
  tm_end: Timestamp,
  ...Lifetime,
})
export type Recording = Static<typeof Recording>

/** What may be said of a recording that is to start; all of it may be left out. */
export const ConferenceRecordingStart = Type.Object({
  format: Type.Optional(Type.Enum(['', 'wav', 'ogg'], { description: '`wav` when absent or empty' })),
  duration: Type.Optional(
    Type.Integer({ minimum: 0, description: 'seconds after which it ends; 0 = never; over 86400 becomes 86400' }),
  ),
  on_end_flow_id: Type.Optional(OptionalId),
})
export type ConferenceRecordingStart = Static<typeof ConferenceRecordingStart>

export const CallRecordingStart = Type.Object({
  ...ConferenceRecordingStart.properties,
  end_of_silence: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 86_400,
      description: 'seconds of silence of the phone that end it; 0 = never',
    }),
  ),
  end_of_key: Type.Optional(
    Type.String({
      pattern: '^(|none|any|[0-9A-Da-d*#]{1,16})$',
      description: '`none`, `any`, or keys of 0-9, A-D, * and #, each of which ends it',
    }),
  ),
})
export type CallRecordingStart = Static<typeof CallRecordingStart>

/** A start with everything filled in. */
export const completeStart = (body: CallRecordingStart) => ({
  format: body.format || ('wav' as const),
  duration: body.duration ?? 0,
  end_of_silence: body.end_of_silence ?? 0,
  end_of_key: body.end_of_key ?? '',
  on_end_flow_id: idOrNil(body.on_end_flow_id),
})

/** One finished file of a recording, relative to the recordings folder. */
export const RecordingFile = Type.Object({
  name: Type.String(),
  bytes: Type.Integer(),
  duration_ms: Type.Integer(),
  sha256: Type.String(),
})
export type RecordingFile = Static<typeof RecordingFile>
