// The error envelope, and the request id that it shares with the X-Request-Id header and the log.
import { randomBytes } from 'node:crypto'
import { errorCodes, type PartylineError } from '../base/errors.ts'
import type { ErrorEnvelope } from '../schema/common.ts'

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The caller's id when it is 1-64 characters of `[A-Za-z0-9_-]`, a new one otherwise. */
export function requestId(given: unknown): string {
  if (typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given)) return given
  return `req_${[...randomBytes(26)].map((byte) => base32[byte & 31]).join('')}`
}

/** What went wrong inside stays inside: the caller of a bug gets its request id to ask with. */
export function errorEnvelope(error: PartylineError, id: string): ErrorEnvelope {
  const message = error.kind === 'bug' ? `the server made a mistake; its log tells more under ${id}` : error.message
  const details = error.details.length > 0 ? { details: error.details.map((detail) => ({ ...detail })) } : {}
  const { status } = errorCodes[error.code]
  return { error: { status, reason: error.code, message, request_id: id, ...details }, message }
}
