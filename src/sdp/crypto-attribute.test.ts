import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allSuites, suiteFacts } from '../rtp/srtp-suite.ts'
import { chooseCrypto, formatCrypto, makeCrypto, matchCrypto, parseCrypto } from './crypto-attribute.ts'

/** 30 octets: 16 of key, 14 of salt. */
const inline = 'inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz'
const gcm = `inline:${Buffer.alloc(28, 5).toString('base64')}`
const cm80 = 'AES_CM_128_HMAC_SHA1_80'

const reasonOf = (value: string): string => {
  const result = parseCrypto(value)
  return result.ok ? 'ok' : result.reason
}

describe('a=crypto', () => {
  it('gives key and salt of the example in RFC 4568 §4', () => {
    const parsed = parseCrypto(`1 ${cm80} inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20`)
    expect(parsed.ok && parsed.crypto).toEqual({
      tag: 1,
      suite: cm80,
      masterKey: new Uint8Array(Buffer.from('70xwPH5@/,L:S1wY')),
      masterSalt: new Uint8Array(Buffer.from('"~=\'EpgT%(i_Vc')),
      lifetime: 2 ** 20,
    })
  })

  it.each([
    [`1 ${cm80} ${inline}`],
    [`  12 ${cm80}\t${inline}  `],
    [`999999999 AES_CM_128_HMAC_SHA1_32 ${inline}|1048576`],
    [`1 ${cm80} ${inline}|2^48 WSH=128 -UNHEARD_OF=1`],
    [`2 AEAD_AES_128_GCM ${gcm}`],
    [`2 AEAD_AES_128_GCM ${gcm.replace(/=+$/, '')}`],
  ])('takes %s', (value) => expect(reasonOf(value)).toBe('ok'))

  it.each([
    ['', 'malformed'],
    [`${cm80} ${inline}`, 'malformed'],
    [`01 ${cm80} ${inline}`, 'malformed'],
    [`1234567890 ${cm80} ${inline}`, 'malformed'],
    [`1 ${cm80}`, 'malformed'],
    [`1 ${cm80} inline:`, 'malformed'],
    [`1 ${cm80} inline:WVNf*X19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz`, 'malformed'],
    [`1 ${cm80} ${inline}|2^20|2^20`, 'malformed'],
    [`1 ${cm80} ${inline}${' '.repeat(2000)}`, 'malformed'],
    [`1 F8_128_HMAC_SHA1_80 ${inline}`, 'unknown-suite'],
    [`1 constructor ${inline}`, 'unknown-suite'],
    [`1 ${cm80} uri:https://keys.example/1`, 'unknown-key-method'],
    [`1 ${cm80} ${inline}|2^20|1:4;${inline}|2^20|2:4`, 'several-keys'],
    [`1 ${cm80} ${gcm}`, 'key-length'],
    [`1 AEAD_AES_128_GCM ${inline}`, 'key-length'],
    [`1 ${cm80} ${inline}|0`, 'lifetime'],
    [`1 ${cm80} ${inline}|2^49`, 'lifetime'],
    [`1 ${cm80} ${inline}|soon`, 'lifetime'],
    [`1 ${cm80} ${inline}|2^20|1:4`, 'mki'],
    [`1 ${cm80} ${inline}|1:4`, 'mki'],
    [`1 ${cm80} ${inline} UNENCRYPTED_SRTP`, 'session-parameter'],
    [`1 ${cm80} ${inline} UNENCRYPTED_SRTCP`, 'session-parameter'],
    [`1 ${cm80} ${inline} UNAUTHENTICATED_SRTP`, 'session-parameter'],
    [`1 ${cm80} ${inline} KDR=1`, 'session-parameter'],
    [`1 ${cm80} ${inline} FEC_ORDER=FEC_SRTP`, 'session-parameter'],
    [`1 ${cm80} ${inline} WSH=128 UNHEARD_OF`, 'session-parameter'],
  ])('refuses %s', (value, reason) => expect(reasonOf(value)).toBe(reason))

  it('reads what it writes', () => {
    for (const suite of allSuites) {
      const made = makeCrypto(suite, 7, (length) => new Uint8Array(length).fill(length))
      expect([made.masterKey.length, made.masterSalt.length]).toEqual([16, suiteFacts[suite].saltLength])
      expect(parseCrypto(formatCrypto(made))).toEqual({ ok: true, crypto: made })
    }
  })

  it('never throws', () => {
    const words = fc.constantFrom('1', cm80, inline, gcm, '|', ';', ' ', '2^20', ':', '-', 'WSH=', '\0', '=', 'é')
    const text = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.array(words, { maxLength: 12 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(text, (value) => {
        const result = parseCrypto(value)
        if (result.ok) expect(parseCrypto(formatCrypto(result.crypto)).ok).toBe(true)
      }),
      { seed: 4568, numRuns: 3000 },
    )
  })
})

describe('choice among offered lines', () => {
  const offered = [
    `1 AES_256_CM_HMAC_SHA1_80 ${inline}`,
    `2 ${cm80} ${inline}|2^20|1:4`,
    `3 AES_CM_128_HMAC_SHA1_32 ${inline}`,
    `4 ${cm80} ${inline}`,
    `5 AEAD_AES_128_GCM ${gcm}`,
  ]

  it('follows the order of the offer', () => {
    expect(chooseCrypto(offered, allSuites)).toMatchObject({ tag: 3, suite: 'AES_CM_128_HMAC_SHA1_32' })
    expect(chooseCrypto(offered, ['AEAD_AES_128_GCM', cm80])).toMatchObject({ tag: 4, suite: cm80 })
    const { remoteKey, remoteSalt } = chooseCrypto(offered, ['AEAD_AES_128_GCM']) ?? {}
    expect([remoteKey, remoteSalt]).toEqual([new Uint8Array(16).fill(5), new Uint8Array(12).fill(5)])
  })

  it('finds nothing where there is nothing', () => {
    expect(chooseCrypto([], allSuites)).toBeUndefined()
    expect(chooseCrypto(offered.slice(0, 2), allSuites)).toBeUndefined()
    expect(chooseCrypto(offered, [])).toBeUndefined()
    expect(chooseCrypto([`1 AES_CM_128_HMAC_SHA1_32 ${inline}`, `1 ${cm80} ${inline}`], [cm80])).toBeUndefined()
    expect(chooseCrypto([...Array(40).fill('x'), `1 ${cm80} ${inline}`], allSuites)).toBeUndefined()
  })
})

describe('answer to our lines', () => {
  const random = (length: number) => new Uint8Array(length).fill(9)
  const ours = [makeCrypto('AEAD_AES_128_GCM', 1, random), makeCrypto(cm80, 2, random)]

  it('is one line with a tag and suite of ours', () => {
    const matched = matchCrypto(ours, [`2 ${cm80} ${inline}`])
    expect(matched?.local).toBe(ours[1])
    expect(matched?.remote).toMatchObject({ tag: 2, suite: cm80 })
  })

  it.each([
    ['no line', []],
    ['two lines', [`1 AEAD_AES_128_GCM ${gcm}`, `2 ${cm80} ${inline}`]],
    ['another tag', [`3 ${cm80} ${inline}`]],
    ['another suite', [`1 ${cm80} ${inline}`]],
    ['a line that cannot be used', [`2 ${cm80} ${inline} UNENCRYPTED_SRTP`]],
  ])('is refused with %s', (_, lines) => expect(matchCrypto(ours, lines)).toBeUndefined())
})
