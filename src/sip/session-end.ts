// How the end of a session is told: who, which status, and the Q.850 cause of a Reason header (RFC 3326).
import { parseDecimal, parseParameters, splitOutsideQuotes, unquote } from './grammar.ts'
import { header, headers, type SipMessage, type SipRequest, type SipResponse } from './message.ts'
import { parseNameAddr } from './name-addr.ts'
import { requestUri } from './route.ts'
import { parseUri } from './uri.ts'
import type { SessionEnd } from './user-agent-io.ts'

interface Reason {
  readonly protocol: string
  readonly cause?: number
  readonly text?: string
}

function reasonsOf(message: SipMessage): Reason[] {
  return headers(message, 'Reason')
    .flatMap((value) => splitOutsideQuotes(value, ',') ?? [])
    .map((value) => {
      const semicolon = value.indexOf(';')
      const params = parseParameters(semicolon < 0 ? '' : value.slice(semicolon))
      const cause = parseDecimal(params?.get('cause') ?? '', 999)
      const text = params?.get('text')
      const protocol = (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toUpperCase()
      return { protocol, ...(cause !== undefined && { cause }), ...(text !== undefined && { text: unquote(text) }) }
    })
}

const causeOf = (message: SipMessage): { cause: number } | undefined => {
  const cause = reasonsOf(message).find((reason) => reason.protocol === 'Q.850')?.cause
  return cause === undefined ? undefined : { cause }
}

/** Ended by a BYE or CANCEL of the far end; `status` is that of the INVITE, 0 when it had its 2xx. */
export function endByRequest(request: SipRequest, status: number, fallback: string): SessionEnd {
  const text = reasonsOf(request).find((reason) => reason.text !== undefined)?.text
  return { by: 'remote', status, reason: text ?? fallback, ...causeOf(request) }
}

/** Ended by a response of the far end. */
export function endByResponse(response: SipResponse): SessionEnd {
  const { status, reason } = response
  const retryAfter = status >= 400 ? retryAfterOf(response) : undefined
  return {
    by: 'remote',
    status,
    reason,
    ...causeOf(response),
    ...(status >= 300 && status < 400 && { contacts: contactsOf(response) }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/** Seconds of Retry-After without its comment and parameters (§20.33). */
function retryAfterOf(response: SipResponse): number | undefined {
  const digits = /^\d+/.exec((header(response, 'Retry-After') ?? '').trim())?.[0]
  return parseDecimal(digits ?? '', 2 ** 31 - 1)
}

/** Where a 3xx points (§8.1.3.4): URIs that may be called, best q first, equal ones in their order. None stands for 1 (§20.10). */
function contactsOf(response: SipResponse): string[] {
  const weighed = headers(response, 'Contact').flatMap((value) => {
    const address = parseNameAddr(value)
    const uri = address && parseUri(address.uri)
    if (address === undefined || uri === undefined || uri.opaque !== undefined) return []
    return [{ uri: requestUri(uri), weight: weightOf(address.params.get('q')) }]
  })
  return [...new Set(weighed.sort((one, other) => other.weight - one.weight).map(({ uri }) => uri))]
}

/** A q that is no number from 0 to 1 counts least. */
function weightOf(q: string | undefined): number {
  if (q === undefined) return 1
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 0
}

/** Ended because a transaction got no answer. */
export const endByFailure = (why: 'timeout' | 'transport', reason: string): SessionEnd =>
  why === 'timeout' ? { by: 'timeout', status: 408, reason } : { by: 'transport', status: 503, reason }
