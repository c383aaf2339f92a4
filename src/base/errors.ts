// The few kinds of failure and the one table of their codes: HTTP status, canonical status, SIP status and hang-up reason.
// Throw sites name a code and a sentence; shells look the rest up here.

export type ErrorKind = 'user' | 'peer' | 'operational' | 'bug'

/** Canonical status words of the API's error envelope. */
export type CanonicalStatus =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PAYMENT_REQUIRED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'INTERNAL'
  | 'UNIMPLEMENTED'
  | 'UNAVAILABLE'

export type HangupReason = '' | 'normal' | 'failed' | 'busy' | 'cancel' | 'timeout' | 'noanswer' | 'dialout' | 'amd'

interface CodeFacts {
  readonly http: number
  readonly status: CanonicalStatus
  readonly sip: number
  readonly hangup: HangupReason
}

const facts = (http: number, status: CanonicalStatus, sip: number, hangup: HangupReason = 'failed'): CodeFacts => ({
  http,
  status,
  sip,
  hangup,
})

/** Every code that leaves the server as `error.reason`, with what it means on each wire. */
export const errorCodes = {
  AUTHENTICATION_REQUIRED: facts(401, 'UNAUTHENTICATED', 401),
  INVALID_CREDENTIALS: facts(401, 'UNAUTHENTICATED', 403),
  PERMISSION_DENIED: facts(403, 'PERMISSION_DENIED', 403),
  DIRECT_ACCESS_NOT_SUPPORTED: facts(403, 'PERMISSION_DENIED', 403),
  ACCOUNT_FROZEN: facts(403, 'PERMISSION_DENIED', 403),
  DESTINATION_NOT_ALLOWED: facts(403, 'PERMISSION_DENIED', 403, 'dialout'),
  ROUTE_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  RESOURCE_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  CONFERENCE_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  CONFERENCECALL_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  CONFBRIDGE_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  CALL_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  FLOW_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  ACTIVEFLOW_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  ACCESSKEY_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  AGENT_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  CUSTOMER_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  GROUPCALL_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  RECORDING_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  EXTENSION_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  TRUNK_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  NUMBER_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  PROVIDER_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  DIRECT_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  CONVERSATION_ACCOUNT_NOT_FOUND: facts(404, 'NOT_FOUND', 404),
  INVALID_ID: facts(400, 'INVALID_ARGUMENT', 400),
  INVALID_JSON_BODY: facts(400, 'INVALID_ARGUMENT', 400),
  INVALID_REQUEST_PARAMETER: facts(400, 'INVALID_ARGUMENT', 400),
  MISSING_REQUEST_PARAMETER: facts(400, 'INVALID_ARGUMENT', 400),
  BODY_TOO_LARGE: facts(413, 'INVALID_ARGUMENT', 413),
  INVALID_DELEGATION: facts(422, 'INVALID_ARGUMENT', 400),
  INVALID_ARGUMENT: facts(400, 'INVALID_ARGUMENT', 400),
  INVALID_VARIABLES: facts(400, 'INVALID_ARGUMENT', 400),
  INVALID_ACTION_TYPE: facts(400, 'INVALID_ARGUMENT', 400),
  INVALID_ANONYMOUS_VALUE: facts(400, 'INVALID_ARGUMENT', 400),
  LINE_NOT_CONFIGURED: facts(400, 'INVALID_ARGUMENT', 400),
  LINE_REFUSED: facts(400, 'INVALID_ARGUMENT', 400),
  ALREADY_EXISTS: facts(409, 'ALREADY_EXISTS', 491),
  STATE_INVALID: facts(409, 'FAILED_PRECONDITION', 491),
  CALL_STATE_INVALID: facts(409, 'FAILED_PRECONDITION', 491),
  CALL_NOT_PROGRESSING: facts(409, 'FAILED_PRECONDITION', 491),
  RECORDING_ALREADY_ACTIVE: facts(409, 'FAILED_PRECONDITION', 491),
  RECORDING_NOT_ACTIVE: facts(409, 'FAILED_PRECONDITION', 491),
  CALL_ALREADY_HANGUP: facts(409, 'FAILED_PRECONDITION', 481),
  CONFERENCE_TERMINATED: facts(409, 'FAILED_PRECONDITION', 480),
  RATE_LIMIT_EXCEEDED: facts(429, 'RESOURCE_EXHAUSTED', 503),
  LIMIT_REACHED: facts(429, 'RESOURCE_EXHAUSTED', 503),
  NOT_IMPLEMENTED: facts(501, 'UNIMPLEMENTED', 501),
  SERVICE_UNAVAILABLE: facts(503, 'UNAVAILABLE', 503),
  REQUEST_TIMEOUT: facts(503, 'UNAVAILABLE', 408),
  PEER_PROTOCOL: facts(502, 'UNAVAILABLE', 400),
  INTERNAL: facts(500, 'INTERNAL', 500),
} as const satisfies Record<string, CodeFacts>

export type ErrorCode = keyof typeof errorCodes

/** Base of all errors that the server throws on purpose; `details` go into the API's envelope. */
export class PartylineError extends Error {
  readonly kind: ErrorKind
  readonly code: ErrorCode
  readonly details: readonly Record<string, unknown>[]

  constructor(kind: ErrorKind, code: ErrorCode, message: string, options: ErrorDetail = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.kind = kind
    this.code = code
    this.details = options.details ?? []
  }
}

export interface ErrorDetail {
  readonly cause?: unknown
  readonly details?: readonly Record<string, unknown>[]
}

/** The API caller or the flow is wrong; the message names the field and the fix. */
export class UserError extends PartylineError {
  constructor(code: ErrorCode, message: string, options?: ErrorDetail) {
    super('user', code, message, options)
  }
}

/** The far end broke the protocol. */
export class PeerError extends PartylineError {
  constructor(message: string, options?: ErrorDetail) {
    super('peer', 'PEER_PROTOCOL', message, options)
  }
}

/** The world is failing: a disk, a port, a database. */
export class OperationalError extends PartylineError {
  readonly retryable: boolean

  constructor(
    message: string,
    options: ErrorDetail & { readonly retryable?: boolean; readonly code?: ErrorCode } = {},
  ) {
    super('operational', options.code ?? 'SERVICE_UNAVAILABLE', message, options)
    this.retryable = options.retryable ?? false
  }
}

/** We are wrong. Ends the smallest unit that may be inconsistent, never the process. */
export class Bug extends PartylineError {
  constructor(message: string, options?: ErrorDetail) {
    super('bug', 'INTERNAL', message, options)
  }
}

/** What the table says of any thrown value; anything unknown is a bug of ours. */
export function classify(error: unknown): PartylineError {
  if (error instanceof PartylineError) return error
  return new Bug(error instanceof Error ? error.message : String(error), { cause: error })
}
