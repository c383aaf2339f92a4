// Address: who a call comes from or goes to, in the one shape used everywhere in the API.
import Type, { type Static } from 'typebox'
import { isUuid } from '../base/ids.ts'

export const addressTypes = [
  '',
  'agent',
  'ai',
  'ai_team',
  'conference',
  'email',
  'extension',
  'line',
  'sip',
  'tel',
  'webchat',
  'web_session',
  'whatsapp',
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

/** An address as a caller writes it: everything may be left out, the type too where the target tells it. */
export const AddressInput = Type.Partial(Address)
export type AddressInput = Static<typeof AddressInput>

/** The full address; an empty type is read off the target: a UUID is an agent, `a@b` or `sip:…` is sip, digits are tel. */
export function completeAddress(input: AddressInput): Address {
  const target = input.target ?? ''
  return {
    type: input.type || typeOfTarget(target),
    target,
    target_name: input.target_name ?? '',
    name: input.name ?? '',
    detail: input.detail ?? '',
  }
}

function typeOfTarget(target: string): AddressType {
  if (isUuid(target)) return 'agent'
  if (target.includes('@') || /^sips?:/i.test(target)) return 'sip'
  return /^\+?\d/.test(target) ? 'tel' : ''
}
