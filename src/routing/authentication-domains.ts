// Host names that say whose caller somebody is: `<customer id>.registrar.<base>` and `<trunk domain>.trunk.<base>`. The same names are
// the realms of digest. Callers that can resolve neither use any host that reaches us, and the realm `registrar.<base>`.
import type { Header, SipRequest } from '../sip/message.ts'
import { header } from '../sip/message.ts'
import { parseNameAddr } from '../sip/name-addr.ts'
import { decodedUser, parseUri, type SipUri } from '../sip/uri.ts'

export type HostClass =
  | { readonly kind: 'registrar'; readonly customerId: string }
  | { readonly kind: 'trunk'; readonly domain: string }
  | { readonly kind: 'other' }

export interface Domains {
  classOf(host: string): HostClass
  registrarRealm(customerId: string): string
  trunkRealm(domain: string): string
  /** Of extensions that come by another host name. */
  readonly commonRealm: string
}

/** @param base what follows `registrar.` and `trunk.` */
export function createDomains(base: string): Domains {
  const suffix = base.toLowerCase()
  const prefixOf = (host: string, label: string): string | undefined => {
    const tail = `.${label}.${suffix}`
    return host.endsWith(tail) && host.length > tail.length ? host.slice(0, -tail.length) : undefined
  }
  return {
    classOf: (written) => {
      const host = written.toLowerCase()
      const customerId = prefixOf(host, 'registrar')
      if (customerId !== undefined) return { kind: 'registrar', customerId }
      const domain = prefixOf(host, 'trunk')
      return domain === undefined ? { kind: 'other' } : { kind: 'trunk', domain }
    },
    registrarRealm: (customerId) => `${customerId}.registrar.${suffix}`,
    trunkRealm: (domain) => `${domain}.trunk.${suffix}`,
    commonRealm: `registrar.${suffix}`,
  }
}

/** The class of the first of these URIs whose host is a name of ours. */
export function classOfUris(domains: Domains, uris: readonly (SipUri | undefined)[]): HostClass {
  for (const uri of uris) {
    const found = domains.classOf(uri?.host ?? '')
    if (found.kind !== 'other') return found
  }
  return { kind: 'other' }
}

export const requestUriOf = (request: SipRequest): SipUri | undefined => parseUri(request.uri)

export const partyUri = (request: SipRequest, name: 'From' | 'To'): SipUri | undefined =>
  parseUri(parseNameAddr(header(request, name) ?? '')?.uri ?? '')

export const userOf = (uri: SipUri | undefined): string => (uri && decodedUser(uri)) ?? ''

export const retryAfter = (seconds: number): Header => ({ name: 'Retry-After', value: String(seconds) })
