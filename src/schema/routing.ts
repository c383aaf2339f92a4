// Who can be reached and how: extensions, trunks and numbers of a customer, providers and routes of the server.
import Type, { type Static } from 'typebox'
import { Lifetime, Timestamp, Uuid } from './common.ts'

/** A phone's account: registers as `<extension>@<customer id>.registrar.<base>`. The password never leaves the server. */
export const Extension = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  extension: Type.String(),
  domain_name: Type.String(),
  username: Type.String(),
  direct_hash: Type.String(),
  ...Lifetime,
})
export type Extension = Static<typeof Extension>

/** Another exchange that calls in: known by digest (`basic`), by source address (`ip`), or both. */
export const Trunk = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  domain_name: Type.String(),
  auth_types: Type.Array(Type.Enum(['basic', 'ip'])),
  username: Type.String(),
  allowed_ips: Type.Array(Type.String()),
  ...Lifetime,
})
export type Trunk = Static<typeof Trunk>

/** A telephone number and the flow that answers it. */
export const PhoneNumber = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  number: Type.String({ description: 'E.164 with its plus; `+899` and nine digits for a virtual one' }),
  type: Type.Enum(['normal', 'virtual']),
  call_flow_id: Uuid,
  message_flow_id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  status: Type.Enum(['', 'active', 'deleted']),
  t38_enabled: Type.Boolean(),
  emergency_enabled: Type.Boolean(),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  tm_purchase: Timestamp,
  tm_renew: Timestamp,
  ...Lifetime,
})
export type PhoneNumber = Static<typeof PhoneNumber>

export const healthStatuses = ['unknown', 'healthy', 'unhealthy'] as const

/** A carrier that takes calls to telephone numbers. */
export const Provider = Type.Object({
  id: Uuid,
  type: Type.Enum(['sip']),
  hostname: Type.String(),
  tech_prefix: Type.String(),
  tech_postfix: Type.String(),
  tech_headers: Type.Record(Type.String(), Type.String()),
  name: Type.String(),
  detail: Type.String(),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  codecs: Type.String(),
  health_status: Type.Enum([...healthStatuses]),
  health_checked_at: Timestamp,
  ...Lifetime,
})
export type Provider = Static<typeof Provider>

/** Which provider takes a customer's calls to a country; the lowest priority number is tried first. */
export const DialRoute = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  provider_id: Uuid,
  priority: Type.Integer(),
  target: Type.String({ description: '`all`, or `+` and a country code' }),
  ...Lifetime,
})
export type DialRoute = Static<typeof DialRoute>
