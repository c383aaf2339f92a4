import { describe, expect, it } from 'vitest'
import { StreamFramer } from './framer.ts'
import { longestMessage } from './head-section.ts'

const message = (body: string, name = 'Content-Length'): string =>
  `INFO sip:a@b SIP/2.0\r\nX: y\r\n${name}: ${body.length}\r\n\r\n${body}`

const texts = (messages: readonly Uint8Array[]): string[] =>
  messages.map((bytes) => Buffer.from(bytes).toString('latin1'))

/** Everything that comes out when the text arrives in pieces of `size` bytes. */
function feed(text: string, size: number) {
  const framer = new StreamFramer()
  const bytes = Buffer.from(text, 'latin1')
  const messages: string[] = []
  let pings = 0
  let error: string | undefined
  for (let at = 0; at < bytes.length; at += size) {
    const framed = framer.push(bytes.subarray(at, at + size))
    messages.push(...texts(framed.messages))
    pings += framed.pings
    error ??= framed.error
  }
  return { messages, pings, error, pending: framer.pendingBytes }
}

describe.each([1, 2, 3, 7, 64, 10_000])('in pieces of %i bytes', (size) => {
  it('cuts messages, bodies with empty lines included', () => {
    const all = [message('a\r\n\r\nb'), message(''), message('xyz', 'l'), message('q', 'content-length ')]
    expect(feed(all.join(''), size)).toEqual({ messages: all, pings: 0, error: undefined, pending: 0 })
  })

  it('counts pings between messages and passes over single line ends', () => {
    const all = [message('1'), message('2')]
    expect(feed(`\r\n\r\n${all[0]}\r\n\r\n\r\n\r\n\r\n${all[1]}\r\n`, size)).toMatchObject({
      messages: all,
      pings: 3,
      error: undefined,
    })
  })

  it('keeps an unfinished message back', () => {
    expect(feed(message('abc').slice(0, -1), size)).toMatchObject({ messages: [], pending: message('abc').length - 1 })
  })

  it.each([
    ['missing-content-length', 'INFO sip:a@b SIP/2.0\r\nX: y\r\n\r\n'],
    ['bad-content-length', 'INFO sip:a@b SIP/2.0\r\nl: -1\r\n\r\n'],
    ['repeated-content-length', 'INFO sip:a@b SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n'],
    ['bare-cr', 'INFO sip:a@b SIP/2.0\r\nl: 1\rx\r\n\r\n'],
    ['too-long', 'INFO sip:a@b SIP/2.0\r\nl: 65535\r\n\r\n'],
  ])('gives up with %s after the messages before it', (error, text) => {
    expect(feed(message('1') + text, size)).toEqual({ messages: [message('1')], pings: 0, error, pending: 0 })
  })
})

it('takes the longest message and no more', () => {
  const head = 'INFO sip:a@b SIP/2.0\r\nl: 65000\r\nX: '
  const filler = longestMessage - 65_000 - head.length - 4
  const longest = `${head}${'y'.repeat(filler)}\r\n\r\n${'z'.repeat(65_000)}`
  expect(feed(longest, 4096)).toMatchObject({ messages: [longest], error: undefined })
  expect(feed('x'.repeat(longestMessage), 4096)).toMatchObject({ error: 'too-long', pending: 0 })
})

it('stays dead after an error', () => {
  const framer = new StreamFramer()
  expect(framer.push(Buffer.from('x\r\n\r\n')).error).toBe('missing-content-length')
  expect(framer.push(Buffer.from(message('1')))).toEqual({ messages: [], pings: 0, error: 'missing-content-length' })
})

it('hands out copies that later bytes do not change', () => {
  const framer = new StreamFramer()
  const [first] = framer.push(Buffer.from(message('one'))).messages
  framer.push(Buffer.from(message('two')))
  expect(texts(first ? [first] : [])).toEqual([message('one')])
})
