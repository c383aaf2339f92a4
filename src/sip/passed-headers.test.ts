import { describe, expect, it } from 'vitest'
import { header, headers } from './message.ts'
import { headerFault } from './passed-headers.ts'
import { Bench, sdp } from './user-agent.fixture.ts'

describe('headers of a command', () => {
  it('go into the INVITE untouched and in order', () => {
    const given = [
      { name: 'P-Asserted-Identity', value: '"Ann, Desk" <sip:+15551234@192.0.2.1;user=phone>' },
      { name: 'X-Trace', value: 'a;b="c, d" é' },
      { name: 'x-trace', value: '' },
      { name: 'Route', value: '<sip:192.0.2.77;lr>' },
    ]
    const invite = new Bench().invite({ headers: given })
    expect(invite.headers.filter(({ name }) => given.some((one) => one.name === name))).toEqual(given)
  })

  it.each(['Via', 'from', 'f', 'i', 'CSEQ', 'Contact', 'm', 'Content-Length', 'c', 'Authorization', 'Supported', 'k'])(
    'cannot write %s of a request: it is left out, the call goes on, and a note names it without its value',
    (name) => {
      const bench = new Bench()
      const plain = bench.invite().headers.map((entry) => entry.name)
      const other = new Bench()
      const invite = other.invite({
        headers: [
          { name, value: 'secret' },
          { name: 'X-Kept', value: '1' },
        ],
      })
      expect(invite.headers.map((entry) => entry.name).filter((entry) => entry !== 'X-Kept')).toEqual(plain)
      expect(header(invite, 'X-Kept')).toBe('1')
      expect(other.warnings).toEqual([
        { message: 'header left out', command: 'invite', name, why: 'the name is reserved' },
      ])
    },
  )

  it.each(['a\r\nVia: x', 'a\nb', 'a\rb', 'a\u0000', 'a\u007f'])('cannot carry the value %j', (value) => {
    const bench = new Bench()
    const invite = bench.invite({ headers: [{ name: 'X-A', value }] })
    expect(headers(invite, 'X-A')).toEqual([])
    expect(bench.warnings).toMatchObject([{ name: 'X-A', why: 'the value holds a control character' }])
  })

  it.each(['', 'X A', 'X:A', 'X\r\nA', 'é'])('cannot have the name %j', (name) => {
    expect(new Bench().invite({ headers: [{ name, value: 'x' }] }).headers.length).toBe(
      new Bench().invite().headers.length,
    )
  })

  it('may name contacts in a refusal, but nothing that it rests on', () => {
    const bench = new Bench()
    bench.send({ body: sdp })
    const [response] = bench.command({
      kind: 'reject',
      sessionId: bench.session,
      status: 302,
      headers: [
        { name: 'Contact', value: '<sip:b@192.0.2.30>' },
        { name: 'To', value: '<sip:x@y>' },
      ],
    })
    expect(response && [header(response, 'Contact'), headers(response, 'To').length]).toEqual(['<sip:b@192.0.2.30>', 1])
  })

  it('are checked for BYE too', () => {
    const bench = new Bench()
    bench.establish()
    bench.command({ kind: 'terminate', sessionId: bench.session, headers: [{ name: 'Call-ID', value: 'x' }] })
    expect(headers(bench.lastRequest('BYE'), 'Call-ID')).toEqual(['call1'])
  })
})

describe('headerFault', () => {
  it('says why, for those who check what a user gives them', () => {
    expect(headerFault({ name: 'X-A', value: 'fine\there' }, 'request')).toBeUndefined()
    expect(headerFault({ name: 'Contact', value: '<sip:a@b>' }, 'response')).toBeUndefined()
    expect(headerFault({ name: 'Contact', value: '<sip:a@b>' }, 'request')).toBe('the name is reserved')
    expect(headerFault({ name: 'X A', value: '' }, 'request')).toBe('the name is no token')
  })
})
