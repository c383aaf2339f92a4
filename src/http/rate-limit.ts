// Rate limits per address, before anything else is done, and per customer, once it is known.
import ipaddr from 'ipaddr.js'
import type { Identity } from '../account/identity.ts'
import { UserError } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import { type Limit, TokenBuckets } from './token-buckets.ts'

export interface RateLimits {
  /** Per address, on `/auth/*`: what guards log-in against guessing. */
  readonly auth: Limit
  /** Per address, on everything else. */
  readonly address: Limit
  /** Per customer, agents and access keys together. */
  readonly customer: Limit
  /** Per customer, delegates. */
  readonly delegate: Limit
}

export const defaultLimits: RateLimits = {
  auth: { rate: 10, burst: 20 },
  address: { rate: 200, burst: 400 },
  customer: { rate: 16.7, burst: 33 },
  delegate: { rate: 8.3, burst: 16 },
}

/** Thrown as RATE_LIMIT_EXCEEDED; `retryAfter` is whole seconds. */
export class RateLimitError extends UserError {
  readonly retryAfter: number

  constructor(limitedBy: 'ip' | 'customer', retryAfter: number) {
    super('RATE_LIMIT_EXCEEDED', `too many requests: try again in ${retryAfter} s`, {
      details: [{ limited_by: limitedBy }],
    })
    this.retryAfter = retryAfter
  }
}

export class RateLimiter {
  readonly #auth: TokenBuckets
  readonly #address: TokenBuckets
  readonly #customer: TokenBuckets
  readonly #delegate: TokenBuckets

  constructor(limits: RateLimits, clock: Pick<Clock, 'now'>) {
    this.#auth = new TokenBuckets(limits.auth, clock)
    this.#address = new TokenBuckets(limits.address, clock)
    this.#customer = new TokenBuckets(limits.customer, clock)
    this.#delegate = new TokenBuckets(limits.delegate, clock)
  }

  /** Throws RateLimitError. @param path without query */
  checkAddress(address: string, path: string): void {
    const buckets = /^(\/v1\.0)?\/auth(\/|$)/.test(path) ? this.#auth : this.#address
    const wait = buckets.take(addressKey(address))
    if (wait > 0) throw new RateLimitError('ip', wait)
  }

  /** Throws RateLimitError. */
  checkCustomer(identity: Identity): void {
    const buckets = identity.kind === 'delegate' ? this.#delegate : this.#customer
    const wait = buckets.take(identity.customerId)
    if (wait > 0) throw new RateLimitError('customer', wait)
  }
}

/** One subscriber commonly holds a whole IPv6 /64 (RFC 6177), so that counts as one address. */
function addressKey(text: string): string {
  if (!ipaddr.IPv6.isValid(text)) return text
  const address = ipaddr.IPv6.parse(text)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  return address.parts.slice(0, 4).join(':')
}
