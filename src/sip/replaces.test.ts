import { describe, expect, it } from 'vitest'
import { header } from './message.ts'
import { parseReplaces } from './replaces.ts'
import { Bench, sdp } from './user-agent.fixture.ts'

const tagIn = (value: string | undefined): string => /;tag=([^;]+)/.exec(value ?? '')?.[1] ?? ''

const takeOver = (bench: Bench, ...replaces: readonly string[]): number | undefined =>
  bench.send({
    branch: 'z9hG4bKother',
    callId: 'call2',
    body: sdp,
    extra: replaces.map((value) => `Replaces: ${value}`),
  })[0]?.status

const replacedBy = (bench: Bench): string | undefined => {
  const event = bench.events.findLast((each) => each.kind === 'incoming')
  return event?.kind === 'incoming' ? event.replacesSessionId : undefined
}

describe('an INVITE with Replaces', () => {
  it('names the session of theirs that it takes the place of', () => {
    const bench = new Bench()
    const to = bench.establish()
    const { session } = bench
    expect(takeOver(bench, `call1;to-tag=${tagIn(to)};from-tag=from1`)).toBe(100)
    expect(replacedBy(bench)).toBe(session)
    expect(bench.core.sessionCount).toBe(2)
  })

  it('names a call of ours that still rings, also with early-only', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 180, { tag: 'bob' })
    const value = `${header(invite, 'Call-ID')};from-tag=bob;to-tag=${tagIn(header(invite, 'From'))};early-only`
    expect(takeOver(bench, value)).toBe(100)
    expect(replacedBy(bench)).toBe('ours')
  })

  it('with early-only is answered 486 when the call has been answered', () => {
    const bench = new Bench()
    const to = bench.establish()
    expect(takeOver(bench, `call1;to-tag=${tagIn(to)};from-tag=from1;early-only`)).toBe(486)
    expect(bench.core.sessionCount).toBe(1)
  })

  it('is answered 481 for a call of theirs that still rings (§3)', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [ringing] = bench.command({ kind: 'progress', sessionId: bench.session, status: 180 })
    expect(takeOver(bench, `call1;to-tag=${tagIn(ringing && header(ringing, 'To'))};from-tag=from1`)).toBe(481)
  })

  it.each([
    ['a call that there is not', ['call9;to-tag=a;from-tag=b'], 481],
    ['two calls', ['call1;to-tag=a;from-tag=b', 'call2;to-tag=a;from-tag=b'], 400],
    ['no to-tag', ['call1;from-tag=b'], 400],
    ['two from-tags', ['call1;to-tag=a;from-tag=b;from-tag=c'], 400],
    ['nothing', [''], 400],
  ])('for %s is refused', (_, values, status) => {
    const bench = new Bench()
    bench.establish()
    expect(takeOver(bench, ...values)).toBe(status)
    expect(bench.core.sessionCount).toBe(1)
  })

  it('is answered 481 when its tags are exchanged: it must name us by our own tag', () => {
    const bench = new Bench()
    const to = bench.establish()
    expect(takeOver(bench, `call1;to-tag=from1;from-tag=${tagIn(to)}`)).toBe(481)
  })

  it('is answered 481 after that call ended', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.send({ method: 'BYE', branch: 'z9hG4bKbye', to, cseq: '2 BYE' })
    expect(takeOver(bench, `call1;to-tag=${tagIn(to)};from-tag=from1`)).toBe(481)
  })

  it('and Join together is answered 400', () => {
    const bench = new Bench()
    const to = bench.establish()
    const extra = [`Replaces: call1;to-tag=${tagIn(to)};from-tag=from1`, 'Join: call1;to-tag=a;from-tag=b']
    expect(bench.send({ branch: 'z9hG4bKother', callId: 'call2', body: sdp, extra })[0]?.status).toBe(400)
  })
})

describe('parseReplaces', () => {
  it('reads tags in any order and space around separators', () => {
    expect(parseReplaces(' a@b ; from-tag = 1 ;early-only; To-Tag=2;x=y')).toEqual({
      callId: 'a@b',
      toTag: '2',
      fromTag: '1',
      earlyOnly: true,
    })
  })

  it.each([
    '',
    ';to-tag=1;from-tag=2',
    'a',
    'a;to-tag=;from-tag=2',
    'a b;to-tag=1;from-tag=2',
    'a;to-tag="1";from-tag=2',
  ])('refuses %j', (value) => {
    expect(parseReplaces(value)).toBeUndefined()
  })
})
