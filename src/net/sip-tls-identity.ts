// Whether a certificate speaks for the SIP domain that we meant to reach (RFC 5922 §7): exact names only, no wildcards, no common name.
import { isIP } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import ipaddr from 'ipaddr.js'

/** As node:tls wants it: undefined when the certificate is for `host`, a name or a numeric address; else an error that says why not. */
export function checkSipIdentity(
  host: string,
  certificate: Pick<PeerCertificate, 'subjectaltname'>,
): Error | undefined {
  const names = alternativeNames(certificate.subjectaltname ?? '')
  const found =
    isIP(host) === 0 ? names.some((name) => isDomain(name, host)) : names.some((name) => isAddress(name, host))
  if (found) return undefined
  const shown = names.map(({ kind, value }) => `${kind}:${value}`).join(', ') || 'no alternative name'
  return new Error(`the certificate is not for ${host}; it shows ${shown.slice(0, 300)}`)
}

interface AlternativeName {
  readonly kind: string
  readonly value: string
}

/**
 * Takes apart node:tls's text of the names. A value with anything odd in it is written there as a JSON string: such a one is skipped, and
 * never mistaken for several names.
 */
function alternativeNames(text: string): AlternativeName[] {
  const names: AlternativeName[] = []
  const entry = /([A-Za-z ]+):(?:"(?:[^"\\]|\\.)*"|([^",]*))(?:, |$)/y
  for (let match = entry.exec(text); match !== null && entry.lastIndex <= text.length; match = entry.exec(text)) {
    if (match[1] !== undefined && match[2] !== undefined) names.push({ kind: match[1], value: match[2] })
    if (entry.lastIndex === text.length) break
  }
  return names
}

/** §7.1: a `sip:` URI without a user, or a DNS name; §7.2: compared as a whole, without regard to case. */
function isDomain({ kind, value }: AlternativeName, host: string): boolean {
  const domain = kind === 'DNS' ? value : kind === 'URI' ? /^sip:([^@;?:]+)$/i.exec(value)?.[1] : undefined
  return domain !== undefined && !domain.includes('*') && bare(domain) === bare(host)
}

function isAddress({ kind, value }: AlternativeName, host: string): boolean {
  if (kind !== 'IP Address' || !ipaddr.isValid(value)) return false
  return ipaddr.process(value).toNormalizedString() === ipaddr.process(host).toNormalizedString()
}

const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '')
