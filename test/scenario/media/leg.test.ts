// One leg in all its moods: digits kept out of the mix, hold, echo, tones, silence, foreign packets, RTCP.
import { describe, expect, it } from 'vitest'
import { headerLength } from '../../../src/rtp/packet.ts'
import { buildRtcp } from '../../../src/rtp/rtcp.fixture.ts'
import { parseRtcp, type RtcpPacket } from '../../../src/rtp/rtcp.ts'
import { Studio } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

async function pair(options: ConstructorParameters<typeof Studio>[0] = {}) {
  const studio = new Studio(options)
  const one = await studio.phone('one')
  const two = await studio.phone('two')
  await studio.join('mix', one, two)
  return { studio, one, two }
}

/** Presses a digit: an event of 100 ms in place of audio, its end sent three times (RFC 4733 §2.5.1.4). */
function press(studio: Studio, phone: VirtualPhone, event: number): void {
  const start = phone.timestamp
  for (let step = 1; step <= 7; step += 1) {
    studio.after(step * 20, () => {
      const duration = Math.min(step, 5) * 160
      const payload = Uint8Array.from([event, (step >= 5 ? 0x80 : 0) | 10, duration >> 8, duration & 0xff])
      phone.timestamp = start
      phone.sendPayload(payload, { marker: step === 1, payloadType: 101 })
    })
  }
  studio.run(160)
  phone.timestamp = (start + 160 * 8) >>> 0
}

describe('digits', () => {
  it('are reported once each and never heard', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 1000, level: -20 })
    studio.run(1000)
    one.hushed()
    studio.run(100)
    const mark = two.mark()
    for (const event of [1, 2, 2, 11]) press(studio, one, event)
    expect(studio.notices).toEqual(
      ['1', '2', '2', '#'].map((digit) => ({ kind: 'digit', legId: 'one', digit, durationMs: 100 })),
    )
    expect(two.heard(mark).every((sample) => sample === 0)).toBe(true)
    const { packetsLost, packetsMalformed, bufferTarget } = await studio.core.handle({
      kind: 'statistics',
      legId: 'one',
    })
    expect({ packetsLost, packetsMalformed, bufferTarget }).toEqual({
      packetsLost: 0,
      packetsMalformed: 0,
      bufferTarget: 1,
    })
  })
})

describe('direction', () => {
  it('sends nothing to a far end that does not listen, and marks the first packet after', async () => {
    const { studio, two } = await pair()
    studio.run(200)
    for (const direction of ['inactive', 'recvonly'] as const) {
      await studio.core.handle({ kind: 'configureLeg', legId: 'two', plan: { ...two.plan, direction } })
      studio.run(20)
      const sent = two.packets.length
      studio.run(500)
      expect(two.packets).toHaveLength(sent)
      await studio.core.handle({ kind: 'configureLeg', legId: 'two', plan: two.plan })
      const last = two.packets.at(-1)
      studio.run(200)
      const next = two.packets[sent]
      expect(next?.marker).toBe(true)
      expect(((next?.sequence ?? 0) - (last?.sequence ?? 0)) & 0xffff).toBe(1)
      // The timestamp went on while nothing was sent (RFC 3550 §5.1).
      expect(((next?.timestamp ?? 0) - (last?.timestamp ?? 0)) >>> 0).toBe(8 * ((next?.at ?? 0) - (last?.at ?? 0)))
    }
  })

  it('does not listen to a phone on hold, and hears it again after', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 1000, level: -20 })
    studio.run(500)
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan: { ...one.plan, direction: 'sendonly' } })
    studio.run(20)
    const mark = two.mark()
    studio.run(500)
    expect(two.heard(mark).every((sample) => sample === 0)).toBe(true)
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan: one.plan })
    studio.run(100)
    const again = two.mark()
    studio.run(1000)
    expect(two.level(1000, again)).toBeCloseTo(-20, 0)
  })
})

describe('outside a mix', () => {
  it('sends silence, then the phone its own voice when asked to', async () => {
    const studio = new Studio()
    const phone = await studio.phone('one', { codec: 'PCMA' })
    phone.speak({ frequency: 700, level: -20 })
    studio.run(1000)
    expect(phone.packets).toHaveLength(50)
    expect(phone.level(700, 0)).toBeLessThan(-60)
    await studio.core.handle({ kind: 'echo', legId: 'one', on: true })
    studio.run(100)
    const mark = phone.mark()
    studio.run(1000)
    expect(phone.level(700, mark)).toBeCloseTo(-20, 0)
    await studio.core.handle({ kind: 'echo', legId: 'one', on: false })
    const off = phone.mark()
    studio.run(1000)
    expect(phone.level(700, off)).toBeLessThan(-60)
  })

  it('plays a tone for its time, over the mix as well, and replies at its end', async () => {
    const { studio, one, two } = await pair()
    two.speak({ frequency: 700, level: -20 })
    studio.run(200)
    let ended = false
    const command = { kind: 'tone', legId: 'one', tone: { frequency: 1300, durationMs: 1000, levelDbov: -15 } } as const
    const reply = studio.core.handle(command).then(() => {
      ended = true
    })
    const mark = one.mark()
    studio.run(980)
    await Promise.resolve()
    expect(ended).toBe(false)
    studio.run(40)
    await reply
    expect(one.level(1300, mark)).toBeCloseTo(-15, 0)
    expect(one.level(700, mark)).toBeCloseTo(-20, 0)
    const after = one.mark()
    studio.run(1000)
    expect(one.level(1300, after)).toBeLessThan(-50)
  })

  it('replies to a tone that is replaced, or whose leg closes', async () => {
    const { studio } = await pair()
    const tone = { frequency: 440, durationMs: 60_000, levelDbov: -15 }
    const first = studio.core.handle({ kind: 'tone', legId: 'one', tone })
    const second = studio.core.handle({ kind: 'tone', legId: 'one', tone })
    await first
    await studio.core.handle({ kind: 'closeLeg', legId: 'one' })
    await second
  })
})

describe('packet length', () => {
  it.each([10, 20, 30, 40, 60])('sends packets of %d ms when negotiated, none of it lost', async (ptimeMs) => {
    const studio = new Studio()
    const talker = await studio.phone('talker')
    const ear = await studio.phone('ear', { ptimeMs })
    await studio.join('mix', talker, ear)
    talker.speak({ frequency: 1000, level: -20 })
    studio.run(500)
    const mark = ear.mark()
    studio.run(2000)
    expect(ear.packets.every((packet) => packet.samples === 8 * ptimeMs)).toBe(true)
    ear.packets.slice(1).forEach((packet, index) => {
      expect((packet.timestamp - (ear.packets[index]?.timestamp ?? 0)) >>> 0).toBe(8 * ptimeMs)
    })
    expect(Math.abs(ear.heard(mark).length - 16_000)).toBeLessThanOrEqual(8 * ptimeMs)
    expect(ear.level(1000, mark)).toBeCloseTo(-20, 0)
  })
})

describe('far end', () => {
  it('is reported lost once when neither RTP nor RTCP comes, and back when it does', async () => {
    const { studio, one } = await pair({ mediaTimeoutMs: 2000 })
    const two = studio.phones.get('two')
    two?.speak({ frequency: 500 })
    studio.run(1900)
    expect(studio.notices).toEqual([])
    studio.run(5000)
    expect(studio.notices).toMatchObject([{ kind: 'mediaLost', legId: 'one' }])
    one.speak({ frequency: 500 })
    studio.run(100)
    expect(studio.notices[1]).toEqual({ kind: 'mediaBack', legId: 'one' })
    one.hushed()
    for (let seconds = 0; seconds < 6; seconds += 1) {
      studio.run(1000)
      one.sendControl(buildRtcp({ ssrc: one.ssrc, cname: 'phone' }))
    }
    expect(studio.notices).toHaveLength(2)
  })

  it('is not missed while it is not expected to speak', async () => {
    const { studio, one, two } = await pair({ mediaTimeoutMs: 2000 })
    for (const phone of [one, two]) {
      await studio.core.handle({
        kind: 'configureLeg',
        legId: phone.name,
        plan: { ...phone.plan, direction: 'sendonly' },
      })
    }
    studio.run(5000)
    expect(studio.notices).toEqual([])
  })

  it('cannot be spoken over by a stranger', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 1000, level: -20 })
    studio.run(500)
    const mark = two.mark()
    for (let count = 0; count < 50; count += 1) {
      const bytes = new Uint8Array(headerLength + 160).fill(0x10)
      bytes.set([0x80, 0, 0, count])
      studio.arrive(one.legPort, bytes, { address: '203.0.113.66', port: 9 })
      studio.run(20)
    }
    expect(two.level(1000, mark)).toBeCloseTo(-20, 0)
    expect(await studio.core.handle({ kind: 'statistics', legId: 'one' })).toMatchObject({ packetsForeign: 50 })
  })
})

describe('address', () => {
  it('sends to where the media really comes from, not to what was signalled', async () => {
    const studio = new Studio()
    const remote = { address: '10.0.0.5', rtpPort: 7000, rtcpPort: 7001 }
    const phone = await studio.phone('behind-nat', { remote })
    studio.run(200)
    expect(phone.packets).toHaveLength(0)
    phone.speak({ frequency: 500 })
    studio.run(200)
    expect(phone.packets.length).toBeGreaterThan(8)
  })

  it('follows a new signalled address', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 500 })
    studio.run(200)
    one.hushed()
    const remote = { address: two.address, rtpPort: two.port, rtcpPort: two.port + 1 }
    const before = two.packets.length
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan: { ...one.plan, remote } })
    studio.run(200)
    expect(two.packets.length - before).toBe(20)
  })
})

describe('RTCP', () => {
  it('shares the RTP port when the plan names one port for both', async () => {
    const studio = new Studio({ mediaTimeoutMs: 2000 })
    const phone = await studio.phone('one')
    const remote = { ...phone.plan.remote, rtcpPort: phone.port }
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan: { ...phone.plan, remote } })
    for (let second = 0; second < 10; second += 1) {
      studio.run(1000)
      studio.arrive(phone.legPort, buildRtcp({ ssrc: phone.ssrc, cname: 'phone' }), {
        address: phone.address,
        port: phone.port,
      })
    }
    expect(studio.notices).toEqual([])
    expect(phone.control).toHaveLength(0)
    expect(phone.muxedControl).toBeGreaterThan(0)
  })

  const packetsOf = (phone: VirtualPhone): RtcpPacket[] =>
    phone.control.flatMap((bytes) => parseRtcp(bytes) as RtcpPacket[])

  it('reports about every five seconds, with loss, and says goodbye', async () => {
    const { studio, one } = await pair({ weather: { loss: 0.1 } })
    one.speak({ frequency: 500 })
    studio.run(60_000)
    expect(one.control.length).toBeGreaterThan(8)
    expect(one.control.length).toBeLessThan(20)
    const report = packetsOf(one).findLast((packet) => packet.kind === 'senderReport')
    expect(report?.blocks[0]).toMatchObject({ ssrc: one.ssrc })
    expect(report?.blocks[0]?.cumulativeLost).toBeGreaterThan(150)
    expect(report?.sender.packets).toBeGreaterThan(2000)
    expect(report?.sender.octets).toBe((report?.sender.packets ?? 0) * 160)
    await studio.core.handle({ kind: 'closeLeg', legId: 'one' })
    expect(packetsOf(one).at(-1)).toEqual({ kind: 'bye', sources: [report?.ssrc] })
  })

  it("measures the round trip from the far end's answer to a report", async () => {
    const { studio, one } = await pair()
    one.speak({ frequency: 500 })
    studio.run(10_000)
    const report = packetsOf(one).findLast((packet) => packet.kind === 'senderReport')
    if (!report) throw new Error('a report was due')
    const lastReport = ((report.sender.ntp.seconds << 16) | (report.sender.ntp.fraction >>> 16)) >>> 0
    const elapsedMs =
      (1_700_000_000 +
        studio.now / 1000 -
        (report.sender.ntp.seconds - 2_208_988_800 + report.sender.ntp.fraction / 2 ** 32)) *
      1000
    const block = {
      ssrc: report.ssrc,
      fractionLost: 0,
      cumulativeLost: 3,
      highestSequence: 0,
      jitter: 0,
      lastReport,
      delay: Math.round((elapsedMs - 80) * 65.536),
    }
    one.sendControl(buildRtcp({ ssrc: one.ssrc, block, cname: 'phone' }))
    const statistics = await studio.core.handle({ kind: 'statistics', legId: 'one' })
    expect(statistics.roundTripMs).toBeCloseTo(80, 0)
    expect(statistics.remoteLost).toBe(3)
  })
})
