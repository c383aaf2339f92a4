// SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966): parsing, writing, and the comparison of §19.1.4.
// Escapes stay as written, so that what is parsed can be written back unchanged; `decodedUser` resolves them for look-ups.
import { noParameters, type Parameters } from './grammar.ts'
import { formatHostPort, parseHostPort, sameHost } from './host.ts'

export interface SipUri {
  /** Lower case. `sip`, `sips` and `tel` are taken apart; of any other scheme only `opaque` is known. */
  readonly scheme: string
  /** As written, escapes included. For `tel` the number. */
  readonly user?: string
  readonly password?: string
  /** Without IPv6 brackets; empty for `tel` and unknown schemes. */
  readonly host: string
  readonly port?: number
  readonly params: Parameters
  /** URI headers (`?Subject=…`), names and values as written. */
  readonly headers: Parameters
  /** What follows the colon, for schemes that we do not know. */
  readonly opaque?: string
}

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):/
const userPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/
const passwordPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/
const parameterPattern = /^(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+$/
const uriHeaderPattern = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$]|%[0-9A-Fa-f]{2})*$/
const telPattern = /^\+?[0-9A-Fa-f*#().-]+$/
const longestUri = 8192

/** Parses any URI that may stand in a SIP message; undefined when it is malformed. Space is never allowed. */
export function parseUri(text: string): SipUri | undefined {
  if (text.length > longestUri || /[\s<>"\u0000-\u001f\u007f]/.test(text)) return undefined
  const scheme = schemePattern.exec(text)?.[1]
  if (scheme === undefined) return undefined
  const rest = text.slice(scheme.length + 1)
  const name = scheme.toLowerCase()
  if (name === 'sip' || name === 'sips') return parseSip(name, rest)
  if (name === 'tel') return parseTel(rest)
  return rest === '' ? undefined : { scheme: name, host: '', params: noParameters, headers: noParameters, opaque: rest }
}

function parseSip(scheme: string, rest: string): SipUri | undefined {
  const at = rest.indexOf('@')
  const userInfo = at < 0 ? undefined : parseUserInfo(rest.slice(0, at))
  if (at >= 0 && userInfo === undefined) return undefined
  const tail = rest.slice(at + 1)
  const question = tail.indexOf('?')
  const beforeHeaders = question < 0 ? tail : tail.slice(0, question)
  const semicolon = beforeHeaders.indexOf(';')
  const hostPort = parseHostPort(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon))
  const params = semicolon < 0 ? noParameters : parseUriParameters(beforeHeaders.slice(semicolon + 1))
  const headers = question < 0 ? noParameters : parseUriHeaders(tail.slice(question + 1))
  if (hostPort === undefined || params === undefined || headers === undefined) return undefined
  return { scheme, ...userInfo, ...hostPort, params, headers }
}

function parseUserInfo(text: string): { user: string; password?: string } | undefined {
  const colon = text.indexOf(':')
  const user = colon < 0 ? text : text.slice(0, colon)
  if (!userPattern.test(user)) return undefined
  if (colon < 0) return { user }
  const password = text.slice(colon + 1)
  return passwordPattern.test(password) ? { user, password } : undefined
}

function parseTel(rest: string): SipUri | undefined {
  const semicolon = rest.indexOf(';')
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon)
  const params = semicolon < 0 ? noParameters : parseUriParameters(rest.slice(semicolon + 1))
  if (!telPattern.test(number) || params === undefined) return undefined
  return { scheme: 'tel', user: number, host: '', params, headers: noParameters }
}

function parseUriParameters(text: string): Parameters | undefined {
  const params = new Map<string, string>()
  for (const piece of text.split(';')) {
    const equals = piece.indexOf('=')
    const name = equals < 0 ? piece : piece.slice(0, equals)
    const value = equals < 0 ? '' : piece.slice(equals + 1)
    if (!parameterPattern.test(name) || (equals >= 0 && !parameterPattern.test(value))) return undefined
    const key = name.toLowerCase()
    if (!params.has(key)) params.set(key, value)
  }
  return params
}

function parseUriHeaders(text: string): Parameters | undefined {
  const headers = new Map<string, string>()
  for (const piece of text.split('&')) {
    const equals = piece.indexOf('=')
    const name = piece.slice(0, Math.max(equals, 0))
    const value = piece.slice(equals + 1)
    if (name === '' || !uriHeaderPattern.test(name) || !uriHeaderPattern.test(value)) return undefined
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value)
  }
  return headers
}

export function formatUri(uri: SipUri): string {
  let text = `${uri.scheme}:`
  if (uri.opaque !== undefined) return text + uri.opaque
  if (uri.user !== undefined) text += uri.user
  if (uri.password !== undefined) text += `:${uri.password}`
  if (uri.scheme !== 'tel') text += `${uri.user === undefined ? '' : '@'}${formatHostPort(uri)}`
  for (const [name, value] of uri.params) text += value === '' ? `;${name}` : `;${name}=${value}`
  let separator = '?'
  for (const [name, value] of uri.headers) {
    text += `${separator}${name}=${value}`
    separator = '&'
  }
  return text
}

/** Any text as a user part: whatever may not stand there is escaped. */
export const escapeUser = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => escapeByte(byte, /[A-Za-z0-9\-_.!~*'()&=+$,;?/]/)).join('')

function escapeByte(byte: number, allowed: RegExp): string {
  const char = String.fromCharCode(byte)
  return byte < 0x80 && allowed.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** The user part with its escapes resolved; undefined when there is none. Bytes that are not UTF-8 stay escaped. */
export function decodedUser(uri: SipUri): string | undefined {
  if (uri.user === undefined) return undefined
  try {
    return decodeURIComponent(uri.user)
  } catch {
    return uri.user
  }
}

/** §19.1.4: parameters that must be on both sides or on neither. */
const mustMatch = ['user', 'ttl', 'method', 'maddr', 'transport'] as const

/** Equality of SIP and SIPS URIs (RFC 3261 §19.1.4); other schemes compare case-insensitively as text. */
export function uriEquals(left: SipUri, right: SipUri): boolean {
  if (left.scheme !== right.scheme) return false
  if (left.scheme !== 'sip' && left.scheme !== 'sips')
    return formatUri(left).toLowerCase() === formatUri(right).toLowerCase()
  return (
    canonicalEscapes(left.user) === canonicalEscapes(right.user) &&
    canonicalEscapes(left.password) === canonicalEscapes(right.password) &&
    sameHost(left.host, right.host) &&
    left.port === right.port &&
    sameParameters(left.params, right.params) &&
    sameUriHeaders(left.headers, right.headers)
  )
}

function sameParameters(left: Parameters, right: Parameters): boolean {
  for (const name of mustMatch) if (left.has(name) !== right.has(name)) return false
  for (const [name, value] of left) {
    const other = right.get(name)
    if (other !== undefined && folded(value) !== folded(other)) return false
  }
  return true
}

function sameUriHeaders(left: Parameters, right: Parameters): boolean {
  if (left.size !== right.size) return false
  const others = new Map([...right].map(([name, value]) => [folded(name), canonicalEscapes(value)]))
  return [...left].every(([name, value]) => others.get(folded(name)) === canonicalEscapes(value))
}

const folded = (text: string): string => (canonicalEscapes(text) ?? '').toLowerCase()

/** Resolves escapes of unreserved characters only: an escaped reserved character differs from the plain one. */
function canonicalEscapes(text: string | undefined): string | undefined {
  return text?.replace(/%([0-9A-Fa-f]{2})/g, (whole, digits: string) => {
    const char = String.fromCharCode(Number.parseInt(digits, 16))
    return /[A-Za-z0-9\-_.!~*'()]/.test(char) ? char : whole.toUpperCase()
  })
}
