import { expect, test } from 'vitest'
import { defaultLimits, RateLimitError, RateLimiter } from './rate-limit.ts'

const limiter = () => new RateLimiter({ ...defaultLimits, auth: { rate: 1, burst: 1 } }, { now: () => 0 })

test.each([
  ['2001:db8::1', '2001:db8::ffff:1'],
  ['192.0.2.1', '::ffff:192.0.2.1'],
])('%s and %s are one address', (first, second) => {
  const limits = limiter()
  limits.checkAddress(first, '/auth/login')
  expect(() => limits.checkAddress(second, '/v1.0/auth/login')).toThrow(RateLimitError)
})

test.each([
  ['2001:db8::1', '2001:db8:0:1::1'],
  ['192.0.2.1', '192.0.2.2'],
])('%s and %s are two', (first, second) => {
  const limits = limiter()
  limits.checkAddress(first, '/auth/login')
  expect(() => limits.checkAddress(second, '/auth/login')).not.toThrow()
})

test.each(['/authors', '/v1.0/authorities', '/v1.0/me'])('%s is not limited as a log-in', (path) => {
  const limits = limiter()
  limits.checkAddress('192.0.2.1', path)
  expect(() => limits.checkAddress('192.0.2.1', path)).not.toThrow()
})
