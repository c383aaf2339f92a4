// host and hostport (RFC 3261 §25.1, RFC 5954 for IPv6 references). Hosts are kept without brackets, ready for a socket.
import ipaddr from 'ipaddr.js'
import { parseDecimal } from './grammar.ts'

export interface HostPort {
  /** Host name or address as written, IPv6 without brackets. */
  readonly host: string
  readonly port?: number
}

/** Letters, digits, dots, hyphens; underscores too, because container networks make such names. */
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/

/** Whether the text is an IPv6 address without brackets and without a zone. */
export const isIpv6 = (text: string): boolean =>
  /^[0-9A-Fa-f:.]{2,45}$/.test(text) && text.includes(':') && ipaddr.IPv6.isValid(text)

const isHostName = (text: string): boolean => text.length <= 255 && hostName.test(text) && !text.includes('..')

/** Parses `host`, `host:port`, `[v6]` or `[v6]:port`; space around the colon is allowed, as in Via. */
export function parseHostPort(text: string): HostPort | undefined {
  const trimmed = text.trim()
  if (trimmed.startsWith('[')) {
    const end = trimmed.indexOf(']')
    // RFC 5118 §4.10: RFC 3261's grammar once led to three colons; they mean two.
    const host = trimmed.slice(1, end).replace(':::', '::')
    return end > 0 && isIpv6(host) ? withPort(host, trimmed.slice(end + 1)) : undefined
  }
  const colon = trimmed.indexOf(':')
  const host = (colon < 0 ? trimmed : trimmed.slice(0, colon)).trimEnd()
  return isHostName(host) ? withPort(host, colon < 0 ? '' : trimmed.slice(colon)) : undefined
}

function withPort(host: string, rest: string): HostPort | undefined {
  const tail = rest.trim()
  if (tail === '') return { host }
  const port = tail.startsWith(':') ? parseDecimal(tail.slice(1).trim(), 65_535) : undefined
  return port === undefined ? undefined : { host, port }
}

/** Writes a host with brackets where IPv6 needs them. */
export const formatHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)

export const formatHostPort = (hostPort: HostPort): string =>
  hostPort.port === undefined ? formatHost(hostPort.host) : `${formatHost(hostPort.host)}:${hostPort.port}`

/** Whether two hosts are the same text or the same IPv6 address; names are never resolved. */
export function sameHost(left: string, right: string): boolean {
  if (left.includes(':') && right.includes(':') && isIpv6(left) && isIpv6(right)) {
    return ipaddr.IPv6.parse(left).toNormalizedString() === ipaddr.IPv6.parse(right).toNormalizedString()
  }
  return left.toLowerCase() === right.toLowerCase()
}
