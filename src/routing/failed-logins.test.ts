// How guessing is slowed, and that it never locks out a phone that belongs here.
import { describe, expect, it } from 'vitest'
import { FailedLogins } from './failed-logins.ts'

const at = (source: string, account: string, now = 0) => ({ source, account, now })

function failOften(logins: FailedLogins, times: number, attempt = at('192.0.2.66', 'c/100')): number[] {
  return Array.from({ length: times }, () => logins.failed(attempt))
}

describe('failed logins', () => {
  it('are answered at once ten times, then ever later, then not looked at until the window ends', () => {
    const logins = new FailedLogins()
    const delays = failOften(logins, 30)
    expect(delays.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0))
    expect(delays.slice(10, 16)).toEqual([500, 1000, 2000, 4000, 8000, 8000])
    expect(logins.refusedFor(at('192.0.2.66', 'c/999', 60_000))).toBe(840)
    expect(logins.refusedFor(at('192.0.2.66', 'c/999', 900_000))).toBe(0)
  })

  it('count for the address over all accounts, and for the account over all addresses', () => {
    const logins = new FailedLogins()
    for (let n = 0; n < 30; n += 1) logins.failed(at('192.0.2.66', `c/${n}`))
    expect(logins.refusedFor(at('192.0.2.66', 'c/fresh'))).toBeGreaterThan(0)
    for (let n = 0; n < 30; n += 1) logins.failed(at(`198.51.100.${n}`, 'c/victim'))
    expect(logins.refusedFor(at('203.0.113.1', 'c/victim'))).toBeGreaterThan(0)
    expect(logins.refusedFor(at('203.0.113.1', 'c/fresh'))).toBe(0)
  })

  it('count for a whole /64 of IPv6', () => {
    const logins = new FailedLogins()
    for (let n = 0; n < 30; n += 1) logins.failed(at(`2001:db8::${n}`, `c/${n}`))
    expect(logins.refusedFor(at('2001:db8::ffff:1', 'c/fresh'))).toBeGreaterThan(0)
    expect(logins.refusedFor(at('2001:db8:0:1::1', 'c/fresh'))).toBe(0)
  })

  it('never lock out a phone that logged in from where it is, but its own failures still count', () => {
    const logins = new FailedLogins()
    const phone = at('192.0.2.66', 'c/phone')
    logins.succeeded(phone)
    failOften(logins, 30, at('192.0.2.66', 'c/other'))
    failOften(logins, 30, at('198.51.100.1', 'c/phone'))
    expect(logins.refusedFor(phone)).toBe(0)
    failOften(logins, 30, phone)
    expect(logins.refusedFor(phone)).toBeGreaterThan(0)
  })

  it('are remembered in bounded memory', () => {
    const logins = new FailedLogins()
    for (let n = 0; n < 30_000; n += 1) logins.failed(at(`10.0.${n >> 8}.${n & 255}`, `c/${n}`))
    for (let n = 0; n < 30_000; n += 1) logins.succeeded(at('192.0.2.1', `d/${n}`))
    expect(logins.size).toBe(30_000)
  })
})
