// Requests that flows make (`fetch`, `webhook_send`): guarded, short, small, and few at a time for each customer.
import { OperationalError } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import type { FlowWeb, WebRequest } from '../flow/ports.ts'
import { withDeadline } from './web-client-deadline.ts'
import type { AddressGuard } from './web-client-guard.ts'
import { hostOf, type OpenResponse, type OutgoingRequest, sendRequest, webUrl } from './web-client-request.ts'
import { CustomerSlots } from './web-client-slots.ts'

export interface WebLimits {
  /** From the call of `send` to the last octet, waiting and redirections included. */
  readonly totalMs: number
  /** Octets of a response's body. */
  readonly maxBytes: number
  readonly maxRedirects: number
  /** Requests of one customer at once, and those that may wait behind them. */
  readonly perCustomer: number
  readonly waiting: number
}

export const defaultWebLimits: WebLimits = {
  totalMs: 10_000,
  maxBytes: 2 ** 20,
  maxRedirects: 3,
  perCustomer: 16,
  waiting: 64,
}

export interface WebClientOptions {
  readonly guard: AddressGuard
  readonly clock: Pick<Clock, 'after'>
  readonly limits?: Partial<WebLimits>
}

export function createWebClient({ guard, clock, limits: given }: WebClientOptions): FlowWeb {
  const limits = { ...defaultWebLimits, ...given }
  const { totalMs, maxBytes, maxRedirects } = limits
  const slots = new CustomerSlots({ running: limits.perCustomer, waiting: limits.waiting })
  return {
    async send(request, callerSignal) {
      webUrl(request.url)
      const deadline = { clock, ms: totalMs, signal: callerSignal, what: hostOf(request.url) }
      return withDeadline(deadline, async (signal) => {
        const release = await slots.take(request.customerId, signal)
        try {
          const response = await sendRequest(outgoing(request), { guard, maxRedirects, signal })
          const body = await readText(response, { maxBytes, host: hostOf(request.url) })
          return { status: response.status, body }
        } finally {
          release()
        }
      })
    },
  }
}

function outgoing({ url, method, contentType, body }: WebRequest): OutgoingRequest {
  const headers = { accept: '*/*', ...(contentType !== '' && { 'content-type': contentType }) }
  return { url, method, headers, ...(body !== '' && { body }) }
}

/** The whole body as UTF-8. Throws OperationalError when it is longer than `maxBytes`. */
export async function readText(
  response: OpenResponse,
  { maxBytes, host }: { readonly maxBytes: number; readonly host: string },
): Promise<string> {
  const bytes = await readBytes(response, { maxBytes, host })
  return bytes.toString('utf8')
}

/** The same as octets. */
export async function readBytes(
  response: OpenResponse,
  { maxBytes, host }: { readonly maxBytes: number; readonly host: string },
): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of response.body()) {
    length += piece.length
    if (length > maxBytes) throw new OperationalError(`${host} answered with more than ${maxBytes} octets`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
