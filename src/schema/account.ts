// Customer (the tenant), agent (a person who logs in) and access key (a program's credential) as the API shows them.
import Type, { type Static } from 'typebox'
import { Address, AddressInput } from './address.ts'
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

/** A customer as it sees itself. */
export const CustomerSelf = Type.Object({ ...Customer.properties, webhook_secret: Type.String() })
export type CustomerSelf = Static<typeof CustomerSelf>

/** Body of create and update; absent keys of an update stay unchanged. */
export const CustomerPatch = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  phone_number: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  webhook_method: Type.Optional(Customer.properties.webhook_method),
  webhook_uri: Type.Optional(
    Type.String({ pattern: '^$|^https?://', description: 'an http or https address, or empty' }),
  ),
})
export type CustomerPatch = Static<typeof CustomerPatch>

export const CustomerCreate = Type.Object({
  ...CustomerPatch.properties,
  line_secret: Type.Optional(Type.String()),
  line_token: Type.Optional(Type.String()),
})

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

const Password = Type.String({ minLength: 8, maxLength: 256, description: '8 to 256 characters' })
const Permission = Type.Integer({ minimum: 0, maximum: 65535, description: 'sum of permission bits' })

/** Every single field of an agent that can be changed; each has a route of its own besides name, detail and ring_method. */
export const AgentFields = {
  name: Type.String(),
  detail: Type.String(),
  ring_method: Type.Enum(['', 'ringall', 'linear'], { description: 'an empty string means `ringall`' }),
  status: Agent.properties.status,
  permission: Permission,
  tag_ids: Type.Array(Uuid),
  addresses: Type.Array(AddressInput),
  password: Password,
} as const

export const AgentPatch = Type.Partial(Type.Object(AgentFields))
export type AgentPatch = Static<typeof AgentPatch>

export const AgentCreate = Type.Object({
  username: Type.String({ minLength: 1, maxLength: 255, description: '1 to 255 characters' }),
  password: Password,
  ...Type.Partial(Type.Omit(Type.Object(AgentFields), ['password', 'status'])).properties,
})
export type AgentCreate = Static<typeof AgentCreate>

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

export const AccesskeyPatch = Type.Object({ name: Type.Optional(Type.String()), detail: Type.Optional(Type.String()) })
export type AccesskeyPatch = Static<typeof AccesskeyPatch>

export const AccesskeyCreate = Type.Object({
  ...AccesskeyPatch.properties,
  expire: Type.Optional(
    Type.Integer({
      maximum: 3_153_600_000,
      description: 'seconds until it expires, at least 86400; a year when absent',
    }),
  ),
})
export type AccesskeyCreate = Static<typeof AccesskeyCreate>

export const Login = Type.Object({ username: Type.String(), password: Type.String() })
export const LoggedIn = Type.Object({ username: Type.String(), token: Type.String() })
export type LoggedIn = Static<typeof LoggedIn>

export const Delegation = Type.Object({ customer_id: Type.String(), reason: Type.String() })
export type Delegation = Static<typeof Delegation>
export const Delegated = Type.Object({ token: Type.String(), customer_id: Uuid, expire: Timestamp })
export type Delegated = Static<typeof Delegated>

export const Unregister = Type.Object({
  password: Type.Optional(Type.String({ description: 'of the agent that asks; or give confirmation_phrase' })),
  confirmation_phrase: Type.Optional(Type.String({ description: 'the word DELETE; or give password' })),
  immediate: Type.Optional(Type.Boolean({ description: 'delete at once instead of after 30 days' })),
})
export type Unregister = Static<typeof Unregister>
