// Pieces that every resource shares: ids, timestamps, the paging envelope and the error envelope.
import Type, { type Static, type TSchema } from 'typebox'

export const Uuid = Type.String({
  format: 'uuid',
  description: 'UUID; 00000000-0000-0000-0000-000000000000 means none',
})

export const Timestamp = Type.String({
  description: 'UTC, `YYYY-MM-DD HH:MM:SS.ffffff`; empty while unset; `9999-01-01 00:00:00.000000` in tm_delete means not deleted',
})

export const Lifetime = { tm_create: Timestamp, tm_update: Timestamp, tm_delete: Timestamp }

export const ErrorEnvelope = Type.Object({
  error: Type.Object({
    status: Type.String(),
    reason: Type.String(),
    message: Type.String(),
    request_id: Type.String(),
    details: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
  }),
  message: Type.String(),
})
export type ErrorEnvelope = Static<typeof ErrorEnvelope>

/** A page of `item`, newest first; walk until `result` is empty. */
export const Page = <T extends TSchema>(item: T) => Type.Object({ result: Type.Array(item), next_page_token: Type.String() })
