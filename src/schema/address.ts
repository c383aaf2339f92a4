// Address: who a call comes from or goes to, in the one shape used everywhere in the API.
import Type, { type Static } from 'typebox'

export const addressTypes = [
  '', 'agent', 'ai', 'ai_team', 'conference', 'email', 'extension', 'line', 'sip', 'tel', 'webchat', 'web_session', 'whatsapp',
] as const

export type AddressType = (typeof addressTypes)[number]

export const Address = Type.Object({
  type: Type.Enum([...addressTypes]),
  target: Type.String(),
  target_name: Type.String(),
  name: Type.String(),
  detail: Type.String(),
})
export type Address = Static<typeof Address>
