import { describe, expect, it } from 'vitest'
import { header, headers, type SipRequest } from './message.ts'
import type { ResponseParts } from './response.ts'
import { Bench, sdp } from './user-agent.fixture.ts'

const contact = { name: 'Contact', value: '<sip:bob@203.0.113.5>' }
const tagOf = (request: SipRequest): string | undefined => /;tag=(\w+)/.exec(header(request, 'To') ?? '')?.[1]
const tags = (bench: Bench, method: string): (string | undefined)[] => bench.requests(method).map(tagOf)
const ok = (tag: string): ResponseParts => ({ tag, description: sdp, headers: [contact] })
const reliable = (tag: string, number: number): ResponseParts => ({
  ...ok(tag),
  headers: [contact, { name: 'Require', value: '100rel' }, { name: 'RSeq', value: String(number) }],
})
const remember = (bench: Bench): string[] => bench.events.map(({ kind }) => kind)

describe('a forked INVITE', () => {
  it('has an early dialog for each fork, acknowledged by PRACK in its own order of numbers (RFC 3262 §4)', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 183, reliable('one', 70))
    bench.answer(invite, 183, reliable('two', 7))
    bench.answer(invite, 180, reliable('one', 71))
    bench.answer(invite, 180, reliable('two', 9))
    expect(
      bench.requests('PRACK').map((prack) => [tagOf(prack), header(prack, 'RAck'), header(prack, 'CSeq')]),
    ).toEqual([
      ['one', '70 1 INVITE', '2 PRACK'],
      ['two', '7 1 INVITE', '2 PRACK'],
      ['one', '71 1 INVITE', '3 PRACK'],
    ])
    expect(bench.core.dialogCount).toBe(2)
    expect(remember(bench)).toEqual(['progress', 'progress', 'progress'])
  })

  it('belongs to the first 2xx; another gets ACK and BYE, and the ACK again when it comes again', () => {
    const bench = new Bench()
    const invite = bench.invite()
    for (const tag of ['one', 'two']) bench.answer(invite, 180, ok(tag))
    for (const tag of ['two', 'one', 'one', 'two']) bench.answer(invite, 200, ok(tag))
    expect(tags(bench, 'ACK')).toEqual(['two', 'one', 'one', 'two'])
    expect(tags(bench, 'BYE')).toEqual(['one'])
    expect(remember(bench).filter((kind) => kind === 'accepted')).toEqual(['accepted'])
    expect([bench.core.dialogCount, bench.core.sessionCount]).toEqual([1, 1])
  })

  it('that was ended acknowledges and ends a 2xx that comes late still', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 200, ok('one'))
    bench.command({ kind: 'terminate', sessionId: 'ours' })
    bench.answer(invite, 200, ok('late'))
    expect([tags(bench, 'ACK'), tags(bench, 'BYE')]).toEqual([
      ['one', 'late'],
      ['one', 'late'],
    ])
    expect(bench.core.dialogCount).toBe(0)
  })

  it('whose CANCEL is crossed by two 2xx acknowledges and ends both', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 180, ok('one'))
    bench.command({ kind: 'terminate', sessionId: 'ours' })
    for (const tag of ['one', 'two']) bench.answer(invite, 200, ok(tag))
    expect([tags(bench, 'ACK'), tags(bench, 'BYE')]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
    expect(bench.events.filter(({ kind }) => kind === 'ended')).toMatchObject([{ end: { by: 'local', status: 487 } }])
  })

  it('refuses an UPDATE of a fork that is not the latest with 500 and Retry-After', () => {
    const bench = new Bench()
    const invite = bench.invite()
    for (const tag of ['one', 'two']) bench.answer(invite, 183, reliable(tag, 1))
    const [refused] = update(bench, invite, 'one')
    expect([refused?.status, refused && header(refused, 'Retry-After')]).toEqual([500, '5'])
  })
})

/** An UPDATE with an offer in the early dialog of a call of ours. */
const update = (bench: Bench, invite: SipRequest, tag: string): ReturnType<Bench['send']> =>
  bench.send({
    method: 'UPDATE',
    branch: `z9hG4bKupdate${tag}`,
    to: header(invite, 'From') ?? '',
    callId: header(invite, 'Call-ID') ?? '',
    extra: [`From: <sip:bob@203.0.113.5>;tag=${tag}`],
    body: sdp,
  })

describe('CANCEL', () => {
  it('waits for a provisional response, has the branch of the INVITE and goes once (RFC 3261 §9.1)', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.command({ kind: 'terminate', sessionId: 'ours' })
    bench.command({ kind: 'terminate', sessionId: 'ours' })
    expect(bench.requests('CANCEL')).toEqual([])
    bench.answer(invite, 100)
    bench.answer(invite, 180, { tag: 'bob' })
    expect(bench.requests('CANCEL').map((cancel) => headers(cancel, 'Via'))).toEqual([headers(invite, 'Via')])
    bench.answer(bench.lastRequest('CANCEL'), 200)
    bench.answer(invite, 487, { tag: 'bob' })
    expect(bench.events).toMatchObject([{ kind: 'ended', end: { by: 'local', status: 487 } }])
  })

  it('is not sent when the first response is final', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.command({ kind: 'terminate', sessionId: 'ours' })
    bench.answer(invite, 200, ok('bob'))
    expect([bench.requests('CANCEL').length, tags(bench, 'ACK'), tags(bench, 'BYE')]).toEqual([0, ['bob'], ['bob']])
  })
})

describe('an UPDATE of the callee before its 2xx', () => {
  it('is told when the first offer was answered reliably, and answered (RFC 3311 §5.2)', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 183, reliable('bob', 1))
    bench.answer(bench.lastRequest('PRACK'), 200)
    expect(update(bench, invite, 'bob')).toEqual([])
    expect(bench.events.at(-1)).toEqual({ kind: 'offer', sessionId: 'ours', description: sdp })
    const [answer] = bench.command({ kind: 'answer', sessionId: 'ours', description: sdp })
    expect([answer?.status, answer && header(answer, 'Content-Type')]).toEqual([200, 'application/sdp'])
    bench.answer(invite, 200, { tag: 'bob', headers: [contact] })
    expect(bench.events.at(-1)).toEqual({ kind: 'accepted', sessionId: 'ours', answer: sdp })
  })

  it('gets 491 while our offer has no answer', () => {
    const bench = new Bench()
    const invite = bench.invite()
    bench.answer(invite, 180, ok('bob'))
    expect(update(bench, invite, 'bob')[0]?.status).toBe(491)
  })
})
