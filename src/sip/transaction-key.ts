// Keys that messages are matched to transactions by (RFC 3261 §17.1.3, §17.2.3), the rules of RFC 2543 for branches
// without the magic cookie included, and the key of merged requests (§8.2.2.2).
import { magicCookie } from './branch.ts'
import { parseCSeq } from './cseq.ts'
import { header, type SipMessage, type SipRequest, type SipResponse } from './message.ts'
import { parseNameAddr } from './name-addr.ts'
import { parseVia, type Via } from './via.ts'

/** The tag of a From or To value; undefined when there is none. */
export function tagOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : parseNameAddr(value)?.params.get('tag')
}

export const fromTag = (message: SipMessage): string | undefined => tagOf(header(message, 'From'))
export const toTag = (message: SipMessage): string | undefined => tagOf(header(message, 'To'))
export const callIdOf = (message: SipMessage): string => header(message, 'Call-ID') ?? ''

export const clientKey = (branch: string, method: string): string => `${branch} ${method}`

/** Key of the client transaction that a response belongs to, and the Via whose sent-by must be ours (§18.1.2). */
export function responseKey(response: SipResponse): { readonly key: string; readonly via: Via } | undefined {
  const via = parseVia(header(response, 'Via') ?? '')
  const cseq = parseCSeq(header(response, 'CSeq') ?? '')
  if (via?.branch === undefined || cseq === undefined) return undefined
  return { key: clientKey(via.branch, cseq.method), via }
}

/** Whether its branch alone says which transaction it belongs to (§17.2.3). */
export const hasMagicCookie = (request: SipRequest): boolean =>
  parseVia(header(request, 'Via') ?? '')?.branch?.startsWith(magicCookie) === true

/** Key of the server transaction of a request; an ACK gets that of its INVITE. `method` replaces the request's own, for CANCEL. */
export function serverKey(request: SipRequest, method: string = request.method): string {
  const value = header(request, 'Via') ?? ''
  const via = parseVia(value)
  const of = method === 'ACK' ? 'INVITE' : method
  // Joined, a key is a string of its own; from a template it would be made of parts that keep the whole message.
  if (via?.branch?.startsWith(magicCookie)) return [via.branch, via.host.toLowerCase(), via.port ?? 5060, of].join(' ')
  const number = parseCSeq(header(request, 'CSeq') ?? '')?.number
  // The To tag of an ACK is that of the response: it is compared apart. So is CANCEL's, which may lack it.
  const tag = of === 'INVITE' || request.method === 'CANCEL' ? '' : (toTag(request) ?? '')
  return ['2543', request.uri, tag, fromTag(request) ?? '', callIdOf(request), number, of, value].join(' ')
}

/** Equal for copies of one request that came by different ways. */
export const mergeKey = (request: SipRequest): string =>
  [fromTag(request) ?? '', callIdOf(request), header(request, 'CSeq') ?? ''].join(' ')
