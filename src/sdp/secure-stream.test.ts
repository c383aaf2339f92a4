// SRTP by a=crypto in offers and answers (RFC 4568 §5.1): profiles, choice of a line, and what is refused.
import { describe, expect, it } from 'vitest'
import type { SrtpSuite } from '../rtp/srtp-suite.ts'
import { type CryptoAttribute, formatCrypto } from './crypto-attribute.ts'
import { type AnswerInput, answerOffer, makeOffer, readAnswer } from './negotiate.ts'

const saltLength: Record<SrtpSuite, number> = {
  AES_CM_128_HMAC_SHA1_80: 14,
  AES_CM_128_HMAC_SHA1_32: 14,
  AEAD_AES_128_GCM: 12,
}
const key = (suite: SrtpSuite, tag: number, octet: number): CryptoAttribute => ({
  tag,
  suite,
  masterKey: new Uint8Array(16).fill(octet),
  masterSalt: new Uint8Array(saltLength[suite]).fill(octet + 1),
})
const line = (crypto: CryptoAttribute): string => `a=crypto:${formatCrypto(crypto)}`

const phone = { address: '198.51.100.1', rtpPort: 5004 }
const offer = (...lines: string[]): string =>
  ['v=0', 'o=alice 1 1 IN IP4 198.51.100.1', 's=-', 'c=IN IP4 198.51.100.1', 't=0 0', ...lines, ''].join('\r\n')
const asked: string[] = []
const localCrypto = (suite: SrtpSuite, tag: number): CryptoAttribute => {
  asked.push(suite)
  return key(suite, tag, 0x70)
}
const answer = (text: string, more: Partial<AnswerInput> = {}) =>
  answerOffer({
    offer: text,
    local: { address: '192.0.2.10', rtpPort: 20_000 },
    sessionId: '1',
    sessionVersion: 1,
    localCrypto,
    ...more,
  })

const gcm = key('AEAD_AES_128_GCM', 7, 0x10)
const sha80 = key('AES_CM_128_HMAC_SHA1_80', 2, 0x20)

describe('answering an offer of SRTP', () => {
  it.each(['RTP/SAVP', 'RTP/SAVPF'])(
    'echoes %s and answers the first line with its tag and a key of ours',
    (profile) => {
      const result = answer(offer(`m=audio 5004 ${profile} 0`, line(sha80), line(gcm)))
      const ours = key('AES_CM_128_HMAC_SHA1_80', 2, 0x70)
      expect(result.ok && result.answer.split('\r\n').filter((text) => /^(m|a=crypto)/.test(text))).toEqual([
        `m=audio 20000 ${profile} 0`,
        line(ours),
      ])
      expect(result.ok && result.plan.srtp).toEqual({
        suite: 'AES_CM_128_HMAC_SHA1_80',
        sendKey: ours.masterKey,
        sendSalt: ours.masterSalt,
        receiveKey: sha80.masterKey,
        receiveSalt: sha80.masterSalt,
      })
    },
  )

  it('passes over suites that it does not speak', () => {
    const foreign = 'a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:AAAA'
    const result = answer(offer('m=audio 5004 RTP/SAVP 0', foreign, line(gcm)))
    expect(result.ok && result.answer).toContain('a=crypto:7 AEAD_AES_128_GCM inline:')
    expect(result.ok && result.plan.srtp?.suite).toBe('AEAD_AES_128_GCM')
  })

  it.each([
    ['none', []],
    ['an unknown suite', ['a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA']],
    ['a key too short', ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA']],
    ['a key with an identifier', [`${line(sha80)}|2^20|1:4`]],
    ['what must not be encrypted', [`${line(sha80)} UNENCRYPTED_SRTP`]],
  ])('refuses with 488 when its lines are of no use: %s', (_, lines) => {
    const refused = { ok: false, status: 488, reason: 'no-crypto' }
    expect(answer(offer('m=audio 5004 RTP/SAVP 0', ...lines))).toEqual(refused)
  })

  it('takes a plain stream that follows one without usable keys', () => {
    const result = answer(offer('m=audio 5004 RTP/SAVP 0', 'm=audio 5006 RTP/AVP 0'))
    expect(result.ok && result.plan.remote.rtpPort).toBe(5006)
    expect(result.ok && result.plan.srtp).toBeUndefined()
  })

  it('refuses keys agreed on in another way (RFC 5764)', () => {
    const refused = { ok: false, status: 488, reason: 'secure-profile' }
    expect(answer(offer('m=audio 5004 UDP/TLS/RTP/SAVPF 0', line(sha80)))).toEqual(refused)
  })

  it('overlooks a=crypto without a secured profile, and says nothing of it', () => {
    asked.length = 0
    const result = answer(offer('m=audio 5004 RTP/AVP 0', line(sha80)))
    expect(result.ok && result.answer).not.toContain('crypto')
    expect(result.ok && 'srtp' in result.plan).toBe(false)
    expect(asked).toEqual([])
  })

  it('says when the keys would do and no codec does', () => {
    expect(answer(offer('m=audio 5004 RTP/SAVP 96', line(sha80)))).toMatchObject({ ok: false, reason: 'no-codec' })
  })
})

describe('an offer of SRTP', () => {
  const crypto = [key('AEAD_AES_128_GCM', 1, 0x30), key('AES_CM_128_HMAC_SHA1_80', 2, 0x40)]
  const ours = makeOffer({
    ...phone,
    sessionId: '1',
    sessionVersion: 1,
    direction: 'sendrecv',
    codecs: ['PCMU'],
    ptimeMs: 20,
    crypto,
  })
  const read = (...lines: string[]) => readAnswer({ offer: ours, answer: offer(...lines) })

  it('names the secured profile and every key', () => {
    expect(ours).toContain('m=audio 5004 RTP/SAVP 0 101\r\n')
    for (const each of crypto) expect(ours).toContain(`${line(each)}\r\n`)
  })

  it('is answered by ourselves: both sides have the same keys, crosswise', () => {
    const reply = answer(ours)
    const heard = reply.ok ? readAnswer({ offer: ours, answer: reply.answer }) : reply
    if (!reply.ok || !heard.ok) throw new Error('no agreement')
    const { suite, sendKey, sendSalt, receiveKey, receiveSalt } = reply.plan.srtp ?? {}
    expect(suite).toBe('AEAD_AES_128_GCM')
    expect(heard.plan.srtp).toEqual({
      suite,
      sendKey: receiveKey,
      sendSalt: receiveSalt,
      receiveKey: sendKey,
      receiveSalt: sendSalt,
    })
  })

  it.each([
    ['other-profile', ['m=audio 7000 RTP/AVP 0']],
    ['other-profile', ['m=audio 7000 RTP/SAVPF 0', line(key('AEAD_AES_128_GCM', 1, 0x50))]],
    ['no-crypto', ['m=audio 7000 RTP/SAVP 0']],
    ['no-crypto', ['m=audio 7000 RTP/SAVP 0', line(key('AEAD_AES_128_GCM', 2, 0x50))]],
    ['no-crypto', ['m=audio 7000 RTP/SAVP 0', line(key('AES_CM_128_HMAC_SHA1_32', 1, 0x50))]],
    ['no-crypto', ['m=audio 7000 RTP/SAVP 0', ...crypto.map(line)]],
  ])('finds no use in an answer that does not go with it: %s', (reason, lines) => {
    expect(read(...lines)).toEqual({ ok: false, reason })
  })
})
