import { describe, expect, it } from 'vitest'
import type { Script } from './script.ts'
import { isSsml, parseSsml, plainScript } from './ssml.ts'

const ssml = (inside: string): Script => parseSsml(`<speak>${inside}</speak>`, true)
/** `text` or the milliseconds of a pause, in order. */
const outline = (script: Script): (string | number)[] =>
  script.map((part) => (part.kind === 'say' ? part.text : part.ms))
const manners = (script: Script) => script.flatMap((part) => (part.kind === 'say' ? [part.manner] : []))

describe('what is SSML', () => {
  it.each(['<speak>a</speak>', ' <?xml version="1.0"?>\n<speak version="1.1">a</speak>', '<speak/>'])('%s is', (text) =>
    expect(isSsml(text)).toBe(true),
  )
  it.each(['a', 'say <speak>', '<speaker>', '< speak>'])('%s is not', (text) => expect(isSsml(text)).toBe(false))
})

describe('pauses', () => {
  it.each([
    ['<break time="500ms"/>', 500],
    ['<break time="1.5s"/>', 1500],
    ['<break time=" +2S "/>', 2000],
    ['<break/>', 400],
    ['<break strength="strong"/>', 700],
    ['<break strength="x-weak" time="5ms"></break>', 5],
  ])('%s is %d ms and nothing more', (tag, ms) => {
    expect(outline(ssml(`One.${tag}Two.`))).toEqual(['One.', ms, 'Two.'])
  })

  it('may be none, at the beginning, at the end, and alone', () => {
    expect(outline(ssml('One<break strength="none"/>two'))).toEqual(['One', 'two'])
    expect(outline(ssml('<break time="1s"/>one<break time="2s"/>'))).toEqual([1000, 'one', 2000])
    expect(outline(ssml('<break time="1s"/>'))).toEqual([1000])
  })

  it('stand between paragraphs and between sentences, the longer one where both meet', () => {
    expect(outline(ssml('<p><s>A b.</s><s>C d.</s></p><p>E f.</p>'))).toEqual(['A b.', 300, 'C d.', 600, 'E f.'])
  })
})

describe('manner of speaking', () => {
  it.each([
    ['rate="slow"', { rate: 0.75 }],
    ['rate="80%"', { rate: 0.8 }],
    ['rate="+20%"', { rate: 1.2 }],
    ['rate="-20%"', { rate: 0.8 }],
    ['rate="1.5"', { rate: 1.5 }],
    ['rate="9000%"', { rate: 3 }],
    ['pitch="high"', { pitch: 1.2 }],
    ['pitch="+10%"', { pitch: 1.1 }],
    ['pitch="+12st"', { pitch: 2 }],
    ['pitch="350Hz"', { pitch: 2 }],
    ['pitch="-35Hz"', { pitch: 0.8 }],
    ['volume="soft"', { volumeDb: -6 }],
    ['volume="-12dB"', { volumeDb: -12 }],
    ['volume="+90dB"', { volumeDb: 10 }],
    ['volume="silent"', { volumeDb: Number.NEGATIVE_INFINITY }],
    ['volume="100"', { volumeDb: 0 }],
    ['contour="(0%,+20Hz)"', { rate: 1, pitch: 1, volumeDb: 0 }],
  ])('<prosody %s>', (attributes, expected) => {
    const [manner] = manners(ssml(`<prosody ${attributes}>a</prosody>`))
    for (const [name, value] of Object.entries(expected))
      expect(manner?.[name as keyof typeof manner]).toBeCloseTo(value, 5)
  })

  it('multiplies inside and returns outside', () => {
    const script = ssml('a <prosody rate="50%">b <prosody rate="150%" volume="soft">c</prosody></prosody> d')
    expect(outline(script).filter((part) => typeof part === 'string')).toEqual(['a', 'b', 'c', 'd'])
    expect(manners(script).map(({ rate, volumeDb }) => [rate, volumeDb])).toEqual([
      [1, 0],
      [0.5, 0],
      [0.75, -6],
      [1, 0],
    ])
  })
})

describe('text', () => {
  it('is spelled as digits and characters, and in English with its signs', () => {
    expect(
      outline(
        ssml('Code <say-as interpret-as="digits">12 3</say-as>, key <say-as interpret-as="characters">a#</say-as>'),
      ),
    ).toEqual(['Code 1 2 3, key A. pound'])
    expect(outline(parseSsml('<speak><say-as interpret-as="characters">ä#</say-as></speak>', false))).toEqual(['Ä. #'])
    expect(outline(ssml('<say-as interpret-as="cardinal">12</say-as>'))).toEqual(['12'])
  })

  it('is replaced by <sub>', () =>
    expect(outline(ssml('The <sub alias="World Wide Web">WWW</sub>!'))).toEqual(['The World Wide Web!']))

  it('reads through what is unknown, and goes on in one breath', () => {
    expect(
      outline(
        ssml('A <emphasis level="strong">big</emphasis> <amazon:effect name="x">deal</amazon:effect>.<audio src="x"/>'),
      ),
    ).toEqual(['A big deal.'])
  })

  it('leaves out what is about the document', () => {
    expect(outline(ssml('<metadata><x>no</x></metadata>a<!-- b --><audio src="x"><desc>c</desc>d</audio>'))).toEqual([
      'ad',
    ])
  })

  it('knows entities and CDATA', () => {
    expect(outline(ssml('a &amp; b &lt; c &#100; &#x65; <![CDATA[f & <g>]]>'))).toEqual(['a & b < c d e f & <g>'])
  })

  it('is cut at sentences when it is long', () => {
    const sentence = 'The quick brown fox jumps over the lazy dog again.'
    const script = plainScript(Array.from({ length: 20 }, () => sentence).join('\n'))
    const said = outline(script).filter((part) => typeof part === 'string')
    expect(said.length).toBeGreaterThan(2)
    expect(said.every((text) => text.length <= 300 && text.endsWith('again.'))).toBe(true)
    expect(said.join(' ')).toBe(Array.from({ length: 20 }, () => sentence).join(' '))
  })

  it('is cut anywhere when it has no words, never within a character', () => {
    const said = outline(plainScript('😀'.repeat(400)))
    expect(said.filter((part) => typeof part === 'string').join('')).toBe('😀'.repeat(400))
  })
})

describe('malformed SSML says what is wrong', () => {
  it.each([
    ['Tom & Jerry', '"&" is no known entity; write & as &amp;'],
    ['&constructor;', '"&constructor;" is no known entity'],
    ['&#0;', '"&#0;" is no known entity'],
    ['1 < 2', 'write < as &lt;'],
    ['<p>', '</speak> stands where </p> should'],
    ['</p>', '</p> stands where </speak> should'],
    ['<break time="1"/>', 'the time "1" of <break>'],
    ['<break time="11s"/>', 'longer than 10s'],
    ['<break strength="constructor"/>', 'the strength "constructor" of <break>'],
    ['<break time="1s" time="2s"/>', '<break> has time twice'],
    ['<break time=1s/>', 'is no tag'],
    ['<prosody rate="quick">a</prosody>', 'the rate "quick"'],
    ['<prosody rate="-100%">a</prosody>', 'the rate "-100%"'],
    ['<prosody pitch="constructor">a</prosody>', 'the pitch "constructor"'],
    ['<prosody volume="constructor">a</prosody>', 'the volume "constructor"'],
    ['<sub>a</sub>', '<sub> needs the attribute alias'],
    ['<say-as>a</say-as>', '<say-as> needs the attribute interpret-as'],
    ['<speak>a</speak>', '<speak> stands inside of <speak>'],
    ['<!-- a', '"<!--" has no "-->"'],
    ['<x>'.repeat(40), 'nested more than 32 deep'],
  ])('%s', (inside, message) => {
    expect(() => ssml(inside)).toThrow(message)
    expect(() => ssml(inside)).toThrow(expect.objectContaining({ kind: 'user', code: 'INVALID_ARGUMENT' }))
  })

  it.each([
    ['<speak>a', '<speak> is never closed'],
    ['<speak>a</speak>b', '"b" stands outside of <speak>'],
    ['<speak/><p/>', '<p> stands behind </speak>'],
    ['<!DOCTYPE x [<!ENTITY a "b">]><speak/>', 'DOCTYPE'],
    ['<p/>', 'begins with <p> instead of <speak>'],
  ])('%s', (text, message) => expect(() => parseSsml(text, true)).toThrow(message))
})
