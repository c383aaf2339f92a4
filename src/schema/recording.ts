// Recording as the API shows it. Its files are named in the row only.
import Type, { type Static } from 'typebox'
import { Lifetime, Timestamp, Uuid } from './common.ts'

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

/** One finished file of a recording, relative to the recordings folder. */
export const RecordingFile = Type.Object({
  name: Type.String(),
  bytes: Type.Integer(),
  duration_ms: Type.Integer(),
  sha256: Type.String(),
})
export type RecordingFile = Static<typeof RecordingFile>
