// Published test vectors: RFC 3711 Appendix B, RFC 7714 §16 and §17, and the reference packets every other implementation is held against.
import { createCipheriv, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSrtpContext } from './srtp.ts'
import { GcmTransform } from './srtp-gcm.ts'
import { HmacSha1 } from './srtp-hmac.ts'
import { deriveKeys } from './srtp-key-derivation.ts'
import { Keystream } from './srtp-keystream.ts'
import { protectionRoom, type SrtpSuite } from './srtp-suite.ts'
import { PacketPlace } from './srtp-transform.ts'

const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function roomy(plain: string): { packet: Uint8Array; length: number } {
  const bytes = octets(plain)
  const packet = new Uint8Array(bytes.length + protectionRoom)
  packet.set(bytes)
  return { packet, length: bytes.length }
}

const place = (fields: Partial<PacketPlace>): PacketPlace => Object.assign(new PacketPlace(), fields)

const cmKeys = {
  suite: 'AES_CM_128_HMAC_SHA1_80',
  masterKey: octets('e1f97a0d3e018be0d64fa32c06de4139'),
  masterSalt: octets('0ec675ad498afeebb6960b3aabe6'),
} as const

describe('RFC 3711 Appendix B', () => {
  it('B.2: makes the keystream of AES in counter mode', () => {
    const keystream = new Keystream(octets('2b7e151628aed2a6abf7158809cf4f3c'), octets('f0f1f2f3f4f5f6f7f8f9fafbfcfd'))
    const zeros = new Uint8Array(16 * 0xff02)
    keystream.apply(zeros, place({ length: zeros.length }))
    const block = (counter: number): string => hex(zeros.subarray(16 * counter, 16 * counter + 16))
    expect(block(0x0000)).toBe('e03ead0935c95e80e166b16dd92b4eb4')
    expect(block(0x0001)).toBe('d23513162b02d0f72a43a2fe4a5f97ab')
    expect(block(0x0002)).toBe('41e95b3bb0a2e8dd477901e4fca894c0')
    expect(block(0xfeff)).toBe('ec8cdf7398607cb0f2d21675ea9ea1e4')
    expect(block(0xff00)).toBe('362b7c3c6773516318a077d7fc5073ae')
    expect(block(0xff01)).toBe('6a2cc3787889374fbeb4c81b17ba6c44')
  })

  it('is the same made ahead, out of order, for any source and any index', () => {
    const key = octets('c61e7a93744f39ee10734afe3ff7a087')
    const salt = octets('30cbbc08863d8c85d49db34a9ae1')
    const keystream = new Keystream(key, salt)
    const expected = (ssrc: number, index: number, length: number): string => {
      const start = (BigInt(`0x${hex(salt)}`) ^ (BigInt(ssrc) << 48n) ^ BigInt(index)) << 16n
      const cipher = createCipheriv('aes-128-ctr', key, octets(start.toString(16).padStart(32, '0')))
      return hex(cipher.update(new Uint8Array(length)))
    }
    const steps = [0, 1, 5, 3, 4, 30, 29, 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 48 - 20, 2 ** 48 - 1, 7]
    for (const ssrc of [0xcafe_babe, 1, 0xcafe_babe])
      for (const index of steps)
        for (const length of [160, 10, 1440, 3000, 160]) {
          const zeros = new Uint8Array(length)
          keystream.apply(zeros, place({ ssrc, index, length }))
          expect(hex(zeros)).toBe(expected(ssrc, index, length))
        }
  })

  it('B.3: derives the session keys, those of SRTCP too', () => {
    const { rtp, rtcp } = deriveKeys(cmKeys)
    expect(hex(rtp.encryption)).toBe('c61e7a93744f39ee10734afe3ff7a087')
    expect(hex(rtp.authentication)).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4')
    expect(hex(rtp.salt)).toBe('30cbbc08863d8c85d49db34a9ae1')
    expect(hex(rtcp.encryption)).toBe('4c1aa45a81f73d61c800bbb00fbb1eaa')
    expect(hex(rtcp.authentication)).toBe('8d54534feb49ae8e7993a6bd0b844fc323a93dfd')
    expect(hex(rtcp.salt)).toBe('9581c7ad87b3e530bf3e4454a8b3')
  })
})

describe('RFC 7714', () => {
  const session = {
    encryption: octets('000102030405060708090a0b0c0d0e0f'),
    authentication: new Uint8Array(0),
    salt: octets('517569642070726f2071756f'),
  }
  const transform = new GcmTransform({ suite: 'AEAD_AES_128_GCM', rtp: session, rtcp: session })
  const rtp = `8040f17b8041f8d35501a0b2 47616c6c69612065 7374206f6d6e6973 2064697669736120 696e207061727465 732074726573`
  const sealedRtp = `8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bca be633bd50d294e6f42a5f47a51c7d19b
    36de3adf8833 899d7f27beb16a9152cf765ee4390cce`
  const rtcp = `81c8000d4d617273 4e5450314e545032525450200000042a 0000e9304c756e61deadbeefdeadbeef
    deadbeefdeadbeefdeadbeef`
  const sealedRtcp = `81c8000d4d617273 63e94885dcdab67ca727d7662f6b7e99 7ff5c0f76c06f32dc676a5f1730d6fda
    4ce09b4686303ded0bb9275b c84aa45896cf4d2fc5abf87245d9eade 800005d4`
  const taggedRtcp = `${rtcp} 841dd9683dd78ec92ae58790125f62b3 000005d4`
  const rtpPlace = place({ ssrc: 0x5501a0b2, index: 0xf17b, headerLength: 12, length: 50 })
  const rtcpPlace = place({ ssrc: 0x4d617273, index: 0x5d4, headerLength: 8, length: 52 })

  it('§16.1: seals and opens SRTP', () => {
    const { packet, length } = roomy(rtp)
    transform.protectRtp(packet, rtpPlace)
    expect(hex(packet.subarray(0, length + 16))).toBe(hex(octets(sealedRtp)))
    expect(transform.openRtp(packet, rtpPlace)).toBe(true)
    expect(hex(packet.subarray(0, length))).toBe(hex(octets(rtp)))
  })

  it('§17.1: seals and opens SRTCP', () => {
    const { packet, length } = roomy(rtcp)
    transform.protectRtcp(packet, rtcpPlace)
    expect(hex(packet)).toBe(hex(octets(sealedRtcp)))
    expect(transform.openRtcp(packet, rtcpPlace, true)).toBe(true)
    expect(hex(packet.subarray(0, length))).toBe(hex(octets(rtcp)))
  })

  it('§17.3: takes SRTCP that is only tagged', () => {
    const packet = octets(taggedRtcp)
    expect(transform.openRtcp(packet, rtcpPlace, false)).toBe(true)
    expect(hex(packet)).toBe(hex(octets(taggedRtcp)))
    packet[20] = 1
    expect(transform.openRtcp(packet, rtcpPlace, false)).toBe(false)
  })
})

describe('reference packets', () => {
  const plainRtp = '800f1234decafbadcafebabe abababababababababababababababab'
  const plainRtcp = '81c8000bcafebabe abababababababababababababababab'
  const cases: readonly {
    readonly suite: SrtpSuite
    readonly masterKey: Uint8Array
    readonly masterSalt: Uint8Array
    readonly rtp: string
    readonly rtcp: string
  }[] = [
    {
      ...cmKeys,
      rtp: '800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb',
      rtcp: '81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798',
    },
    {
      suite: 'AEAD_AES_128_GCM',
      masterKey: octets('000102030405060708090a0b0c0d0e0f'),
      masterSalt: octets('a0a1a2a3a4a5a6a7a8a9aaab'),
      rtp: '800f1234decafbadcafebabe c5002ede04cfdd2eb91159e0880aa06e d2976826f796b201df3131a127e8a392',
      rtcp: '81c8000bcafebabe c98b8b5df0392a55852b6c21ac8e7025 c52c6fbea2b3b446ea31123ba88ce61e 80000001',
    },
  ]

  it.each(cases)('$suite: RTP comes out octet for octet', ({ rtp, rtcp: _, ...keys }) => {
    const { packet, length } = roomy(plainRtp)
    const sealed = createSrtpContext(keys).protectRtp(packet, length)
    expect(hex(packet.subarray(0, sealed))).toBe(hex(octets(rtp)))
    expect(createSrtpContext(keys).unprotectRtp(packet, sealed)).toEqual({ ok: true, length })
    expect(hex(packet.subarray(0, length))).toBe(hex(octets(plainRtp)))
  })

  it.each(cases)('$suite: RTCP number 1 comes out octet for octet', ({ rtp: _, rtcp, ...keys }) => {
    const context = createSrtpContext(keys)
    const number0 = roomy(plainRtcp)
    context.protectRtcp(number0.packet, number0.length)
    const { packet, length } = roomy(plainRtcp)
    const sealed = context.protectRtcp(packet, length)
    expect(hex(packet.subarray(0, sealed))).toBe(hex(octets(rtcp)))
    expect(createSrtpContext(keys).unprotectRtcp(packet, sealed)).toEqual({ ok: true, length })
    expect(hex(packet.subarray(0, length))).toBe(hex(octets(plainRtcp)))
  })
})

describe('HMAC-SHA1', () => {
  it('agrees with node:crypto at every length around its blocks', () => {
    const key = octets('cebe321f6ff7716b6fd4ab49af256a156d38baa4')
    const hmac = new HmacSha1(key)
    const text = new Uint8Array(300).map((_, index) => index * 7)
    for (let length = 0; length <= 300; length += 1) {
      hmac.compute(text, length)
      const expected = createHmac('sha1', key).update(text.subarray(0, length)).digest()
      expect(hex(hmac.digest)).toBe(hex(expected))
      hmac.compute(text, length, 0xfedc_ba98)
      const longer = createHmac('sha1', key).update(text.subarray(0, length)).update(octets('fedcba98')).digest()
      expect(hex(hmac.digest)).toBe(hex(longer))
    }
  })
})
