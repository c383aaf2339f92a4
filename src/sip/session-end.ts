// How the end of a session is told: who, which status, and the Q.850 cause of a Reason header (RFC 3326).
import { parseDecimal, parseParameters, splitOutsideQuotes, unquote } from './grammar.ts'
import { headers, type SipMessage, type SipRequest, type SipResponse } from './message.ts'
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
export const endByResponse = (response: SipResponse): SessionEnd => ({
  by: 'remote',
  status: response.status,
  reason: response.reason,
  ...causeOf(response),
})

/** Ended because a transaction got no answer. */
export const endByFailure = (why: 'timeout' | 'transport', reason: string): SessionEnd =>
  why === 'timeout' ? { by: 'timeout', status: 408, reason } : { by: 'transport', status: 503, reason }
