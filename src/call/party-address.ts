// The parties of an INVITE as the API shows them.
import type { Address } from '../schema/address.ts'
import { header, type SipRequest } from '../sip/message.ts'
import { parseNameAddr } from '../sip/name-addr.ts'
import { address } from './call-row.ts'

/** The address in From or To as the API shows it. */
export function partyAddress(request: SipRequest, name: 'From' | 'To'): Address {
  const parsed = parseNameAddr(header(request, name) ?? '')
  return address('sip', (parsed?.uri ?? '').replace(/^sips?:/i, ''), parsed?.displayName ?? '')
}

/** What was dialled, as it stands in the request URI. */
export const dialledAddress = (request: SipRequest): Address => address('sip', request.uri.replace(/^sips?:/i, ''))
