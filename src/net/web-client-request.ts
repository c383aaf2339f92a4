// One HTTP request (RFC 9110) to checked addresses: connects only where the guard says, follows few redirections, each checked anew.
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions as RequestOptionsOfNode,
  request as requestPlain,
} from 'node:http'
import { request as requestSecure } from 'node:https'
import type { LookupFunction } from 'node:net'
import { OperationalError, UserError } from '../base/errors.ts'
import { untilAborted } from '../flow/wait.ts'
import type { AddressGuard, ReachableAddress } from './web-client-guard.ts'

export interface OutgoingRequest {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Absent for none. */
  readonly body?: string
}

export interface RequestOptions {
  readonly guard: AddressGuard
  /** With 0, a redirection is the response. */
  readonly maxRedirects: number
  /** Ends the request and the reading of its body. */
  readonly signal: AbortSignal
}

/** A response whose body is still to be read, or closed. */
export interface OpenResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Octets as they come; throws OperationalError when the connection breaks, and the signal's reason when it aborts. */
  body(): AsyncGenerator<Buffer>
  /** Lets go of what was not read. */
  close(): void
}

const userAgent = 'Partyline'
const redirections = new Set([301, 302, 303, 307, 308])
const longestUrl = 8192

/** Resolves with the head of the final response. Throws UserError for an address that may not be requested, OperationalError when the far end fails. */
export async function sendRequest(first: OutgoingRequest, options: RequestOptions): Promise<OpenResponse> {
  let request = first
  for (let hop = 0; hop <= options.maxRedirects; hop += 1) {
    const response = await exchange(request, options)
    const { location } = response.headers
    const followed = redirections.has(response.status) && location !== undefined && options.maxRedirects > 0
    if (!followed) return response
    response.close()
    request = redirected(request, { status: response.status, location })
  }
  throw new OperationalError(`${hostOf(first.url)} redirects more than ${options.maxRedirects} times`)
}

/** RFC 9110 §15.4: 303 becomes GET, and so do 301 and 302 of POST, as everybody does it; the others repeat the request. */
function redirected(
  request: OutgoingRequest,
  to: { readonly status: number; readonly location: string },
): OutgoingRequest {
  const url = URL.parse(to.location, request.url)?.href
  if (url === undefined) throw new OperationalError(`${hostOf(request.url)} redirects to no address`)
  const repeats = to.status >= 307 || (to.status !== 303 && request.method !== 'POST') || request.method === 'GET'
  if (repeats) return { ...request, url }
  const { 'content-type': _, ...headers } = request.headers
  return { url, method: 'GET', headers }
}

/** Checks an address as far as its text goes. Throws UserError. */
export function webUrl(text: string): URL {
  const url = text.length <= longestUrl ? URL.parse(text) : null
  if ((url?.protocol === 'http:' || url?.protocol === 'https:') && url.hostname !== '') return url
  throw new UserError('INVALID_ARGUMENT', `"${text.slice(0, 200)}" is no http:// or https:// address`)
}

/** What may be said of an address: it may hold passwords and tokens elsewhere. */
export const hostOf = (url: string): string => URL.parse(url)?.host ?? 'the address'

async function exchange(request: OutgoingRequest, { guard, signal }: RequestOptions): Promise<OpenResponse> {
  signal.throwIfAborted()
  const url = webUrl(request.url)
  const addresses = await untilAborted(guard.reachable(url.hostname), signal)
  const body = request.body === undefined ? undefined : Buffer.from(request.body)
  const headers = {
    'user-agent': userAgent,
    'accept-encoding': 'identity',
    ...request.headers,
    ...(body && { 'content-length': String(body.length) }),
  }
  // A connection of its own: a pooled one could have been opened for another name.
  const options = { method: request.method, headers, agent: false, lookup: pinned(addresses), signal } as const
  const outgoing = begin(url, options)
  const response = await head(outgoing, { body, signal, host: url.host })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: () => octets(response, { signal, host: url.host }),
    close: () => void response.destroy(),
  }
}

/** Node throws at once for what no request can carry, such as a line break in a header field. */
function begin(url: URL, options: RequestOptionsOfNode): ClientRequest {
  try {
    return url.protocol === 'https:' ? requestSecure(url, options) : requestPlain(url, options)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UserError('INVALID_ARGUMENT', `${url.host} cannot be requested so: ${why}`, { cause })
  }
}

/** Answers with the addresses that were checked, whatever is asked. A numeric host never asks, and was checked itself. */
const pinned =
  (addresses: readonly ReachableAddress[]): LookupFunction =>
  (_hostname, options, callback) => {
    const [first] = addresses
    if (options.all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }

interface Exchange {
  readonly body: Buffer | undefined
  readonly signal: AbortSignal
  readonly host: string
}

function head(outgoing: ClientRequest, { body, signal, host }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on('response', resolve)
    // Stays for the life of the request: what fails after the head is told by the response.
    outgoing.on('error', (error) => reject(explained(error, { signal, host })))
    // An answer that switches protocols closes the connection without any other word.
    outgoing.on('close', () => reject(new OperationalError(`${host} gave no answer`, { retryable: true })))
    outgoing.end(body)
  })
}

async function* octets(response: IncomingMessage, about: Omit<Exchange, 'body'>): AsyncGenerator<Buffer> {
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    response.destroy()
    throw new OperationalError(`${about.host} answered with Content-Encoding ${encoding}, which was not asked for`)
  }
  try {
    for await (const piece of response) if (Buffer.isBuffer(piece)) yield piece
  } catch (error) {
    throw explained(error, about)
  } finally {
    response.destroy()
  }
}

function explained(error: unknown, { signal, host }: Omit<Exchange, 'body'>): unknown {
  if (signal.aborted) return signal.reason
  const why = error instanceof Error && 'code' in error ? String(error.code) : 'failure'
  return new OperationalError(`${host} cannot be reached: ${why}`, { retryable: true, cause: error })
}
