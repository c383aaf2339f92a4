// Legs with SRTP among plain ones: heard like any other, and deaf to what does not hold the key.
import { describe, expect, it } from 'vitest'
import { read16, write16 } from '../../../src/rtp/packet.ts'
import { buildRtcp } from '../../../src/rtp/rtcp.fixture.ts'
import { parseRtcp } from '../../../src/rtp/rtcp.ts'
import { type SrtpSuite, suiteFacts } from '../../../src/rtp/srtp-suite.ts'
import type { SrtpPlan } from '../../../src/sdp/media-plan.ts'
import { SecureStudio } from './secure-studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

function keys(suite: SrtpSuite, first: number): SrtpPlan {
  const { keyLength, saltLength } = suiteFacts[suite]
  const octets = (length: number, from: number): Uint8Array => Uint8Array.from({ length }, (_, index) => from + index)
  return {
    suite,
    sendKey: octets(keyLength, first),
    sendSalt: octets(saltLength, first + 40),
    receiveKey: octets(keyLength, first + 80),
    receiveSalt: octets(saltLength, first + 120),
  }
}

const sha80 = keys('AES_CM_128_HMAC_SHA1_80', 1)

/** A secured talker and a plain listener. */
async function pair() {
  const studio = new SecureStudio()
  const one = await studio.phone('one', { srtp: sha80 })
  const two = await studio.phone('two')
  await studio.join('mix', one, two)
  return { studio, one, two }
}

async function statistics(studio: SecureStudio, legId: string) {
  const { packetsReceived, packetsUnauthentic, packetsReplayed } = await studio.core.handle({
    kind: 'statistics',
    legId,
  })
  return { packetsReceived, packetsUnauthentic, packetsReplayed }
}

const configure = (studio: SecureStudio, phone: VirtualPhone, srtp: SrtpPlan | undefined) => {
  const { srtp: _, ...plan } = phone.plan
  return studio.core.handle({ kind: 'configureLeg', legId: phone.name, plan: { ...plan, ...(srtp && { srtp }) } })
}

describe('SRTP', () => {
  it('of every suite and plain RTP hear each other, and never themselves', async () => {
    const studio = new SecureStudio()
    const gcm = keys('AEAD_AES_128_GCM', 7)
    const short = keys('AES_CM_128_HMAC_SHA1_32', 13)
    const talkers = [
      { phone: await studio.phone('sha80', { srtp: sha80 }), frequency: 500 },
      { phone: await studio.phone('gcm', { srtp: gcm }), frequency: 900 },
      { phone: await studio.phone('sha32', { srtp: short, ptimeMs: 40 }), frequency: 1300 },
      { phone: await studio.phone('plain'), frequency: 1700 },
    ]
    await studio.join('mix', ...talkers.map(({ phone }) => phone))
    for (const { phone, frequency } of talkers) phone.speak({ frequency })
    studio.run(1000)
    const marks = talkers.map(({ phone }) => phone.mark())
    studio.run(1000)
    for (const [index, { phone, frequency: own }] of talkers.entries()) {
      for (const { frequency } of talkers) {
        const level = phone.level(frequency, marks[index] ?? 0)
        if (frequency === own) expect(level).toBeLessThan(-50)
        else expect(Math.abs(level + 13)).toBeLessThan(1)
      }
      expect(studio.line(phone).unopened).toBe(0)
      expect(await statistics(studio, phone.name)).toMatchObject({ packetsUnauthentic: 0, packetsReplayed: 0 })
    }
  })

  it('lets nothing in that was tampered with or came before, and counts it', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 1000 })
    studio.run(500)
    const source = { address: one.address, port: one.port }
    const before = await statistics(studio, 'one')
    const forged = studio.line(one).lastSent.slice()
    // As if it were one that is yet to come.
    write16(forged, 2, (read16(forged, 2) + 1) & 0xffff)
    studio.arrive(one.legPort, forged, source)
    studio.arrive(one.legPort, studio.line(one).lastSent.slice(), source)
    studio.arrive(one.legPort, studio.line(one).lastSent.slice(0, 15), source)
    expect(await statistics(studio, 'one')).toEqual({
      packetsReceived: before.packetsReceived,
      packetsUnauthentic: 2,
      packetsReplayed: 1,
    })
    const mark = two.mark()
    studio.run(500)
    expect(Math.abs(two.level(1000, mark) + 13)).toBeLessThan(1)
  })

  it('drops plain packets, and does not take them for a sign of life', async () => {
    const { studio, one, two } = await pair()
    studio.line(one).use(undefined)
    const mark = two.mark()
    one.speak({ frequency: 1000 })
    studio.run(1000)
    const { packetsReceived, packetsUnauthentic } = await statistics(studio, 'one')
    expect(packetsReceived).toBe(0)
    expect(packetsUnauthentic).toBeGreaterThan(45)
    expect(two.heard(mark).every((sample) => sample === 0)).toBe(true)
  })

  it('goes on without a gap or a keystream used twice when the same keys are negotiated again', async () => {
    const { studio, one, two } = await pair()
    two.speak({ frequency: 1000 })
    studio.run(500)
    await configure(studio, one, { ...sha80, sendKey: sha80.sendKey.slice() })
    studio.run(500)
    expect(studio.line(one).unopened).toBe(0)
    one.speak({ frequency: 600 })
    studio.run(200)
    await configure(studio, one, sha80)
    studio.arrive(one.legPort, studio.line(one).lastSent.slice(), { address: one.address, port: one.port })
    expect((await statistics(studio, 'one')).packetsReplayed).toBe(1)
  })

  it('changes keys, and to plain and back, when that is negotiated', async () => {
    const { studio, one, two } = await pair()
    for (const srtp of [keys('AEAD_AES_128_GCM', 3), undefined, keys('AES_CM_128_HMAC_SHA1_80', 5)]) {
      await configure(studio, one, srtp)
      studio.line(one).use(srtp)
      one.speak({ frequency: 700 })
      two.speak({ frequency: 1100 })
      studio.run(300)
      const [atOne, atTwo] = [one.mark(), two.mark()]
      studio.run(500)
      expect(Math.abs(one.level(1100, atOne) + 13)).toBeLessThan(1)
      expect(Math.abs(two.level(700, atTwo) + 13)).toBeLessThan(1)
    }
    expect(studio.line(one).unopened).toBe(0)
  })

  it('protects RTCP both ways', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 1000 })
    studio.run(12_000)
    const reports = one.control.map((wire) => studio.line(one).openedControl(wire))
    expect(reports.length).toBeGreaterThan(1)
    expect(reports.every((report) => report !== undefined && typeof parseRtcp(report) !== 'string')).toBe(true)
    expect(two.control.every((report) => typeof parseRtcp(report) !== 'string')).toBe(true)
    const parsed = parseRtcp(reports.at(-1) ?? new Uint8Array(0))
    const sent = typeof parsed === 'string' ? undefined : parsed.find((packet) => packet.kind === 'senderReport')
    const ssrc = sent?.ssrc ?? 0
    const block = {
      ssrc,
      fractionLost: 0,
      cumulativeLost: 9,
      highestSequence: 1,
      jitter: 0,
      lastReport: 0,
      delay: 0,
    }
    const report = buildRtcp({ ssrc: one.ssrc, sender: undefined, block, cname: 'one', bye: false })
    one.sendControl(report.slice())
    expect((await studio.core.handle({ kind: 'statistics', legId: 'one' })).remoteLost).toBe(0)
    one.sendControl(studio.line(one).sealedControl(report))
    const { remoteLost, packetsUnauthentic } = await studio.core.handle({ kind: 'statistics', legId: 'one' })
    expect({ remoteLost, packetsUnauthentic }).toEqual({ remoteLost: 9, packetsUnauthentic: 1 })
  })
})
