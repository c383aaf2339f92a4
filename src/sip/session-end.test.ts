import { describe, expect, it } from 'vitest'
import { type Header, header, headers } from './message.ts'
import { Bench, sdp } from './user-agent.fixture.ts'
import type { SessionEnd } from './user-agent-io.ts'

const endOf = (bench: Bench): SessionEnd | undefined => {
  const event = bench.events.at(-1)
  return event?.kind === 'ended' ? event.end : undefined
}

const refused = (status: number, fields: readonly [string, string][]): SessionEnd | undefined => {
  const bench = new Bench()
  bench.answer(bench.invite(), status, {
    tag: 'bob',
    headers: fields.map(([name, value]): Header => ({ name, value })),
  })
  return endOf(bench)
}

describe('a 3xx', () => {
  it('ends the call with the URIs of its Contacts, best q first, each once, none without q before those with less than 1', () => {
    const contacts: [string, string][] = [
      ['Contact', '<sip:low@192.0.2.30>;q=0.1'],
      ['Contact', '"Half, way" <sip:half@192.0.2.30>;q=0.5;expires=60'],
      ['Contact', '<sip:plain@192.0.2.30>'],
      ['Contact', '<sip:one@192.0.2.30>;q=1.000'],
      ['Contact', '<sip:half@192.0.2.30>;q=0.2'],
      ['Contact', '<sip:odd@192.0.2.30>;q=7'],
    ]
    expect(refused(302, contacts)).toEqual({
      by: 'remote',
      status: 302,
      reason: 'Moved Temporarily',
      contacts: ['plain', 'one', 'half', 'low', 'odd'].map((user) => `sip:${user}@192.0.2.30`),
    })
  })

  it('gives URIs that may stand in a request, and no scheme that we cannot call', () => {
    const contacts: [string, string][] = [
      ['Contact', '<sip:a@192.0.2.30;transport=tcp;method=BYE?Subject=x>'],
      ['Contact', '<mailto:a@example.com>'],
      ['Contact', '<tel:+15551234>'],
      ['Contact', '<sips:[2001:db8::9]:5071>'],
    ]
    const expected = ['sip:a@192.0.2.30;transport=tcp', 'tel:+15551234', 'sips:[2001:db8::9]:5071']
    expect(refused(300, contacts)?.contacts).toEqual(expected)
  })

  it('without Contact names none', () => {
    expect(refused(380, [])?.contacts).toEqual([])
  })
})

describe('a refusal', () => {
  it.each([
    ['503', 503, '120', 120],
    ['486', 486, '18000;duration=3600', 18_000],
    ['600', 600, '60 (I am in a meeting)', 60],
  ])('%s tells the seconds of Retry-After', (_, status, value, seconds) => {
    expect(refused(status, [['Retry-After', value]])).toMatchObject({ status, retryAfter: seconds })
  })

  it.each(['soon', '-1', '99999999999'])('passes over a Retry-After of %s', (value) => {
    expect(refused(503, [['Retry-After', value]])).toEqual({ by: 'remote', status: 503, reason: 'Service Unavailable' })
  })

  it('tells the Q.850 cause among several Reasons (RFC 3326, RFC 6432)', () => {
    expect(refused(480, [['Reason', 'SIP;cause=480, q.850 ;cause=19;text="no answer"']])?.cause).toBe(19)
  })
})

describe('Reason of the far end', () => {
  it('is told with the BYE that carried it', () => {
    const bench = new Bench()
    const to = bench.establish()
    const extra = ['Reason: Q.850;cause=31;text="Normal, unspecified"']
    bench.send({ method: 'BYE', branch: 'z9hG4bKbye', to, cseq: '2 BYE', extra })
    expect(endOf(bench)).toEqual({ by: 'remote', status: 0, reason: 'Normal, unspecified', cause: 31 })
  })

  it('is told with the CANCEL that carried it', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    bench.send({ method: 'CANCEL', extra: ['Reason: SIP;cause=200;text="Call completed elsewhere"'] })
    expect(endOf(bench)).toEqual({ by: 'remote', status: 487, reason: 'Call completed elsewhere' })
  })
})

describe('Reason of ours', () => {
  const reason: Header = { name: 'Reason', value: 'Q.850;cause=16;text="Terminated"' }
  const parts = { tag: 'bob', description: sdp, headers: [{ name: 'Contact', value: '<sip:bob@203.0.113.5>' }] }

  it('goes with the BYE', () => {
    const bench = new Bench()
    bench.answer(bench.invite(), 200, parts)
    bench.command({ kind: 'terminate', sessionId: 'ours', headers: [reason] })
    expect(headers(bench.lastRequest('BYE'), 'Reason')).toEqual([reason.value])
  })

  it('goes with the CANCEL, and with the BYE for a 2xx that crosses it', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 180, { tag: 'bob' })
    bench.command({ kind: 'terminate', sessionId: 'ours', headers: [reason] })
    expect(headers(bench.lastRequest('CANCEL'), 'Reason')).toEqual([reason.value])
    bench.answer(invite, 200, parts)
    expect(headers(bench.lastRequest('BYE'), 'Reason')).toEqual([reason.value])
    expect(endOf(bench)).toMatchObject({ by: 'local', status: 487 })
  })

  it('goes with the CANCEL that had to wait for a provisional response', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.command({ kind: 'terminate', sessionId: 'ours', headers: [reason] })
    expect(bench.requests('CANCEL')).toEqual([])
    bench.answer(invite, 100)
    expect(headers(bench.lastRequest('CANCEL'), 'Reason')).toEqual([reason.value])
  })

  it('goes with the BYE of a callee that had to wait for the ACK', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [ok] = bench.command({ kind: 'accept', sessionId: bench.session, description: sdp })
    bench.command({ kind: 'terminate', sessionId: bench.session, headers: [reason] })
    expect(bench.requests('BYE')).toEqual([])
    bench.send({ method: 'ACK', branch: 'z9hG4bKack', to: (ok && header(ok, 'To')) ?? '', cseq: '1 ACK' })
    expect(headers(bench.lastRequest('BYE'), 'Reason')).toEqual([reason.value])
  })

  it('goes with the refusal of a call that was not answered', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [response] = bench.command({ kind: 'terminate', sessionId: bench.session, headers: [reason] })
    expect([response?.status, response && header(response, 'Reason')]).toEqual([480, reason.value])
  })
})
