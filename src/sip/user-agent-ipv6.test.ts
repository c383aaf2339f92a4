import { describe, expect, it } from 'vitest'
import type { TransportFlow } from './flow.ts'
import { header, headers } from './message.ts'
import { decodeBody } from './response.ts'
import { Bench, sdp } from './user-agent.fixture.ts'

const phone: TransportFlow = { transport: 'UDP', remoteAddress: '2001:db8::9', remotePort: 5060 }
const offer = sdp.replaceAll('IP4 192.0.2.9', 'IP6 2001:db8::9')

const parts = {
  uri: 'sip:room@[2001:db8::1]',
  to: '<sip:room@[2001:db8::1]>',
  body: offer,
  extra: [
    'Via: SIP/2.0/UDP [2001:DB8:0::9]:5060;rport;branch=z9hG4bKone',
    'Contact: <sip:a@[2001:db8::9]:5062>',
    'Record-Route: <sip:[2001:db8::77]:5070;lr>',
  ],
}

describe('a user agent on IPv6', () => {
  it('writes its address in brackets into Via, Contact and From', () => {
    const bench = new Bench('2001:db8::1')
    const invite = bench.invite({ requestUri: 'sip:bob@[2001:db8::5]', destination: phone })
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/UDP \[2001:db8::1\]:5060;rport;branch=/)
    expect(header(invite, 'Contact')).toBe('<sip:[2001:db8::1]:5060>')
    bench.command({ kind: 'options', requestId: 'o', requestUri: 'sip:[2001:db8::5]', destination: phone })
    expect(header(bench.lastRequest('OPTIONS'), 'From')).toMatch(/^<sip:\[2001:db8::1\]>;tag=/)
  })

  it('takes the responses to its requests, however its address is spelt in their Via', () => {
    const bench = new Bench('2001:db8::1')
    const invite = bench.invite({ destination: phone })
    const via = (header(invite, 'Via') ?? '').replace('[2001:db8::1]', '[2001:0DB8:0:0::1]')
    const spelt = {
      ...invite,
      headers: invite.headers.map((one) => (one.name === 'Via' ? { ...one, value: via } : one)),
    }
    bench.answer(spelt, 180, { tag: 'bob' })
    expect(bench.events).toEqual([{ kind: 'progress', sessionId: 'ours', status: 180 }])
  })

  it('answers to the source, with `received` without brackets (RFC 5118 §4.5) and the body of the far end untouched', () => {
    const bench = new Bench('2001:db8::1')
    const [trying] = bench.send(parts, phone)
    expect(trying && header(trying, 'Via')).toBe(
      'SIP/2.0/UDP [2001:DB8:0::9]:5060;rport=5060;branch=z9hG4bKone;received=2001:db8::9',
    )
    expect(bench.events.at(-1)).toMatchObject({ kind: 'incoming', offer })
  })

  it('follows a Route of numeric IPv6 and names the Contact in its requests', () => {
    const bench = new Bench('2001:db8::1')
    bench.send(parts, phone)
    const [ok] = bench.command({ kind: 'accept', sessionId: bench.session, description: offer })
    bench.send({ ...parts, method: 'ACK', to: (ok && header(ok, 'To')) ?? '', cseq: '1 ACK', body: '' }, phone)
    bench.command({ kind: 'terminate', sessionId: bench.session })
    const bye = bench.lastRequest('BYE')
    expect([bye.uri, headers(bye, 'Route')]).toEqual(['sip:a@[2001:db8::9]:5062', ['<sip:[2001:db8::77]:5070;lr>']])
    expect(bench.outputs.findLast((output) => output.kind === 'send')).toMatchObject({
      flow: { transport: 'UDP', remoteAddress: '2001:db8::77', remotePort: 5070 },
    })
  })

  it('declines a late offer with an address of its own family', () => {
    const bench = new Bench('2001:db8::1')
    const command = { requestUri: 'sip:bob@[2001:db8::5]', destination: phone }
    bench.command({
      kind: 'invite',
      sessionId: 'late',
      from: { uri: 'sip:room@[2001:db8::1]', displayName: '' },
      to: { uri: command.requestUri, displayName: '' },
      ...command,
    })
    const invite = bench.lastRequest('INVITE')
    const contact = { name: 'Contact', value: '<sip:bob@[2001:db8::5]>' }
    bench.answer(invite, 200, { tag: 'bob', description: offer, headers: [contact] })
    bench.command({ kind: 'terminate', sessionId: 'late' })
    const answer = decodeBody(bench.lastRequest('ACK').body)
    expect(answer).toContain('c=IN IP6 2001:db8::1')
    expect(answer).toContain('m=audio 0 RTP/AVP 0')
  })
})
