import { describe, expect, it } from 'vitest'
import { header, headers } from './message.ts'
import { Bench, flow, type RequestParts, sdp } from './user-agent.fixture.ts'

const statusOf = (parts: RequestParts): number | undefined => new Bench().send(parts)[0]?.status

describe('a request outside dialogs', () => {
  it.each([
    ['SUBSCRIBE', 405],
    ['MESSAGE', 405],
    ['WIBBLE', 501],
  ])('%s is answered %i with Allow', (method, status) => {
    const [response] = new Bench().send({ method })
    expect(response?.status).toBe(status)
    expect(response && headers(response, 'Allow')).toEqual(expect.arrayContaining(['INVITE', 'REGISTER']))
  })

  it.each(['BYE', 'UPDATE', 'INFO', 'PRACK', 'CANCEL', 'NOTIFY'])('%s is answered 481', (method) => {
    expect(statusOf({ method })).toBe(481)
  })

  it('OPTIONS is answered 200 with what we can, also at the last hop', () => {
    const [response] = new Bench().send({ method: 'OPTIONS', extra: ['Max-Forwards: 0'] })
    expect(response?.status).toBe(200)
    expect(response && headers(response, 'Allow')).toContain('UPDATE')
    expect(response && header(response, 'Accept')).toBe('application/sdp')
    expect(response && headers(response, 'Supported')).toEqual(['100rel', 'timer', 'replaces', 'norefersub'])
  })

  it('that requires an unknown extension is answered 420 with its name', () => {
    const [response] = new Bench().send({ extra: ['Require: 100rel, nothingSupportsThis'] })
    expect(response?.status).toBe(420)
    expect(response && header(response, 'Unsupported')).toBe('nothingsupportsthis')
  })

  it.each([
    ['an unknown URI scheme', { uri: 'nobodyKnowsThisScheme:x' }, 416],
    ['no hops left', { extra: ['Max-Forwards: 0'] }, 483],
    ['no Contact', { without: 'Contact' }, 400],
    ['an Accept without application/sdp', { extra: ['Accept: text/plain'] }, 406],
    ['too short a session interval', { extra: ['Session-Expires: 60', 'Supported: timer'] }, 422],
    ['another protocol version', { version: 'SIP/7.0' }, 505],
    ['an unknown To tag', { to: '<sip:room@192.0.2.1>;tag=gone' }, 481],
  ] as const)('that is an INVITE with %s is refused', (_, parts, status) => {
    const bench = new Bench()
    expect(bench.send(parts)[0]?.status).toBe(status)
    expect([bench.core.sessionCount, bench.core.transactionCount]).toEqual([0, 0])
  })

  it('with a body that is no session description is answered 415 with Accept', () => {
    const [response] = new Bench().send({ body: 'hello', extra: ['Content-Type: text/plain'] })
    expect(response?.status).toBe(415)
    expect(response && header(response, 'Accept')).toBe('application/sdp')
  })

  it('with an encoded body is answered 415 with Accept-Encoding', () => {
    const [response] = new Bench().send({ body: 'xx', extra: ['Content-Encoding: gzip'] })
    expect([response?.status, response && header(response, 'Accept-Encoding')]).toEqual([415, 'identity'])
  })

  it('that lacks its Call-ID is answered 400, as far as can be (its answer lacks it too)', () => {
    const bench = new Bench()
    bench.send({ without: 'Call-ID' })
    const sent = bench.outputs.find((output) => output.kind === 'send')
    expect(sent?.kind === 'send' && new TextDecoder().decode(sent.bytes).split('\r\n')[0]).toBe(
      'SIP/2.0 400 Bad Request',
    )
  })

  it('gets the same answer again without anything being kept', () => {
    const bench = new Bench()
    const [first] = bench.send({ method: 'OPTIONS' })
    const [again] = bench.send({ method: 'OPTIONS' })
    expect(again && header(again, 'To')).toBe(first && header(first, 'To'))
    expect(bench.core.transactionCount).toBe(0)
    expect(bench.core.nextTimeout()).toBeUndefined()
  })

  it('is answered to its source, with received and rport (RFC 3581)', () => {
    const bench = new Bench()
    const [response] = bench.send({ method: 'OPTIONS' })
    expect(response && headers(response, 'Via')).toEqual([
      'SIP/2.0/UDP 192.0.2.9:5060;rport=40000;branch=z9hG4bKone;received=203.0.113.5',
    ])
    expect(bench.outputs.find((output) => output.kind === 'send')).toMatchObject({ flow })
  })

  it('that came another way before is answered 482 (§8.2.2.2)', () => {
    const bench = new Bench()
    expect(bench.send({ body: sdp })[0]?.status).toBe(100)
    expect(bench.send({ body: sdp, branch: 'z9hG4bKtwo' })[0]?.status).toBe(482)
    expect(bench.core.sessionCount).toBe(1)
  })

  it('that carries a Via of ours is answered 482, one that merely names us is not', () => {
    const bench = new Bench()
    bench.command({
      kind: 'invite',
      sessionId: 's',
      requestUri: 'sip:room@203.0.113.5',
      from: { uri: 'sip:a@192.0.2.1', displayName: '' },
      to: { uri: 'sip:room@203.0.113.5', displayName: '' },
      destination: flow,
      offer: sdp,
    })
    const sent = bench.outputs.find((output) => output.kind === 'send')
    const ours = sent?.kind === 'send' ? sent.bytes : new Uint8Array()
    const via = /^Via: (.*)$/m.exec(new TextDecoder().decode(ours))?.[1]?.trim()
    expect(bench.raw(ours)[0]?.status).toBe(482)
    const parts = {
      body: sdp,
      branch: `z9hG4bKouter`,
      extra: [`Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKouter, ${via}`],
    }
    expect(bench.send(parts)[0]?.status).toBe(482)
    const foreign = { body: sdp, extra: ['Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0123456789abcdef0123456789ab'] }
    expect(bench.send(foreign)[0]?.status).toBe(100)
  })
})

describe('a draining user agent', () => {
  it('answers new INVITEs with 503 and Retry-After and serves running sessions on', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.command({ kind: 'drain' })
    const [refused] = bench.send({ body: sdp, branch: 'z9hG4bKnew', callId: 'call2' })
    expect(refused?.status).toBe(503)
    expect(refused && header(refused, 'Retry-After')).toBe('60')
    expect(bench.send({ method: 'OPTIONS', branch: 'z9hG4bKin', to, cseq: '2 OPTIONS' })[0]?.status).toBe(200)
  })
})

describe('a request in a dialog', () => {
  it('that is the ACK of a 2xx counts also with the branch of the INVITE (RFC 6026 §7.1)', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [ok] = bench.command({ kind: 'accept', sessionId: bench.session, description: sdp })
    bench.send({ method: 'ACK', to: (ok && header(ok, 'To')) ?? '', cseq: '1 ACK' })
    expect(bench.events.at(-1)?.kind).toBe('confirmed')
  })

  it('with a lower CSeq is answered 500', () => {
    const bench = new Bench()
    const to = bench.establish()
    expect(bench.send({ method: 'INFO', branch: 'z9hG4bKa', to, cseq: '5 INFO' })[0]?.status).toBe(200)
    expect(bench.send({ method: 'INFO', branch: 'z9hG4bKb', to, cseq: '4 INFO' })[0]?.status).toBe(500)
  })

  it('that is an INFO with DTMF is told, with another body refused', () => {
    const bench = new Bench()
    const to = bench.establish()
    const body = 'Signal=5\r\nDuration=160\r\n'
    const info = { method: 'INFO', to, body }
    bench.send({ ...info, branch: 'z9hG4bKa', cseq: '2 INFO', extra: ['Content-Type: application/dtmf-relay'] })
    expect(bench.events.at(-1)).toEqual({
      kind: 'info',
      sessionId: bench.session,
      contentType: 'application/dtmf-relay',
      body,
    })
    const [refused] = bench.send({
      ...info,
      branch: 'z9hG4bKb',
      cseq: '3 INFO',
      extra: ['Content-Type: application/x'],
    })
    expect([refused?.status, refused && headers(refused, 'Accept')]).toEqual([
      415,
      ['application/dtmf-relay', 'application/dtmf'],
    ])
  })

  it('that is an INFO of a package is answered 469 with an empty Recv-Info (RFC 6086 §4.2.2)', () => {
    const bench = new Bench()
    const to = bench.establish()
    const extra = ['Info-Package: dtmf', 'Content-Type: application/dtmf-relay']
    const [refused] = bench.send({ method: 'INFO', branch: 'z9hG4bKa', to, cseq: '2 INFO', body: 'Signal=5', extra })
    expect([refused?.status, refused && headers(refused, 'Recv-Info')]).toEqual([469, ['']])
    expect(bench.events.at(-1)?.kind).toBe('confirmed')
  })

  it('that is an INFO with a bare digit or without a body is answered 200, the digit told', () => {
    const bench = new Bench()
    const to = bench.establish()
    const info = { method: 'INFO', to }
    const extra = ['Content-Type: Application/DTMF; charset=utf-8']
    expect(bench.send({ ...info, branch: 'z9hG4bKa', cseq: '2 INFO', body: '#', extra })[0]?.status).toBe(200)
    expect(bench.events.at(-1)).toMatchObject({ kind: 'info', contentType: 'application/dtmf', body: '#' })
    expect(bench.send({ ...info, branch: 'z9hG4bKb', cseq: '3 INFO' })[0]?.status).toBe(200)
    expect(bench.events.filter(({ kind }) => kind === 'info').length).toBe(1)
  })

  it.each([
    ['REGISTER', 405],
    ['NOTIFY', 481],
    ['WIBBLE', 501],
  ])('%s is answered %i', (method, status) => {
    const bench = new Bench()
    const to = bench.establish()
    expect(bench.send({ method, branch: 'z9hG4bKa', to, cseq: `2 ${method}` })[0]?.status).toBe(status)
    expect(bench.core.sessionCount).toBe(1)
  })

  it('that is an UPDATE without offer refreshes and is answered at once', () => {
    const bench = new Bench()
    const to = bench.establish()
    const [ok] = bench.send({
      method: 'UPDATE',
      branch: 'z9hG4bKa',
      to,
      cseq: '2 UPDATE',
      extra: ['Session-Expires: 300;refresher=uac', 'Supported: timer'],
    })
    expect([ok?.status, ok && header(ok, 'Session-Expires')]).toEqual([200, '300;refresher=uac'])
    expect(bench.events.at(-1)?.kind).toBe('confirmed')
  })

  it('that is an UPDATE with an offer waits for the answer; a second offer meanwhile gets 500 with Retry-After', () => {
    const bench = new Bench()
    const to = bench.establish()
    expect(bench.send({ method: 'UPDATE', branch: 'z9hG4bKa', to, cseq: '2 UPDATE', body: sdp })).toEqual([])
    const [busy] = bench.send({ method: 'UPDATE', branch: 'z9hG4bKb', to, cseq: '3 UPDATE', body: sdp })
    expect(busy?.status).toBe(500)
    expect(Number(busy && header(busy, 'Retry-After'))).toBeLessThanOrEqual(10)
    const [ok] = bench.command({ kind: 'answer', sessionId: bench.session, description: sdp })
    expect([ok?.status, ok && header(ok, 'CSeq')]).toEqual([200, '2 UPDATE'])
  })

  it('that offers in an early dialog whose first offer is open gets 500, one that offers nothing 200 (RFC 3311 §5.2)', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [ringing] = bench.command({ kind: 'progress', sessionId: bench.session, status: 180 })
    const to = (ringing && header(ringing, 'To')) ?? ''
    expect(bench.send({ method: 'UPDATE', branch: 'z9hG4bKa', to, cseq: '2 UPDATE', body: sdp })[0]?.status).toBe(500)
    expect(bench.send({ method: 'UPDATE', branch: 'z9hG4bKb', to, cseq: '3 UPDATE' })[0]?.status).toBe(200)
    expect(bench.command({ kind: 'accept', sessionId: bench.session, description: sdp })[0]?.status).toBe(200)
  })

  it('that offers in an early dialog is told once the first answer was acknowledged by PRACK (RFC 3311 §5.2)', () => {
    const bench = new Bench()
    bench.send({ body: sdp, extra: ['Supported: 100rel'] })
    const [early] = bench.command({ kind: 'progress', sessionId: bench.session, status: 183, answer: sdp })
    const to = (early && header(early, 'To')) ?? ''
    const extra = [`RAck: ${early && header(early, 'RSeq')} 1 INVITE`]
    expect(bench.send({ method: 'PRACK', branch: 'z9hG4bKp', to, cseq: '2 PRACK', extra })[0]?.status).toBe(200)
    expect(bench.send({ method: 'UPDATE', branch: 'z9hG4bKa', to, cseq: '3 UPDATE', body: sdp })).toEqual([])
    expect(bench.events.at(-1)).toEqual({ kind: 'offer', sessionId: bench.session, description: sdp })
    const [refused] = bench.command({ kind: 'refuseOffer', sessionId: bench.session, status: 488 })
    expect([refused?.status, refused && header(refused, 'CSeq')]).toEqual([488, '3 UPDATE'])
    expect(bench.command({ kind: 'accept', sessionId: bench.session, description: sdp })[0]?.body.length).toBe(0)
  })

  it('that is a PRACK with the wrong number is answered 481, and the response waits on', () => {
    const bench = new Bench()
    bench.send({ body: sdp, extra: ['Require: 100rel'] })
    const [ringing] = bench.command({ kind: 'progress', sessionId: bench.session, status: 180 })
    const to = (ringing && header(ringing, 'To')) ?? ''
    const number = Number(ringing && header(ringing, 'RSeq'))
    const prack = (rack: string, cseq: number): number | undefined =>
      bench.send({ method: 'PRACK', branch: `z9hG4bKp${cseq}`, to, cseq: `${cseq} PRACK`, extra: [`RAck: ${rack}`] })[0]
        ?.status
    expect([prack(`${number + 1} 1 INVITE`, 2), prack(`${number} 9 INVITE`, 3), prack('x', 4)]).toEqual([481, 481, 481])
    expect(bench.core.nextTimeout()?.why).toBe('reliable provisional response')
    expect(prack(`${number} 1 INVITE`, 5)).toBe(200)
  })

  it('that is a BYE in an early dialog ends the call and refuses its INVITE with 487', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [ringing] = bench.command({ kind: 'progress', sessionId: bench.session, status: 180 })
    const to = (ringing && header(ringing, 'To')) ?? ''
    const answers = bench.send({ method: 'BYE', branch: 'z9hG4bKa', to, cseq: '2 BYE' })
    expect(answers.map((response) => `${response.status} ${header(response, 'CSeq')}`)).toEqual([
      '200 2 BYE',
      '487 1 INVITE',
    ])
    expect(bench.events.at(-1)).toMatchObject({ kind: 'ended', end: { by: 'remote', status: 487 } })
  })

  it('that is a PRACK for nothing is answered 481', () => {
    const bench = new Bench()
    const to = bench.establish()
    const rack = { method: 'PRACK', branch: 'z9hG4bKa', to, cseq: '2 PRACK', extra: ['RAck: 1 1 INVITE'] }
    expect(bench.send(rack)[0]?.status).toBe(481)
  })

  it('that is a re-INVITE without a body asks for our offer, and its ACK answers', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.send({ branch: 'z9hG4bKa', to, cseq: '2 INVITE' })
    expect(bench.events.at(-1)).toEqual({ kind: 'offerRequested', sessionId: bench.session })
    const [ok] = bench.command({ kind: 'answer', sessionId: bench.session, description: sdp })
    expect(new TextDecoder().decode(ok?.body)).toBe(sdp)
    bench.send({ method: 'ACK', branch: 'z9hG4bKb', to, cseq: '2 ACK', body: sdp })
    expect(bench.events.at(-1)).toEqual({ kind: 'confirmed', sessionId: bench.session, answer: sdp })
  })

  it('that cancels a re-INVITE leaves the session as it was', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.send({ branch: 'z9hG4bKa', to, cseq: '2 INVITE', body: sdp })
    const answers = bench.send({ method: 'CANCEL', branch: 'z9hG4bKa', to, cseq: '2 CANCEL' })
    expect(answers.map((response) => `${response.status} ${header(response, 'CSeq')}`)).toEqual([
      '200 2 CANCEL',
      '487 2 INVITE',
    ])
    expect(bench.core.sessionCount).toBe(1)
  })

  it('that cancels an INVITE of a session that is over gets the tag of its 2xx (§9.2)', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.send({ method: 'BYE', branch: 'z9hG4bKbye', to, cseq: '2 BYE' })
    const [answer] = bench.send({ method: 'CANCEL' })
    expect([answer?.status, answer && header(answer, 'To')]).toEqual([200, to])
    expect(bench.core.sessionCount).toBe(0)
  })

  it('changes the remote target (§12.2.2)', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.send({
      method: 'UPDATE',
      branch: 'z9hG4bKa',
      to,
      cseq: '2 UPDATE',
      extra: ['Contact: <sip:moved@192.0.2.9:5099>'],
    })
    bench.command({ kind: 'terminate', sessionId: bench.session })
    const bye = bench.outputs.findLast((output) => output.kind === 'send')
    expect(bye?.kind === 'send' && new TextDecoder().decode(bye.bytes).split('\r\n')[0]).toBe(
      'BYE sip:moved@192.0.2.9:5099 SIP/2.0',
    )
  })
})

describe('a flood', () => {
  it('of INVITEs that nobody answers is refused without state beyond 1,000 of one address, others are served', () => {
    const bench = new Bench()
    let refused = 0
    for (let index = 0; index < 1200; index += 1) {
      const [response] = bench.send({ branch: `z9hG4bK${index}`, callId: `flood${index}` })
      if (response?.status === 503) refused += 1
    }
    expect(refused).toBe(200)
    expect(bench.core.sessionCount).toBe(1000)
    const other = { ...flow, remoteAddress: '203.0.113.6' }
    expect(bench.send({ branch: 'z9hG4bKother', callId: 'other' }, other)[0]?.status).toBe(100)
  })

  it('of garbage, stray responses and stray ACKs leaves nothing, and is loud only now and then', () => {
    const bench = new Bench()
    for (let index = 0; index < 1000; index += 1) {
      bench.raw(new TextEncoder().encode(`garbage ${index}`))
      bench.send({ method: 'ACK', branch: `z9hG4bK${index}`, to: '<sip:x@y>;tag=1', cseq: '1 ACK' })
    }
    expect([bench.core.transactionCount, bench.core.sessionCount, bench.core.nextTimeout()]).toEqual([0, 0, undefined])
    const loud = bench.outputs.filter((output) => output.kind === 'note' && output.level === 'warn')
    expect(loud.length).toBeLessThan(30)
  })
})

describe('nextTimeout', () => {
  it('names what is waited for', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    expect(bench.core.nextTimeout()).toEqual({ at: 60_000, why: 'provisional response again' })
    bench.command({ kind: 'accept', sessionId: bench.session, description: sdp })
    expect(bench.core.nextTimeout()).toEqual({ at: 500, why: '2xx retransmission' })
  })

  it('is undefined 64·T1 after the end of all calls', () => {
    const bench = new Bench()
    const to = bench.establish()
    bench.runTo(5000)
    bench.send({ method: 'BYE', branch: 'z9hG4bKbye', to, cseq: '2 BYE' })
    bench.runTo(5000 + 32_000)
    expect(bench.core.nextTimeout()).toBeUndefined()
    expect([bench.core.sessionCount, bench.core.transactionCount, bench.core.dialogCount]).toEqual([0, 0, 0])
  })
})
