// Who can be reached and how: extensions, trunks and numbers of a customer, providers and routes of the server.
import Type, { type Static } from 'typebox'
import { Lifetime, OptionalId, Page, Timestamp, Uuid } from './common.ts'

/** Of answers: there for clients that read the key, and always empty. */
const hiddenPassword = Type.String({ description: 'always empty: a password goes in and never comes out' })

const Password = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f]{6,128}$',
  description: '6 to 128 characters; it is never shown again',
})
/** Of updates: what a client read is what it may send back. */
const NewPassword = Type.String({
  pattern: '^$|^[^\\u0000-\\u001f\\u007f]{6,128}$',
  description: '6 to 128 characters, or an empty string for no change',
})

const Labels = { name: Type.Optional(Type.String()), detail: Type.Optional(Type.String()) }

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

export const ExtensionView = Type.Object({ ...Extension.properties, password: hiddenPassword })
export type ExtensionView = Static<typeof ExtensionView>

/** What may be changed later; the extension itself may not. */
export const ExtensionPatch = Type.Object({ ...Labels, password: Type.Optional(NewPassword) })
export type ExtensionPatch = Static<typeof ExtensionPatch>

export const ExtensionCreate = Type.Object({
  ...Labels,
  extension: Type.String({
    pattern: '^(?!direct\\.)[A-Za-z0-9*#][A-Za-z0-9*#._-]{0,63}$',
    description: '1 to 64 letters, digits, `*`, `#`, `.`, `_` or `-`, not beginning with `direct.`',
  }),
  password: Password,
})
export type ExtensionCreate = Static<typeof ExtensionCreate>

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

export const TrunkView = Type.Object({ ...Trunk.properties, password: hiddenPassword })
export type TrunkView = Static<typeof TrunkView>

/** What may be changed later; the domain name may not. */
export const TrunkPatch = Type.Object({
  ...Labels,
  auth_types: Type.Optional(Trunk.properties.auth_types),
  username: Type.Optional(
    Type.String({
      pattern: '^[^\\s"\\\\\\u0000-\\u001f]{0,128}$',
      description: 'at most 128 characters without blanks and quotes',
    }),
  ),
  password: Type.Optional(NewPassword),
  allowed_ips: Type.Optional(
    Type.Array(Type.String(), {
      maxItems: 100,
      description: 'at most 100 addresses or networks such as `192.0.2.0/28`',
    }),
  ),
})
export type TrunkPatch = Static<typeof TrunkPatch>

export const TrunkCreate = Type.Object({
  ...TrunkPatch.properties,
  domain_name: Type.String({
    pattern: '^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$',
    description: 'one DNS label: 1 to 63 letters, digits and hyphens',
  }),
})
export type TrunkCreate = Static<typeof TrunkCreate>

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

/** The two flows of a number. */
export const NumberFlows = Type.Object({
  call_flow_id: Type.Optional(OptionalId),
  message_flow_id: Type.Optional(OptionalId),
})
export type NumberFlows = Static<typeof NumberFlows>

/** What may be changed later; the number itself may not. */
export const NumberPatch = Type.Object({ ...Labels, ...NumberFlows.properties })
export type NumberPatch = Static<typeof NumberPatch>

export const NumberCreate = Type.Object({
  ...NumberPatch.properties,
  number: Type.String({ description: 'E.164 with its plus; `+899` and nine digits for a virtual one' }),
  type: Type.Optional(
    Type.Enum(['', 'normal', 'virtual'], { description: 'an empty string means: read it off the number' }),
  ),
})
export type NumberCreate = Static<typeof NumberCreate>

export const NumberMetadata = Type.Object({ rtp_debug: Type.Boolean() })

export const NumberRenewal = Type.Object({ tm_renew: Type.Optional(Type.String({ description: 'a timestamp' })) })

/** A number that nobody has yet. */
export const AvailableNumber = Type.Object({
  number: Type.String(),
  type: PhoneNumber.properties.type,
  country: Type.String(),
  region: Type.String(),
  postal_code: Type.String(),
  features: Type.Array(Type.String()),
})
export type AvailableNumber = Static<typeof AvailableNumber>
export const AvailableNumbers = Page(AvailableNumber)

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

const Affix = Type.String({
  pattern: "^[A-Za-z0-9\\-_.!~*'()&=+$,;?/#]{0,64}$",
  description: 'at most 64 characters that may stand in the user part of a SIP URI',
})

export const ProviderPatch = Type.Object({
  ...Labels,
  type: Type.Optional(Type.Enum(['', 'sip'], { description: 'an empty string means `sip`' })),
  hostname: Type.Optional(
    Type.String({ description: 'host or address, with `:port` and `;transport=tcp` or `tls` where needed' }),
  ),
  tech_prefix: Type.Optional(Affix),
  tech_postfix: Type.Optional(Affix),
  tech_headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  codecs: Type.Optional(Type.String({ maxLength: 256, description: 'at most 256 characters' })),
})
export type ProviderPatch = Static<typeof ProviderPatch>

export const ProviderCreate = Type.Object({ ...ProviderPatch.properties, hostname: Type.String() })
export type ProviderCreate = Static<typeof ProviderCreate>

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

const Target = Type.String({
  pattern: '^(?:all|\\+[1-9][0-9]{0,6})$',
  description: '`all`, or `+` and a country code, with an area code where one matters',
})
const Priority = Type.Integer({
  minimum: 0,
  maximum: 1_000_000,
  description: '0 to 1000000; the lowest is tried first',
})

/** What may be changed later; the customer may not. */
export const DialRoutePatch = Type.Object({
  ...Labels,
  provider_id: Type.Optional(Uuid),
  priority: Type.Optional(Priority),
  target: Type.Optional(Target),
})
export type DialRoutePatch = Static<typeof DialRoutePatch>

export const DialRouteCreate = Type.Object({
  ...DialRoutePatch.properties,
  customer_id: Type.Optional(
    Type.String({ description: 'whose calls; the first customer, whose routes are for everybody, when empty' }),
  ),
  provider_id: Uuid,
  target: Target,
})
export type DialRouteCreate = Static<typeof DialRouteCreate>
