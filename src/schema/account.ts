// Customer (the tenant), agent (a person who logs in) and access key (a program's credential) as the API shows them.
import Type, { type Static } from 'typebox'
import { Address } from './address.ts'
import { Lifetime, Timestamp, Uuid } from './common.ts'

/** Permission bits of an agent; an access key counts as customerAdmin of its customer. */
export const permission = {
  none: 0,
  projectSuperAdmin: 1,
  customerAgent: 16,
  customerAdmin: 32,
  customerManager: 64,
  all: 65535,
} as const

export const Customer = Type.Object({
  id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  email: Type.String(),
  phone_number: Type.String(),
  address: Type.String(),
  webhook_method: Type.Enum(['', 'POST', 'GET', 'PUT', 'DELETE']),
  webhook_uri: Type.String(),
  billing_account_id: Uuid,
  metadata: Type.Object({ rtp_debug: Type.Boolean() }),
  email_verified: Type.Boolean(),
  status: Type.Enum(['initial', 'active', 'frozen', 'deleted', 'expired']),
  identity_verification_status: Type.String(),
  tm_deletion_scheduled: Timestamp,
  ...Lifetime,
})
export type Customer = Static<typeof Customer>

export const Agent = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  username: Type.String(),
  name: Type.String(),
  detail: Type.String(),
  ring_method: Type.Enum(['ringall', 'linear']),
  status: Type.Enum(['available', 'away', 'busy', 'offline', 'ringing']),
  permission: Type.Integer(),
  tag_ids: Type.Array(Uuid),
  addresses: Type.Array(Address),
  direct_hash: Type.String(),
  ...Lifetime,
})
export type Agent = Static<typeof Agent>

export const Accesskey = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  token: Type.Optional(Type.String({ description: 'the key itself; only in the answer that creates it' })),
  token_prefix: Type.String(),
  tm_expire: Timestamp,
  ...Lifetime,
})
export type Accesskey = Static<typeof Accesskey>
