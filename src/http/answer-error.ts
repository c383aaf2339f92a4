// Every failure becomes the one envelope: thrown errors, fastify's own refusals, unknown routes and unreadable requests.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Bug, classify, errorCodes, PartylineError, UserError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { errorEnvelope } from './envelope.ts'
import { RateLimitError } from './rate-limit.ts'

/** Answers with the envelope, and logs what is not the caller's fault. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const error = translate(thrown)
  if (error.kind !== 'user') {
    const cause = error.cause instanceof Error ? error.cause : error
    const fields = { request_id: request.id, code: error.code, error: error.message, stack: cause.stack }
    if (error instanceof Bug) log.error(fields, 'request failed by a mistake of the server')
    else log.warn(fields, 'request failed')
  }
  if (error instanceof RateLimitError) reply.header('Retry-After', String(error.retryAfter))
  return reply
    .code(errorCodes[error.code].http)
    .type('application/json; charset=utf-8')
    .send(errorEnvelope(error, request.id))
}

export function routeNotFound(request: FastifyRequest): never {
  const path = request.url.split('?', 1)[0] ?? ''
  throw new UserError(
    'ROUTE_NOT_FOUND',
    `there is no ${request.method} ${path.slice(0, 200)}: /docs lists what there is`,
  )
}

/** Fastify's refusals carry a status; those below 500 are the caller's doing. */
function translate(thrown: unknown): PartylineError {
  if (thrown instanceof PartylineError || !isFastifyError(thrown)) return classify(thrown)
  const status = thrown.statusCode ?? 500
  if (status === 413)
    return new UserError('BODY_TOO_LARGE', `the body is too large: ${thrown.message}`, { cause: thrown })
  if (status >= 400 && status < 500)
    return new UserError('INVALID_REQUEST_PARAMETER', thrown.message, { cause: thrown })
  return classify(thrown)
}

const isFastifyError = (thrown: unknown): thrown is FastifyError =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && thrown.code.startsWith('FST_')

/** How long a connection stays after it was told that it cannot be understood. */
const lingerMs = 1000

/** Answers what the HTTP parser could not read; there is no request to answer to, only the socket. @param id in place of a request's */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket, id: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const text = STATUS_CODES[status] ?? 'Bad Request'
  const body = JSON.stringify(
    errorEnvelope(new UserError('INVALID_ARGUMENT', `the request is not readable as HTTP: ${text}`), id),
  )
  const head = [
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
  ]
  socket.end(`HTTP/1.1 ${status} ${text}\r\n${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`)
  // Whoever keeps its side open, and does not read, must not keep the server from ending.
  socket.resume()
  socket.setTimeout(lingerMs, () => socket.destroy())
}
