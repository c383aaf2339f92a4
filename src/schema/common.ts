// Pieces that every resource shares: ids, timestamps, the paging envelope and the error envelope.
import Type, { type Static, type TSchema } from 'typebox'

export const Uuid = Type.String({
  format: 'uuid',
  description: 'UUID; 00000000-0000-0000-0000-000000000000 means none',
})

export const Timestamp = Type.String({
  description:
    'UTC, `YYYY-MM-DD HH:MM:SS.ffffff`; empty while unset; `9999-01-01 00:00:00.000000` in tm_delete means not deleted',
})

/** An id that may be left out: a UUID, or an empty string for none. */
export const OptionalId = Type.String({
  pattern: '^$|^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
  description: 'a UUID, or an empty string for none',
})

/** The id meant by an OptionalId field; the nil UUID when it is absent or empty. */
export const idOrNil = (id: string | undefined): string =>
  id === undefined || id === '' ? '00000000-0000-0000-0000-000000000000' : id.toLowerCase()

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

/** What every list accepts. */
export const PageQuery = Type.Object({
  page_size: Type.Optional(Type.Integer({ description: 'items per page; 100 when absent, 0 or less, or over 100' })),
  page_token: Type.Optional(Type.String({ description: 'next_page_token of the page before' })),
})
export type PageQuery = Static<typeof PageQuery>

/** A page of `item`, newest first; walk until `result` is empty. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ result: Type.Array(item), next_page_token: Type.String() })
