// What a registered phone means by what it dials: a number, an address of a named type, or else an extension of its own customer.
import { address } from '../call/call-row.ts'
import type { Address, AddressType } from '../schema/address.ts'
import { parseE164 } from './e164.ts'

const prefixes: readonly AddressType[] = ['agent', 'conference', 'line', 'extension', 'sip', 'tel']

/** Undefined when nobody could be meant. @param user the user part of the request URI, escapes resolved */
export function phoneDestination(user: string): Address | undefined {
  const dialled = user.trim()
  const colon = dialled.indexOf(':')
  const prefix = dialled.slice(0, Math.max(colon, 0)).toLowerCase()
  const type = prefixes.find((known) => known === prefix)
  const rest = dialled.slice(colon + 1)
  if (type === 'tel' || (type === undefined && dialled.startsWith('+'))) {
    const number = parseE164(type === 'tel' ? rest : dialled)
    return number === undefined ? undefined : address('tel', number)
  }
  if (type === undefined) return dialled === '' ? undefined : address('extension', dialled)
  return rest === '' ? undefined : address(type, rest)
}
