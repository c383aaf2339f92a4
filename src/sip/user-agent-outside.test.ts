import { describe, expect, it } from 'vitest'
import { header, headers } from './message.ts'
import { Bench, flow } from './user-agent.fixture.ts'
import type { SessionEvent } from './user-agent-io.ts'

const requestIn = (bench: Bench): Extract<SessionEvent, { kind: 'request' }> => {
  const event = bench.events.findLast((each) => each.kind === 'request')
  if (event === undefined) throw new Error('no request was told')
  return event
}

describe('a REGISTER', () => {
  it('is told with its flow and answered by `respond`, with the headers of the command and a To tag', () => {
    const bench = new Bench()
    expect(bench.send({ method: 'REGISTER' })).toEqual([])
    const { requestId, request, flow: from, sessionId } = requestIn(bench)
    expect([request.method, from, sessionId]).toEqual(['REGISTER', flow, ''])
    const [ok] = bench.command({
      kind: 'respond',
      requestId,
      status: 200,
      headers: [{ name: 'Contact', value: '<sip:a@192.0.2.9>;expires=3600' }],
    })
    expect([ok?.status, ok && header(ok, 'Contact')]).toEqual([200, '<sip:a@192.0.2.9>;expires=3600'])
    expect(ok && header(ok, 'To')).toMatch(/;tag=\w+$/)
    expect(bench.core.sessionCount).toBe(0)
  })

  it('that comes again is told once and gets the same answer', () => {
    const bench = new Bench()
    bench.send({ method: 'REGISTER' })
    expect(bench.send({ method: 'REGISTER' })).toEqual([])
    const [ok] = bench.command({ kind: 'respond', requestId: requestIn(bench).requestId, status: 200 })
    expect(bench.send({ method: 'REGISTER' })).toEqual([ok])
    expect(bench.events.length).toBe(1)
  })

  it('may require what registrars know of (RFC 3327, RFC 5626)', () => {
    const bench = new Bench()
    expect(bench.send({ method: 'REGISTER', extra: ['Require: path, outbound'] })).toEqual([])
    expect(requestIn(bench).request.method).toBe('REGISTER')
  })

  it('that nobody answers is freed with 500 after 64·T1', () => {
    const bench = new Bench()
    bench.send({ method: 'REGISTER' })
    const { requestId } = requestIn(bench)
    bench.runTo(32_000)
    expect(bench.sent.map((message) => message.kind === 'response' && message.status)).toEqual([500])
    expect(bench.command({ kind: 'respond', requestId, status: 200 })).toEqual([])
    bench.runTo(64_000)
    expect([bench.core.transactionCount, bench.core.nextTimeout()]).toEqual([0, undefined])
  })

  it.each([
    ['that requires what we lack', { extra: ['Require: path, gruu'] }, 420],
    ['with a Replaces (RFC 3891 §3)', { extra: ['Replaces: a;to-tag=b;from-tag=c'] }, 400],
    ['with a To tag', { to: '<sip:a@192.0.2.1>;tag=x' }, 481],
    ['of an unknown scheme', { uri: 'x:y' }, 416],
  ])('%s is refused without a word', (_, parts, status) => {
    const bench = new Bench()
    expect(bench.send({ method: 'REGISTER', ...parts })[0]?.status).toBe(status)
    expect(bench.events).toEqual([])
  })

  it('of a flood that waits for answers is refused without state beyond 1,000', () => {
    const bench = new Bench()
    const statuses = Array.from({ length: 1010 }, (_, index) =>
      bench
        .send({ method: 'REGISTER', branch: `z9hG4bK${index}`, callId: `flood${index}` })
        .map(({ status }) => status),
    )
    expect(statuses.flat()).toEqual(Array.from({ length: 10 }, () => 503))
  })
})

describe('respond', () => {
  it.each([100, 199, 700])('with status %i is no answer', (status) => {
    const bench = new Bench()
    bench.send({ method: 'REGISTER' })
    expect(bench.command({ kind: 'respond', requestId: requestIn(bench).requestId, status })).toEqual([])
    expect(bench.warnings).toMatchObject([{ message: 'response out of place', status }])
  })
})

describe('OPTIONS of ours', () => {
  const ask = (bench: Bench): ReturnType<Bench['lastRequest']> => {
    bench.command({ kind: 'options', requestId: 'o1', requestUri: 'sip:trunk@203.0.113.5', destination: flow })
    return bench.lastRequest('OPTIONS')
  }

  it('is a request outside dialogs with its own tag and no To tag', () => {
    const request = ask(new Bench())
    expect(request.uri).toBe('sip:trunk@203.0.113.5')
    expect(header(request, 'From')).toMatch(/^<sip:192\.0\.2\.1>;tag=\w+$/)
    expect(header(request, 'To')).toBe('<sip:trunk@203.0.113.5>')
    expect(headers(request, 'Max-Forwards')).toEqual(['70'])
    expect(header(request, 'Contact')).toBe('<sip:192.0.2.1:5060>')
  })

  it.each([200, 404, 503])('ends with the status of its answer, such as %i', (status) => {
    const bench = new Bench()
    const request = ask(bench)
    bench.answer(request, 100)
    expect(bench.events).toEqual([])
    bench.answer(request, status, { tag: 'x' })
    expect(bench.events).toEqual([{ kind: 'optionsEnded', sessionId: '', requestId: 'o1', status }])
  })

  it('ends with 0 when nobody answers for 64·T1', () => {
    const bench = new Bench()
    ask(bench)
    bench.runTo(32_000)
    expect(bench.events).toEqual([{ kind: 'optionsEnded', sessionId: '', requestId: 'o1', status: 0 }])
    expect([bench.core.transactionCount, bench.core.nextTimeout()]).toEqual([0, undefined])
  })

  it('ends with 0 at once when it cannot be sent', () => {
    const bench = new Bench()
    ask(bench)
    bench.core.handle({ kind: 'flowFailed', flow, reason: 'refused' }, 10)
    expect(bench.core.drain()).toContainEqual({
      kind: 'event',
      event: { kind: 'optionsEnded', sessionId: '', requestId: 'o1', status: 0 },
    })
  })
})
