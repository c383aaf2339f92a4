import { expect, it } from 'vitest'
import { formatDescription, longestDescription, mostMediaSections, parseDescription } from './description.ts'
import { revise } from './session-version.ts'

const minimal = 'v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n'

function parsed(text: string) {
  const result = parseDescription(text)
  if (!result.ok) throw new Error(result.reason)
  return result.description
}

it('keeps identifiers as they are, however long', () => {
  expect(parsed(minimal.replace('1 2', '00123456789012345678901234567890 7')).origin.sessionId).toBe(
    '00123456789012345678901234567890',
  )
})

it('puts lines where they belong', () => {
  const description = parsed(
    `${minimal}a=tool:x\r\nm=audio 5004/2 RTP/AVP 0 8\r\nc=IN IP4 224.2.1.1/127/3\r\na=ptime:20\r\na=sendonly\r\n`,
  )
  expect(description.attributes).toEqual([{ name: 'tool', value: 'x' }])
  expect(description.media).toEqual([
    {
      media: 'audio',
      port: 5004,
      portCount: 2,
      protocol: 'RTP/AVP',
      formats: ['0', '8'],
      connection: { family: 'IP4', address: '224.2.1.1' },
      attributes: [{ name: 'ptime', value: '20' }, { name: 'sendonly' }],
    },
  ])
})

it('writes what it read', () => {
  const text = `${minimal}a=tool:x\r\nm=audio 5004/2 RTP/AVP 0 8\r\nc=IN IP6 2001:db8::1\r\na=ptime:20\r\na=sendonly\r\nm=video 0 RTP/AVP 31\r\n`
  expect(formatDescription(parsed(text))).toBe(text)
})

it('tolerates bare LF, missing s= and t=, an empty name and lines of other types', () => {
  expect(parsed('v=0\no=- 1 2 IN IP4 h.example.com\nb=AS:64\nm=audio 1 RTP/AVP 0\n')).toMatchObject({
    name: '',
    timing: '0 0',
  })
  expect(parsed(minimal.replace('s=-', 's=')).name).toBe('')
})

it.each([
  ['bad-version', ''],
  ['bad-version', 'v=1\r\n'],
  ['missing-origin', 'v=0\r\n'],
  ['bad-origin', 'v=0\r\no=- a b IN IP4 x\r\n'],
  ['bad-origin', 'v=0\r\no=- 1 2 IN IP5 x\r\n'],
  ['bad-connection', `${minimal}c=IN IP4 \r\n`],
  ['bad-timing', `${minimal}t=now\r\n`],
  ['bad-media', `${minimal}m=audio\r\n`],
  ['bad-media', `${minimal}m=audio -1 RTP/AVP 0\r\n`],
  ['bad-media', `${minimal}m=audio 1 RTP/AVP\r\n`],
  ['bad-line', `${minimal}hello\r\n`],
  ['bad-line', `${minimal}a=x\ry\r\n`],
  ['too-long', minimal + 'a'.repeat(longestDescription)],
  ['too-many-lines', minimal + 'a=x\r\n'.repeat(1100)],
  ['too-many-media', minimal + 'm=audio 1 RTP/AVP 0\r\n'.repeat(mostMediaSections + 1)],
])('refuses with %s', (reason, text) => {
  expect(parseDescription(text)).toEqual({ ok: false, reason })
})

it('lets no value smuggle a line in', () => {
  const description = parsed(minimal)
  expect(formatDescription({ ...description, name: 'x\r\na=evil' })).toContain('s=x  a=evil\r\n')
})

it('raises the version when the description changes, and only then', () => {
  const write = (direction: string) => (version: number) => `o=${version} a=${direction}`
  const first = revise(undefined, write('sendrecv'))
  expect(first).toEqual({ version: 1, text: 'o=1 a=sendrecv' })
  expect(revise(first, write('sendrecv'))).toBe(first)
  const held = revise(first, write('inactive'))
  expect(held).toEqual({ version: 2, text: 'o=2 a=inactive' })
  expect(revise(held, write('sendrecv')).version).toBe(3)
})
