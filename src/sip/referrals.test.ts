import { describe, expect, it } from 'vitest'
import { header, headers, type SipRequest } from './message.ts'
import { decodeBody } from './response.ts'
import { Bench, sdp } from './user-agent.fixture.ts'
import type { SessionEvent } from './user-agent-io.ts'

type Refer = Extract<SessionEvent, { kind: 'refer' }>

const referIn = (bench: Bench): Refer => {
  const event = bench.events.findLast((each) => each.kind === 'refer')
  if (event === undefined) throw new Error('no REFER was told')
  return event
}

/** An established session, a REFER in it, and what answered at once. */
function refer(bench: Bench, to: string, extra: readonly string[], sequence = 2): number[] {
  const branch = `z9hG4bKrefer${sequence}`
  return bench.send({ method: 'REFER', branch, to, cseq: `${sequence} REFER`, extra }).map(({ status }) => status)
}

const referTo = 'Refer-To: <sip:carol@192.0.2.30>'

function accepted(extra: readonly string[] = [referTo]): {
  bench: Bench
  to: string
  ids: Pick<Refer, 'sessionId' | 'referId'>
} {
  const bench = new Bench()
  const to = bench.establish()
  refer(bench, to, extra)
  const { sessionId, referId } = referIn(bench)
  bench.command({ kind: 'answerRefer', sessionId, referId, status: 202 })
  return { bench, to, ids: { sessionId, referId } }
}

const told = (notify: SipRequest): (string | undefined)[] => [
  header(notify, 'Subscription-State'),
  decodeBody(notify.body),
]

describe('a REFER in a dialog', () => {
  it('is told, taken with 202, and followed by NOTIFY 100 at once (RFC 3515 §2.4.4)', () => {
    const bench = new Bench()
    const to = bench.establish()
    const extra = ['Refer-To: Carol <sip:carol@192.0.2.30;method=INVITE?Subject=x>', 'Referred-By: <sip:a@192.0.2.9>']
    expect(refer(bench, to, extra)).toEqual([])
    const event = referIn(bench)
    expect(event).toEqual({
      kind: 'refer',
      sessionId: bench.session,
      referId: event.referId,
      referTo: 'sip:carol@192.0.2.30',
      referredBy: 'sip:a@192.0.2.9',
    })
    const [ok] = bench.command({ kind: 'answerRefer', sessionId: event.sessionId, referId: event.referId, status: 200 })
    expect([ok?.status, ok && header(ok, 'Contact')]).toEqual([202, '<sip:192.0.2.1:5060>'])
    const notify = bench.lastRequest('NOTIFY')
    expect(told(notify)).toEqual(['active;expires=300', 'SIP/2.0 100 Trying\r\n'])
    expect(header(notify, 'Event')).toBe('refer;id=2')
    expect(header(notify, 'Content-Type')).toBe('message/sipfrag;version=2.0')
    expect(header(notify, 'Contact')).toBe('<sip:192.0.2.1:5060>')
    expect(header(notify, 'To')).toBe('<sip:a@192.0.2.9>;tag=from1')
  })

  it('that is refused gets that status and no NOTIFY', () => {
    const bench = new Bench()
    const to = bench.establish()
    refer(bench, to, [referTo])
    const { sessionId, referId } = referIn(bench)
    expect(bench.command({ kind: 'answerRefer', sessionId, referId, status: 603 })[0]?.status).toBe(603)
    expect(bench.requests('NOTIFY')).toEqual([])
  })

  it('tells progress one NOTIFY at a time, the latest of what waited, and ends with the final status', () => {
    const { bench, ids } = accepted()
    for (const status of [180, 183]) bench.command({ kind: 'referProgress', ...ids, status })
    expect(bench.requests('NOTIFY').length).toBe(1)
    bench.answer(bench.lastRequest('NOTIFY'), 200)
    expect(told(bench.lastRequest('NOTIFY'))).toEqual(['active;expires=300', 'SIP/2.0 183 Session Progress\r\n'])
    bench.command({ kind: 'referProgress', ...ids, status: 200 })
    bench.answer(bench.lastRequest('NOTIFY'), 200)
    expect(told(bench.lastRequest('NOTIFY'))).toEqual(['terminated;reason=noresource', 'SIP/2.0 200 OK\r\n'])
    bench.command({ kind: 'referProgress', ...ids, status: 486 })
    expect(bench.requests('NOTIFY').length).toBe(3)
    expect(bench.warnings).toEqual([])
  })

  it('goes on telling after the transferor hung up (RFC 5057)', () => {
    const { bench, to, ids } = accepted()
    bench.answer(bench.lastRequest('NOTIFY'), 200)
    expect(bench.send({ method: 'BYE', branch: 'z9hG4bKbye', to, cseq: '3 BYE' })[0]?.status).toBe(200)
    bench.command({ kind: 'referProgress', ...ids, status: 486 })
    expect(told(bench.lastRequest('NOTIFY'))).toEqual(['terminated;reason=noresource', 'SIP/2.0 486 Busy Here\r\n'])
    bench.answer(bench.lastRequest('NOTIFY'), 481)
    bench.runTo(70_000)
    expect([bench.core.sessionCount, bench.core.transactionCount, bench.core.nextTimeout()]).toEqual([0, 0, undefined])
  })

  it('ends its subscription, not its session, when a NOTIFY is refused', () => {
    const { bench, ids } = accepted()
    bench.answer(bench.lastRequest('NOTIFY'), 481)
    bench.command({ kind: 'referProgress', ...ids, status: 200 })
    expect(bench.requests('NOTIFY').length).toBe(1)
    expect(bench.core.sessionCount).toBe(1)
  })

  it('ends its subscription after 300 s when the call never ends either way', () => {
    const { bench } = accepted()
    bench.answer(bench.lastRequest('NOTIFY'), 200)
    bench.runTo(300_000)
    expect(told(bench.requests('NOTIFY')[1] ?? bench.lastRequest('NOTIFY'))).toEqual([
      'terminated;reason=timeout',
      'SIP/2.0 100 Trying\r\n',
    ])
  })

  it('with `Refer-Sub: false` gets that back and no NOTIFY (RFC 4488)', () => {
    const bench = new Bench()
    refer(bench, bench.establish(), [referTo, 'Refer-Sub: false'])
    const { sessionId, referId } = referIn(bench)
    const [ok] = bench.command({ kind: 'answerRefer', sessionId, referId, status: 202 })
    expect([ok?.status, ok && header(ok, 'Refer-Sub')]).toEqual([202, 'false'])
    bench.command({ kind: 'referProgress', sessionId, referId, status: 200 })
    expect(bench.requests('NOTIFY')).toEqual([])
  })

  it('names each of several by the number of its REFER', () => {
    const { bench, to } = accepted()
    refer(bench, to, [referTo], 5)
    const { sessionId, referId } = referIn(bench)
    bench.command({ kind: 'answerRefer', sessionId, referId, status: 202 })
    expect(bench.requests('NOTIFY').map((notify) => header(notify, 'Event'))).toEqual(['refer;id=2', 'refer;id=5'])
  })

  it('that nobody answers is refused after 64·T1, one whose session ends with 487', () => {
    const bench = new Bench()
    const to = bench.establish()
    refer(bench, to, [referTo])
    bench.runTo(32_000)
    refer(bench, to, [referTo], 3)
    bench.send({ method: 'BYE', branch: 'z9hG4bKbye', to, cseq: '4 BYE' })
    const answers = bench.sent.flatMap((message) =>
      message.kind === 'response' && /REFER$/.test(header(message, 'CSeq') ?? '') ? [message.status] : [],
    )
    expect(answers).toEqual([500, 487])
  })

  it.each([
    ['without Refer-To', [], 400],
    ['with two of them', [referTo, referTo], 400],
    ['with one that is no URI', ['Refer-To: nobody'], 400],
    ['for another method', ['Refer-To: <sip:c@192.0.2.30;method=BYE>'], 403],
    ['for a scheme that we cannot call', ['Refer-To: <http://example.com/>'], 416],
    ['with a Replaces that lacks a tag', ['Refer-To: <sip:c@192.0.2.30?Replaces=x%3Bto-tag%3D1>'], 400],
    [
      'with a Replaces that smuggles a line',
      ['Refer-To: <sip:c@192.0.2.30?Replaces=x%0D%0A%3Bto-tag%3D1%3Bfrom-tag%3D2>'],
      400,
    ],
  ])('%s is refused without a word', (_, extra, status) => {
    const bench = new Bench()
    expect(refer(bench, bench.establish(), extra)).toEqual([status])
    expect(bench.events.some((event) => event.kind === 'refer')).toBe(false)
  })

  it('that is the ninth to wait is refused with 503', () => {
    const bench = new Bench()
    const to = bench.establish()
    const statuses = Array.from({ length: 9 }, (_, index) => refer(bench, to, [referTo], index + 2))
    expect(statuses.flat()).toEqual([503])
  })

  it('while the call still rings is refused with 403', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [ringing] = bench.command({ kind: 'progress', sessionId: bench.session, status: 180 })
    expect(refer(bench, (ringing && header(ringing, 'To')) ?? '', [referTo])).toEqual([403])
  })
})

describe('a Replaces in Refer-To', () => {
  it('names the session of ours that it matches', () => {
    const bench = new Bench()
    const to = bench.establish()
    const invite = bench.invite()
    bench.answer(invite, 200, {
      tag: 'bob',
      description: sdp,
      headers: [{ name: 'Contact', value: '<sip:bob@203.0.113.5>' }],
    })
    const ourTag = /tag=(\w+)/.exec(header(invite, 'From') ?? '')?.[1]
    const value = encodeURIComponent(`${header(invite, 'Call-ID')};to-tag=${ourTag};from-tag=bob`)
    refer(bench, to, [`Refer-To: <sip:room@192.0.2.1?Replaces=${value}>`])
    expect(referIn(bench)).toMatchObject({ referTo: 'sip:room@192.0.2.1', replacesSessionId: 'ours' })
    expect(referIn(bench).replaces).toBeUndefined()
  })

  it('is handed on as it is when it names a session of others', () => {
    const bench = new Bench()
    refer(bench, bench.establish(), ['Refer-To: <sip:c@192.0.2.30?replaces=call%407%3Bto-tag%3D1%3Bfrom-tag%3D2>'])
    expect(referIn(bench)).toMatchObject({ referTo: 'sip:c@192.0.2.30', replaces: 'call@7;to-tag=1;from-tag=2' })
    expect(referIn(bench).replacesSessionId).toBeUndefined()
  })
})

describe('outside dialogs', () => {
  it('a REFER is refused with 403', () => {
    const [response] = new Bench().send({ method: 'REFER', extra: [referTo] })
    expect(response?.status).toBe(403)
    expect(response && headers(response, 'Contact')).toEqual([])
  })
})
