// The checks a message must pass before any transaction sees it (RFC 3261 §8.1.1, §8.2.2, §18.3, §20): mandatory headers, single values,
// grammar of the headers that routing and matching depend on.

import { parseCSeq } from './cseq.ts'
import { parseDecimal } from './grammar.ts'
import { header, headers, type SipMessage, type SipRequest } from './message.ts'
import { parseNameAddr } from './name-addr.ts'
import { parseUri } from './uri.ts'
import { parseVia } from './via.ts'

export interface Fault {
  /** A short word that is counted. */
  readonly reason: string
  /** What a request with this fault is answered with. */
  readonly status: number
}

const bad = (reason: string): Fault => ({ reason, status: 400 })

const mandatory = ['Via', 'From', 'To', 'Call-ID', 'CSeq'] as const
const single = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length', 'Content-Type', 'Expires'] as const

/** The first fault of a message, or undefined. Content-Length is compared with the body elsewhere. */
export function findFault(message: SipMessage): Fault | undefined {
  return (
    missingOrRepeated(message) ??
    (message.kind === 'request' ? requestUriFault(message) : undefined) ??
    addressFault(message) ??
    numberFault(message)
  )
}

function missingOrRepeated(message: SipMessage): Fault | undefined {
  const counts = new Map<string, number>()
  for (const { name } of message.headers) counts.set(name, (counts.get(name) ?? 0) + 1)
  const missing = mandatory.find((name) => !counts.has(name))
  if (missing) return bad(`missing-${missing.toLowerCase()}`)
  const repeated = single.find((name) => (counts.get(name) ?? 0) > 1)
  return repeated && bad(`repeated-${repeated.toLowerCase()}`)
}

/** §19.1.1: a Request-URI has no headers. §8.2.2.1: 416 for a scheme that we do not know. */
function requestUriFault(request: SipRequest): Fault | undefined {
  const uri = parseUri(request.uri)
  if (uri === undefined || uri.headers.size > 0) return bad('bad-request-uri')
  return uri.opaque === undefined ? undefined : { reason: 'uri-scheme', status: 416 }
}

function addressFault(message: SipMessage): Fault | undefined {
  if (!headers(message, 'Via').every((value) => parseVia(value))) return bad('bad-via')
  for (const name of ['From', 'To'] as const) {
    if (!isAddress(header(message, name) ?? '')) return bad(`bad-${name.toLowerCase()}`)
  }
  const contacts = headers(message, 'Contact')
  if (!contacts.every((value) => isAddress(value) || (value === '*' && contacts.length === 1)))
    return bad('bad-contact')
  for (const name of ['Route', 'Record-Route'] as const) {
    if (!headers(message, name).every(isAddress)) return bad(`bad-${name.toLowerCase()}`)
  }
  return undefined
}

function isAddress(value: string): boolean {
  const address = parseNameAddr(value)
  return address !== undefined && parseUri(address.uri) !== undefined
}

function numberFault(message: SipMessage): Fault | undefined {
  if (!/^\S{1,1024}$/.test(header(message, 'Call-ID') ?? '')) return bad('bad-call-id')
  const cseq = parseCSeq(header(message, 'CSeq') ?? '')
  if (!cseq) return bad('bad-cseq')
  if (message.kind === 'request' && cseq.method !== message.method) return bad('cseq-method')
  const maxForwards = header(message, 'Max-Forwards')
  if (maxForwards !== undefined && parseDecimal(maxForwards, 255) === undefined) return bad('bad-max-forwards')
  return undefined
}
