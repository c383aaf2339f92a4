// Who calls and what was dialled, as addresses of the API. P-Asserted-Identity (RFC 3325) counts only from those whom we trust.
import { address } from '../call/call-row.ts'
import type { Address } from '../schema/address.ts'
import { header, headers, type SipRequest } from '../sip/message.ts'
import { type NameAddr, parseNameAddr } from '../sip/name-addr.ts'
import { decodedUser, parseUri } from '../sip/uri.ts'
import { deliveredNumbers, looksDialled } from './e164.ts'

/** The user part of a URI, escapes resolved, with what follows its first colon: `agent:<id>` reads like a user and a password. */
export function dialledUser(uriText: string): string {
  const uri = parseUri(uriText)
  if (uri === undefined) return ''
  const user = decodedUser(uri) ?? ''
  return uri.password === undefined ? user : `${user}:${decodedUser({ ...uri, user: uri.password }) ?? ''}`
}

export interface Trust {
  /** Whether the far end asserts identities that it has checked: a trunk or a provider. */
  readonly trusted: boolean
}

/** The caller: `tel` when its user part is a telephone number, `sip` otherwise. */
export function callerAddress(request: SipRequest, { trusted }: Trust): Address {
  const from = parseNameAddr(header(request, 'From') ?? '')
  const party = (trusted ? asserted(request) : undefined) ?? from
  const uri = party?.uri ?? ''
  const user = dialledUser(uri)
  if (!looksDialled(user)) return address('sip', uri.replace(/^sips?:/i, ''), party?.displayName ?? '')
  const number = user.startsWith('+') ? (deliveredNumbers(user)[0] ?? user) : user
  return address('tel', number, party?.displayName ?? '')
}

/** The first identity that is a SIP or tel URI; none when the caller wants privacy (RFC 3323 §4.2, RFC 3325 §9.3). */
function asserted(request: SipRequest): NameAddr | undefined {
  const privacy = header(request, 'Privacy')?.toLowerCase() ?? ''
  if (/\b(?:id|user|header)\b/.test(privacy)) return undefined
  return headers(request, 'P-Asserted-Identity')
    .map((value) => parseNameAddr(value))
    .find((value) => value !== undefined && /^(?:sips?|tel):/i.test(value.uri))
}
