// Who calls, as the signalling has it: P-Asserted-Identity and Privacy (RFC 3325, RFC 3323), Remote-Party-ID as older providers send it,
// and From (RFC 3261 §20.20).
import { splitOutsideQuotes } from './grammar.ts'
import { header, headers, type SipRequest } from './message.ts'
import { type NameAddr, parseNameAddr } from './name-addr.ts'
import { decodedUser, parseUri } from './uri.ts'

export interface CallerIdentity {
  /** URI of the header that `source` names; empty when none could be read. */
  readonly uri: string
  /** Empty when there is none. */
  readonly displayName: string
  /** User part or number, escapes resolved; empty for a URI without one. */
  readonly user: string
  readonly source: 'P-Asserted-Identity' | 'Remote-Party-ID' | 'From'
  /** The caller asks that nobody beyond us is shown who calls (`Privacy: id`, `user` or `header`, or `privacy=` of Remote-Party-ID). */
  readonly restricted: boolean
}

/**
 * Identity of a request. P-Asserted-Identity and Remote-Party-ID count only when `trusted`: anybody can write them, and they mean
 * something from peers of the same trust domain alone (RFC 3325 §5), such as a provider's trunk. Of several a `sip:` one comes first.
 */
export function identityOf(request: SipRequest, { trusted }: { readonly trusted: boolean }): CallerIdentity {
  const from = parseNameAddr(header(request, 'From') ?? '')
  const asserted = trusted ? headers(request, 'P-Asserted-Identity').map(parseNameAddr).filter(isReadable) : []
  const party = trusted ? callingParty(request) : undefined
  const best = asserted.find(({ uri }) => /^sips?:/i.test(uri)) ?? asserted[0]
  const source = best !== undefined ? 'P-Asserted-Identity' : party !== undefined ? 'Remote-Party-ID' : 'From'
  const shown = best ?? party ?? from
  const uri = shown && parseUri(shown.uri)
  return {
    uri: shown?.uri ?? '',
    displayName: shown?.displayName ?? '',
    user: (uri && decodedUser(uri)) ?? '',
    source,
    restricted: asksForPrivacy(request) || hides(party) || isAnonymous(from),
  }
}

/** Values of Privacy in lower case (RFC 3323 §4.2). */
export const privacyOf = (request: SipRequest): string[] =>
  headers(request, 'Privacy')
    .flatMap((value) => value.split(/[;,]/))
    .map((value) => value.trim().toLowerCase())
    .filter((value) => value !== '')

const isReadable = (value: NameAddr | undefined): value is NameAddr =>
  value !== undefined && parseUri(value.uri) !== undefined

function callingParty(request: SipRequest): NameAddr | undefined {
  return headers(request, 'Remote-Party-ID')
    .flatMap((value) => splitOutsideQuotes(value, ',', { brackets: true }) ?? [])
    .map(parseNameAddr)
    .filter(isReadable)
    .find(({ params }) => (params.get('party') ?? 'calling').toLowerCase() === 'calling')
}

const asksForPrivacy = (request: SipRequest): boolean => {
  const asked = privacyOf(request)
  return !asked.includes('none') && ['id', 'user', 'header'].some((value) => asked.includes(value))
}

const hides = (party: NameAddr | undefined): boolean => {
  const privacy = party?.params.get('privacy')?.toLowerCase()
  return privacy !== undefined && privacy !== 'off'
}

/** RFC 3323 §4.1.1.3: `sip:anonymous@anonymous.invalid`. */
const isAnonymous = (from: NameAddr | undefined): boolean =>
  from !== undefined && /@anonymous\.invalid$/i.test(from.uri.split(/[;?]/)[0] ?? '')
