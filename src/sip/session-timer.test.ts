import { describe, expect, it } from 'vitest'
import type { Header, SipRequest, SipResponse } from './message.ts'
import {
  answerInterval,
  intervalOfResponse,
  isIntervalTooSmall,
  requestTimerHeaders,
  SessionTimer,
  sessionExpiresOf,
} from './session-timer.ts'
import { TimerQueue } from './timers.ts'

const limits = { sessionExpires: 1800, minSessionExpires: 90 }
const asHeaders = (fields: Readonly<Record<string, string>>): Header[] =>
  Object.entries(fields).map(([name, value]) => ({ name, value }))
const request = (fields: Readonly<Record<string, string>>): SipRequest => ({
  kind: 'request',
  method: 'INVITE',
  uri: 'sip:a@b',
  headers: asHeaders(fields),
  body: new Uint8Array(),
})
const response = (fields: Readonly<Record<string, string>>): SipResponse => ({
  kind: 'response',
  status: 200,
  reason: 'OK',
  headers: asHeaders(fields),
  body: new Uint8Array(),
})

describe('a 2xx of ours (RFC 4028 table 2)', () => {
  it.each([
    // Supported, Session-Expires, Min-SE → interval, refresher, whether the far end must know of it
    ['timer', undefined, undefined, 1800, 'uac', true],
    ['timer', '600', undefined, 600, 'uac', true],
    ['timer', '600;refresher=uas', undefined, 600, 'uas', false],
    ['timer', '600;refresher=uac', undefined, 600, 'uac', true],
    ['timer', '7200', undefined, 1800, 'uac', true],
    ['timer', '7200', '3600', 3600, 'uac', true],
    [undefined, undefined, undefined, 1800, 'uas', false],
    [undefined, '60;refresher=uac', undefined, 90, 'uas', false],
  ] as const)(
    'to Supported %s, Session-Expires %s, Min-SE %s sets %i s, refresher %s',
    (supported, expires, minSe, seconds, refresher, requires) => {
      const fields = {
        ...(supported && { Supported: supported }),
        ...(expires && { 'Session-Expires': expires }),
        ...(minSe && { 'Min-SE': minSe }),
      }
      const { interval, headers } = answerInterval(request(fields), limits)
      expect(interval).toEqual({ seconds, refresher: refresher === 'uas' ? 'local' : 'remote' })
      expect(headers[0]).toEqual({ name: 'Session-Expires', value: `${seconds};refresher=${refresher}` })
      expect(headers.some(({ name, value }) => name === 'Require' && value === 'timer')).toBe(requires)
    },
  )
})

describe('a request of theirs', () => {
  it('is refused for its interval only when it understands 422', () => {
    expect(isIntervalTooSmall(request({ 'Session-Expires': '89', Supported: 'timer' }), limits)).toBe(true)
    expect(isIntervalTooSmall(request({ 'Session-Expires': '90', Supported: 'timer' }), limits)).toBe(false)
    expect(isIntervalTooSmall(request({ 'Session-Expires': '89' }), limits)).toBe(false)
  })

  it.each(['', 'x', '-5', '99999999999', '1 2'])('with Session-Expires %j counts as one without', (value) => {
    expect(sessionExpiresOf(request({ 'Session-Expires': value }))).toBeUndefined()
  })
})

describe('a request of ours', () => {
  it('keeps the refresher of the interval in force, seen from this request', () => {
    const value = (refresher: 'local' | 'remote'): string | undefined =>
      requestTimerHeaders(limits, { seconds: 300, refresher })[0]?.value
    expect(value('local')).toBe('300;refresher=uac')
    expect(value('remote')).toBe('300;refresher=uas')
    expect(requestTimerHeaders(limits)[0]?.value).toBe('1800')
  })

  it('asks for what a 422 wanted', () => {
    expect(requestTimerHeaders({ ...limits, sessionExpires: 100 }, undefined, 500).map(({ value }) => value)).toEqual([
      '500',
      '500',
    ])
  })
})

describe('a 2xx of theirs', () => {
  it('makes us the refresher unless it says uas, and sets no timer without Session-Expires', () => {
    expect(intervalOfResponse(response({ 'Session-Expires': '300' }))).toEqual({ seconds: 300, refresher: 'local' })
    expect(intervalOfResponse(response({ 'Session-Expires': '300 ; refresher=UAS' }))).toEqual({
      seconds: 300,
      refresher: 'remote',
    })
    expect(intervalOfResponse(response({}))).toBeUndefined()
    expect(intervalOfResponse(response({ 'Session-Expires': '0' }))).toBeUndefined()
  })
})

describe('SessionTimer', () => {
  const run = (seconds: number, refresher: 'local' | 'remote'): string[] => {
    const timers = new TimerQueue()
    const seen: string[] = []
    const note = (what: string) => () => void seen.push(`${what}@${timers.now / 1000}`)
    new SessionTimer(timers, { refresh: note('refresh'), expire: note('expire') }).set({ seconds, refresher })
    for (let next = timers.next(); next !== undefined; next = timers.next()) {
      timers.observe(next.at)
      timers.runDue()
    }
    return seen
  }

  it('refreshes at half the interval and expires 32 s, or a third, before its end', () => {
    expect(run(1800, 'local')).toEqual(['refresh@900', 'expire@1768'])
    expect(run(1800, 'remote')).toEqual(['expire@1768'])
    expect(run(90, 'remote')).toEqual(['expire@60'])
  })
})
