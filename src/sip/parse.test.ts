import { describe, expect, it } from 'vitest'
import { longestHeader, longestMessage, mostHeaders } from './head-section.ts'
import { header, headers } from './message.ts'
import { parseMessage } from './parse.ts'
import { serialize } from './serialize.ts'

const required = [
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>',
  'Call-ID: x',
  'CSeq: 1 INVITE',
]
const request = (lines: readonly string[] = [], body = '', start = 'INVITE sip:b@example.com SIP/2.0'): Buffer =>
  Buffer.from(`${[start, ...required, ...lines].join('\r\n')}\r\n\r\n${body}`)

function message(bytes: Uint8Array) {
  const result = parseMessage(bytes)
  if (!result.ok) throw new Error(result.reason)
  return result.message
}

describe('headers', () => {
  it('expands compact forms and spells names canonically', () => {
    const parsed = message(request(['k: 100rel, timer', 'cOnTaCt: <sip:a@h>', 'x-own: 1', 'x: 90']))
    expect(parsed.headers.slice(5)).toEqual([
      { name: 'Supported', value: '100rel' },
      { name: 'Supported', value: 'timer' },
      { name: 'Contact', value: '<sip:a@h>' },
      { name: 'x-own', value: '1' },
      { name: 'Session-Expires', value: '90' },
    ])
  })

  it('splits lists outside quotes and brackets only', () => {
    const parsed = message(
      request([
        'Route: "a, b" <sip:a,b@p1.example.com;lr>, <sip:p2.example.com;lr>',
        'Record-Route: <sip:r,1@h>,<sip:r2@h>',
      ]),
    )
    expect(headers(parsed, 'route')).toEqual(['"a, b" <sip:a,b@p1.example.com;lr>', '<sip:p2.example.com;lr>'])
    expect(headers(parsed, 'Record-Route')).toEqual(['<sip:r,1@h>', '<sip:r2@h>'])
  })

  it('does not split challenges, credentials and headers that it does not know', () => {
    const parsed = message(
      request(['WWW-Authenticate: Digest realm="a", nonce="b"', 'Date: Sat, 13 Nov 2010 23:29:00 GMT', 'X-List: 1, 2']),
    )
    expect(header(parsed, 'WWW-Authenticate')).toBe('Digest realm="a", nonce="b"')
    expect(header(parsed, 'Date')).toBe('Sat, 13 Nov 2010 23:29:00 GMT')
    expect(headers(parsed, 'X-List')).toEqual(['1, 2'])
  })

  it('keeps an empty list and drops empty elements of token lists', () => {
    expect(headers(message(request(['Supported:'])), 'Supported')).toEqual([''])
    expect(headers(message(request(['Allow: INVITE,, ACK,'])), 'Allow')).toEqual(['INVITE', 'ACK'])
  })

  it('keeps a list of no consequence whole when its quotes do not close', () => {
    expect(headers(message(request(['Warning: 399 h "a, b'])), 'Warning')).toEqual(['399 h "a, b'])
  })

  it('reads folded lines as one', () => {
    expect(header(message(request(['Subject: a\r\n  b\r\n\tc'])), 'Subject')).toBe('a b c')
  })

  it('does not read a line that begins with space after the start line as a header', () => {
    const bytes = Buffer.from(request().toString().replace('\r\nVia', '\r\n Via'))
    expect(parseMessage(bytes)).toMatchObject({ ok: false, reason: 'bad-header-line' })
  })

  it('tolerates text that is not UTF-8, and says so', () => {
    const bytes = Buffer.from(request(['Subject: M\u00fcller']).toString(), 'latin1')
    const result = parseMessage(bytes)
    expect(result).toMatchObject({ ok: true, warnings: ['not-utf8'] })
    expect(result.ok && header(result.message, 'Subject')).toBe('M\ufffdller')
  })
})

describe('body', () => {
  it('is cut by Content-Length; the rest of a datagram is ignored', () => {
    const result = parseMessage(request(['Content-Length: 3'], 'abcdef'))
    expect(result).toMatchObject({ ok: true, warnings: ['excess-bytes'] })
    expect(result.ok && Buffer.from(result.message.body).toString()).toBe('abc')
  })

  it('reaches to the end of the datagram without Content-Length', () => {
    expect(Buffer.from(message(request([], 'abc')).body).toString()).toBe('abc')
  })
})

describe('what is refused', () => {
  it.each([
    ['short-body', 400, request(['Content-Length: 4'], 'abc')],
    ['bad-content-length', 400, request(['Content-Length: 0x3'], 'abc')],
    ['repeated-content-length', 400, request(['Content-Length: 0', 'l: 0'])],
    ['bad-header-line', 400, request(['no colon'])],
    ['bad-header-line', 400, request(['Bad Name: x'])],
    ['bad-contact', 400, request(['Contact: <sip:a@h>,'])],
    ['bad-contact', 400, request(['Contact: *', 'Contact: <sip:a@h>'])],
    ['bad-route', 400, request(['Route: <sip:a@h'])],
    ['bad-max-forwards', 400, request(['Max-Forwards: 256'])],
    ['repeated-to', 400, request(['t: <sip:c@h>'])],
    ['cseq-method', 400, request([], '', 'BYE sip:b@example.com SIP/2.0')],
    ['bad-request-uri', 400, request([], '', 'INVITE sip: SIP/2.0')],
    ['uri-scheme', 416, request([], '', 'INVITE http://example.com SIP/2.0')],
    ['version', 505, request([], '', 'INVITE sip:b@example.com SIP/3.0')],
    ['too-many-headers', 400, request(new Array<string>(mostHeaders + 1).fill('X: y'))],
    ['too-many-headers', 400, request([`Supported: ${'a,'.repeat(mostHeaders + 1)}a`])],
    ['long-header', 400, request([`Subject: ${'x'.repeat(longestHeader)}`])],
    ['too-long', 513, request([], 'x'.repeat(longestMessage))],
    ['no-end-of-headers', 400, request().subarray(0, -2)],
  ])('%s with %i', (reason, status, bytes) => {
    const result = parseMessage(bytes)
    expect(result).toMatchObject({ ok: false, reason, status })
    expect(!result.ok && result.partial?.headers[0]).toEqual({
      name: 'Via',
      value: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    })
  })

  it('an ACK is never answered', () => {
    const bytes = Buffer.from(
      request(['no colon'])
        .toString()
        .replace(/INVITE/g, 'ACK'),
    )
    expect(parseMessage(bytes)).toEqual({ ok: false, reason: 'bad-header-line' })
  })

  it.each([
    ['empty', '\r\n\r\n'],
    ['bad-request-line', 'hello\r\n\r\n'],
    ['bad-status-line', 'SIP/2.0 20 OK\r\n\r\n'],
    ['bad-status-line', 'SIP/2.0 700 No\r\n\r\n'],
    ['bare-cr', 'INVITE sip:a@b SIP/2.0\r\nX: a\rb\r\n\r\n'],
    ['missing-via', 'SIP/2.0 200 OK\r\n\r\n'],
    ['missing-via', 'OPTIONS sip:a@b SIP/2.0\r\n\r\n'],
  ])('silently: %s', (reason, text) => {
    expect(parseMessage(Buffer.from(text))).toEqual({ ok: false, reason })
  })
})

describe('writing', () => {
  it('counts Content-Length, whatever the headers claim', () => {
    const written = serialize({ ...message(request(['Content-Length: 3'], 'abc')), body: Buffer.from('12345') })
    expect(Buffer.from(written).toString()).toMatch(/\r\nContent-Length: 5\r\n\r\n12345$/)
    expect(
      Buffer.from(written)
        .toString()
        .match(/Content-Length/g),
    ).toHaveLength(1)
  })

  it('lets no value smuggle a line in', () => {
    const parsed = message(request())
    const written = serialize({
      ...parsed,
      headers: [...parsed.headers, { name: 'Subject', value: 'x\r\nEvil: 1\r\n\r\n' }],
    })
    expect(headers(message(written), 'Evil')).toEqual([])
    const response = serialize({
      kind: 'response',
      status: 200,
      reason: 'OK\r\nEvil: 1',
      headers: parsed.headers,
      body: new Uint8Array(0),
    })
    expect(message(response)).toMatchObject({ kind: 'response', reason: 'OK Evil: 1' })
  })

  it.each([
    { method: 'IN VITE' },
    { uri: 'sip:a@b SIP/2.0\r\nEvil: 1' },
    { uri: '' },
    { headers: [{ name: 'Evil: 1\r\nX', value: '' }] },
  ])('refuses what no message can carry: %j', (wrong) => {
    const parsed = message(request())
    if (parsed.kind !== 'request') throw new Error('no request')
    expect(() => serialize({ ...parsed, ...wrong })).toThrow()
  })
})
