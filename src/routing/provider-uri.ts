// The SIP side of a provider: its host, the URI that dials a number through it, and the headers that it asks for.
import { UserError } from '../base/errors.ts'
import type { ProviderRow } from '../schema/rows.ts'
import { transportOf } from '../sip/route.ts'
import { parseUri, type SipUri } from '../sip/uri.ts'

/** What the signalling writes itself; a provider that set them could take calls over or break them. */
const ownHeaders = new Set(
  `accept allow authorization call-id contact content-disposition content-encoding content-length content-type cseq from
  k l m i f t v c e max-forwards min-se proxy-authorization proxy-require rack record-route refer-to replaces require route rseq
  session-expires supported to via x`.split(/\s+/),
)
const maxHeaders = 32

/** `sip:<prefix><number><postfix>@<host>`. */
export const dialUri = (provider: ProviderRow, number: string): string =>
  `sip:${provider.tech_prefix}${number}${provider.tech_postfix}@${provider.hostname}`

/** The host without a user, as OPTIONS asks for it. */
export const hostUri = (provider: ProviderRow): string => `sip:${provider.hostname}`

/** The parsed host of a provider; undefined when it is none. */
export function providerHost(hostname: string): SipUri | undefined {
  if (hostname.includes('@')) return undefined
  const uri = parseUri(`sip:${hostname}`)
  if (uri === undefined || uri.host === '' || uri.headers.size > 0 || transportOf(uri) === undefined) return undefined
  return [...uri.params.keys()].every((name) => name === 'transport') ? uri : undefined
}

/** Throws UserError INVALID_ARGUMENT naming the field. */
export function checkHostname(hostname: string): void {
  if (providerHost(hostname) !== undefined) return
  throw invalid(
    'hostname',
    `hostname "${hostname}" is no SIP host; write it as sip.example.com, 192.0.2.7:5080 or sip.example.com;transport=tcp`,
  )
}

/** Throws UserError INVALID_ARGUMENT naming the header. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers)
  if (entries.length > maxHeaders) throw invalid('tech_headers', `tech_headers has more than ${maxHeaders} headers`)
  for (const [name, value] of entries) {
    const field = `tech_headers.${name}`
    if (!/^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/.test(name)) throw invalid(field, `${field} is no name of a SIP header`)
    if (ownHeaders.has(name.toLowerCase()))
      throw invalid(field, `${field} is written by the server itself; leave it out`)
    if (!/^[^\u0000-\u001f\u007f]{0,1024}$/.test(value))
      throw invalid(field, `${field} must be one line of at most 1024 characters`)
  }
}

const invalid = (field: string, message: string): UserError =>
  new UserError('INVALID_ARGUMENT', message, { details: [{ field }] })
