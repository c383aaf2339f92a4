// Who an outgoing call says it comes from: From, P-Asserted-Identity and Privacy (RFC 3261 §20.20, RFC 3323, RFC 3325).
import { UserError } from '../base/errors.ts'
import type { Address } from '../schema/address.ts'
import type { Header } from '../sip/message.ts'
import { escapeUser, parseUri } from '../sip/uri.ts'

/** The address of a caller who withholds its identity (RFC 3323 §4.1.1.3). */
export const anonymousAddress: Address = {
  type: 'sip',
  target: 'anonymous@anonymous.invalid',
  target_name: 'Anonymous',
  name: '',
  detail: '',
}

const isAnonymous = ({ target }: Address): boolean =>
  /^(?:sips?:)?anonymous(?:@|$)/i.test(target) || /@anonymous\.invalid$/i.test(target)

/** Whether the caller's identity is withheld: `auto` and '' withhold what was withheld from us. Throws UserError for other words. */
export function withholds(anonymous: string, source: Address): boolean {
  if (anonymous === 'yes') return true
  if (anonymous === 'no') return false
  if (anonymous === '' || anonymous === 'auto') return isAnonymous(source)
  throw new UserError('INVALID_ANONYMOUS_VALUE', 'anonymous must be yes, no, auto or an empty string', {
    details: [{ field: 'anonymous' }],
  })
}

export interface Caller {
  readonly from: { readonly uri: string; readonly displayName: string }
  /** Headers for every way; those of `trusted` only for a provider, which is of our trust domain (RFC 3325 §5). */
  readonly headers: readonly Header[]
  readonly trusted: readonly Header[]
}

export interface CallerFacts {
  readonly source: Address
  readonly anonymous: boolean
  /** Host of addresses that have none of their own. */
  readonly domain: string
}

/** How a caller is told to the far end. A withheld one is known to trusted providers only, which keep it to themselves. */
export function callerOf({ source, anonymous, domain }: CallerFacts): Caller {
  const uri = sourceUri(source, domain)
  const asserted: Header[] =
    source.target === '' || isAnonymous(source) ? [] : [{ name: 'P-Asserted-Identity', value: `<${uri}>` }]
  if (!anonymous) return { from: { uri, displayName: oneLine(source.target_name) }, headers: [], trusted: asserted }
  return {
    from: { uri: `sip:${anonymousAddress.target}`, displayName: 'Anonymous' },
    headers: [{ name: 'Privacy', value: 'id' }],
    trusted: asserted,
  }
}

/** The SIP URI of a source; an address that cannot be one is `partyline` at our domain. */
function sourceUri({ target }: Address, domain: string): string {
  const bare = target.replace(/^(?:sips?|tel):/i, '').trim()
  if (bare.includes('@')) {
    const uri = parseUri(`sip:${bare}`)
    if (uri?.user !== undefined && uri.host !== '' && uri.password === undefined) return `sip:${bare}`
  } else if (bare !== '' && !/[\s<>"\u0000-\u001f\u007f]/.test(bare)) return `sip:${escapeUser(bare)}@${domain}`
  return `sip:partyline@${domain}`
}

const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 200)
