import { expect, test } from 'vitest'
import { redactUrl } from './redact.ts'

test.each([
  ['/v1.0/me', '/v1.0/me'],
  ['/v1.0/me?page_size=5', '/v1.0/me?page_size=5'],
  ['/v1.0/me?token=abc.def&page_size=5', '/v1.0/me?token=***&page_size=5'],
  ['/v1.0/me?accesskey=vb_x&token=y', '/v1.0/me?accesskey=***&token=***'],
  ['/v1.0/me?to%6ben=secret', '/v1.0/me?token=***'],
  ['/v1.0/me?TOKEN=secret', '/v1.0/me?token=***'],
  ['/v1.0/me?token', '/v1.0/me?token=***'],
  ['/v1.0/me?token=a=b', '/v1.0/me?token=***'],
  ['/v1.0/me?%zz=1&token=secret', '/v1.0/me?%zz=1&token=***'],
  ['/v1.0/me?page_token=2026-01-01', '/v1.0/me?page_token=2026-01-01'],
])('%s is logged as %s', (url, expected) => {
  expect(redactUrl(url)).toBe(expected)
})
