// The error envelope.
import { errorCodes, type PartylineError } from '../base/errors.ts'
import type { ErrorEnvelope } from '../schema/common.ts'

/** What went wrong inside stays inside: the caller of a bug gets its request id to ask with. */
export function errorEnvelope(error: PartylineError, id: string): ErrorEnvelope {
  const message = error.kind === 'bug' ? `the server made a mistake; its log tells more under ${id}` : error.message
  const details = error.details.length > 0 ? { details: error.details.map((detail) => ({ ...detail })) } : {}
  const { status } = errorCodes[error.code]
  return { error: { status, reason: error.code, message, request_id: id, ...details }, message }
}
