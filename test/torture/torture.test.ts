// RFC 4475 and RFC 5118: every message has a verdict, and what is valid survives being written and read again.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseCSeq } from '../../src/sip/cseq.ts'
import { StreamFramer } from '../../src/sip/framer.ts'
import { header, headers, type SipMessage } from '../../src/sip/message.ts'
import { parseNameAddr } from '../../src/sip/name-addr.ts'
import { type ParseResult, parseMessage } from '../../src/sip/parse.ts'
import { serialize } from '../../src/sip/serialize.ts'
import { decodedUser, parseUri } from '../../src/sip/uri.ts'
import { parseVia } from '../../src/sip/via.ts'
import { type Refused, type Valid, verdicts } from './verdicts.ts'

const folder = new URL('./messages/', import.meta.url)
const sums = new Map(
  readFileSync(new URL('SHA256SUMS', folder), 'utf8')
    .trim()
    .split('\n')
    .map((line) => [line.slice(66), line.slice(0, 64)] as const),
)
const archived = (name: string): Buffer => readFileSync(new URL(`${name}.dat`, folder))

/** An archived message as it would travel: CRLF line ends, the header section closed, Content-Length counted. */
function asSent(name: string): Uint8Array {
  const text = archived(name).toString('utf8').replace(/\r?\n/g, '\r\n')
  const end = text.indexOf('\r\n\r\n')
  const [head, body] = end < 0 ? [text.trimEnd(), ''] : [text.slice(0, end), text.slice(end + 4)]
  return Buffer.from(`${head.replace(/^(Content-Length|l): \d+$/m, `$1: ${Buffer.byteLength(body)}`)}\r\n\r\n${body}`)
}

function judge(result: ParseResult, expected: Valid | Refused): void {
  if (expected.kind === 'refused') {
    expect(result).toMatchObject({ ok: false, reason: expected.reason })
    expect(result.ok ? undefined : result.status).toBe(expected.status)
    expect(!result.ok && result.partial !== undefined).toBe(expected.status !== undefined)
    return
  }
  const message = valid(result)
  expect(startOf(message)).toBe(expected.start)
  expect(message.body.length).toBe(expected.bodyBytes)
  for (const [name, values] of Object.entries(expected.headers)) expect(headers(message, name), name).toEqual(values)
}

function valid(result: ParseResult): SipMessage {
  if (!result.ok) throw new Error(`refused: ${result.reason}`)
  return result.message
}

const startOf = (message: SipMessage): string =>
  message.kind === 'request' ? `${message.method} ${message.uri}` : `${message.status} ${message.reason}`

/** Everything but Content-Length, which a writer always counts anew. */
const comparable = (message: SipMessage): SipMessage => ({
  ...message,
  headers: message.headers.filter(({ name }) => name !== 'Content-Length'),
  body: Uint8Array.from(message.body),
})

const parsed = (name: string): SipMessage => valid(parseMessage(archived(name)))
const first = (name: string, field: string): string => header(parsed(name), field) ?? ''

it('has a verdict for each message and a message for each verdict', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.dat'))
  expect(files.sort()).toEqual(verdicts.map(({ name }) => `${name}.dat`).sort())
  expect(verdicts.filter(({ rfc }) => rfc === 4475)).toHaveLength(49)
  expect(verdicts.filter(({ rfc }) => rfc === 5118)).toHaveLength(12)
})

describe.each(verdicts)('RFC $rfc §$section $name: $why', (verdict) => {
  const forms = verdict.sent === undefined ? [archived(verdict.name)] : [archived(verdict.name), asSent(verdict.name)]

  it('is byte for byte the RFC’s', () => {
    expect(createHash('sha256').update(archived(verdict.name)).digest('hex')).toBe(sums.get(`${verdict.name}.dat`))
  })

  it('gets its verdict', () => {
    judge(parseMessage(archived(verdict.name)), verdict.archived)
    if (verdict.sent) judge(parseMessage(asSent(verdict.name)), verdict.sent)
  })

  it('is stable when written and read again, if it is valid', () => {
    for (const result of forms.map(parseMessage)) {
      if (!result.ok) continue
      const written = serialize(result.message)
      const again = valid(parseMessage(written))
      expect(comparable(again)).toEqual(comparable(result.message))
      expect(Buffer.from(serialize(again)).equals(Buffer.from(written))).toBe(true)
    }
  })

  it('comes out of a stream whole, however it is cut, if it is valid', () => {
    for (const result of forms.map(parseMessage)) {
      if (!result.ok) continue
      const written = serialize(result.message)
      const framer = new StreamFramer()
      const messages = Array.from(written, (byte) => framer.push(Uint8Array.of(byte)).messages).flat()
      expect(messages.map((message) => Buffer.from(message).equals(Buffer.from(written)))).toEqual([true])
    }
  })
})

describe('what the messages are about', () => {
  it('wsinv: white space goes, escapes in quotes resolve, numbers keep no leading zeros', () => {
    expect(parseNameAddr(first('wsinv', 'From'))).toMatchObject({
      displayName: 'J Rosenberg \\"',
      uri: 'sip:jdrosen@example.com',
    })
    expect(parseNameAddr(first('wsinv', 'From'))?.params.get('tag')).toBe('98asjd8')
    expect(parseNameAddr(first('wsinv', 'To'))?.params.get('tag')).toBe('1918181833n')
    expect(parseCSeq(first('wsinv', 'CSeq'))).toEqual({ number: 9, method: 'INVITE' })
    expect(headers(parsed('wsinv'), 'Via').map((value) => parseVia(value))).toMatchObject([
      { transport: 'UDP', host: '192.0.2.2', branch: '390skdjuw' },
      { transport: 'TCP', host: 'spindle.example.com', branch: 'z9hG4bK9ikj8' },
      { transport: 'UDP', host: '192.168.255.111', branch: 'z9hG4bK30239' },
    ])
    const contact = parseNameAddr(first('wsinv', 'Contact'))
    expect(contact?.displayName).toBe('Quoted string ""')
    expect([...(contact?.params ?? [])]).toEqual([
      ['newparam', 'newvalue'],
      ['secondparam', ''],
      ['q', '0.33'],
    ])
  })

  it('intmeth: unusual characters arrive in their places', () => {
    const uri = parseUri(parsed('intmeth').kind === 'request' ? (startOf(parsed('intmeth')).split(' ')[1] ?? '') : '')
    expect(uri).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: 'example.com',
    })
    expect(parseNameAddr(first('intmeth', 'To'))?.displayName).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f')
    const from = parseNameAddr(first('intmeth', 'From'))
    expect(from?.displayName).toBe("token1~` token2'+_ token3*%!.-")
    expect(from?.params.get("fromparam''~+*_!.-%")).toBe('"работающий"')
    expect(from?.params.get('tag')).toBe("_token~1'+`*%!-.")
    expect(first('intmeth', "extensionHeader-!.%*+_`'~")).toBe('\ufeff大停電')
  })

  it('esc01: escapes resolve once and only where they are escapes', () => {
    expect(
      decodedUser(
        parseUri('sip:sips%3Auser%40example.com@example.net') ?? {
          scheme: '',
          host: '',
          params: new Map(),
          headers: new Map(),
        },
      ),
    ).toBe('sips:user@example.com')
    const contact = parseUri(parseNameAddr(first('esc01', 'Contact'))?.uri ?? '')
    expect(contact?.params.get('n%61me')).toBe('v%61lue%25%34%31')
  })

  it('cparam01 and cparam02: a parameter belongs to the header or to the URI', () => {
    expect(parseNameAddr(first('cparam01', 'Contact'))?.params.has('unknownparam')).toBe(true)
    const second = parseNameAddr(first('cparam02', 'Contact'))
    expect(second?.params.size).toBe(0)
    expect(parseUri(second?.uri ?? '')?.params.has('unknownparam')).toBe(true)
  })

  it('regescrt: the header within the URI is found', () => {
    expect([...(parseUri(parseNameAddr(first('regescrt', 'Contact'))?.uri ?? '')?.headers ?? [])]).toEqual([
      ['Route', '%3Csip:sip.example.com%3E'],
    ])
  })

  it('badvers, badaspec: what is let through for the answer is understood', () => {
    const refused = parseMessage(archived('badvers'))
    expect(parseVia(refused.ok ? '' : (header(refused.partial ?? parsed('zeromf'), 'Via') ?? ''))).toMatchObject({
      version: '7.0',
      host: 'c.example.com',
    })
    expect(parseNameAddr(first('badaspec', 'To'))).toMatchObject({
      displayName: 'Watson, Thomas',
      uri: 'sip:t.watson@example.org',
    })
  })

  it('RFC 5118: addresses are kept without brackets, ports apart', () => {
    const host = (name: string) => parseUri(startOf(valid(parseMessage(asSent(name)))).split(' ')[1] ?? '')
    expect(host('port-ambiguous')).toMatchObject({ host: '2001:db8::10:5070' })
    expect(host('port-ambiguous')?.port).toBeUndefined()
    expect(host('port-unambiguous')).toMatchObject({ host: '2001:db8::10', port: 5070 })
    expect(host('ipv6-bug-abnf-3-colons')).toMatchObject({ user: 'user', host: '2001:db8::192.0.2.1' })
    expect(parseVia(first('via-received-param-with-delim', 'Via'))?.received).toBe('2001:db8::9:255')
    expect(parseVia(first('via-received-param-no-delim', 'Via'))).toMatchObject({
      received: '2001:db8::9:255',
      branch: 'z9hG4bKas3',
    })
    expect(parseVia(first('ipv4-mapped-ipv6', 'Via'))).toMatchObject({ host: '::ffff:192.0.2.10', port: 19_823 })
  })
})
