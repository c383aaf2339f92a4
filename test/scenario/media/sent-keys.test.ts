// Keys that are sent to a phone, and keys that come back in an echo: every packet read as RFC 4733 wants it, and tones where there are no events.
import { describe, expect, it } from 'vitest'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { looksLikeRtcp, PacketView } from '../../../src/rtp/packet.ts'
import { type Digit, TelephoneEventReceiver } from '../../../src/rtp/telephone-event.ts'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { SecureStudio } from './secure-studio.ts'
import { Studio } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

interface EventPacket {
  readonly event: number
  readonly end: boolean
  readonly duration: number
  readonly marker: boolean
  readonly sequence: number
  readonly timestamp: number
  readonly at: number
}

/** Reads the events that a phone is sent; everything else goes on to its ears. */
function watch(studio: Studio, phone: VirtualPhone, opened = (wire: Uint8Array): Uint8Array | undefined => wire) {
  const packets: EventPacket[] = []
  const digits: Digit[] = []
  const receiver = new TelephoneEventReceiver(phone.format.codec.facts.clockRate, (digit) => digits.push(digit))
  const hear = phone.hear.bind(phone)
  const view = new PacketView()
  phone.hear = (wire, now) => {
    const bytes = looksLikeRtcp(wire) ? undefined : opened(wire)
    if (
      bytes === undefined ||
      view.parse(bytes) !== undefined ||
      view.payloadType !== phone.plan.sendEventPayloadType
    ) {
      hear(wire, now)
      return
    }
    receiver.receive(view, now)
    const [event = -1, flags = 0, high = 0, low = 0] = bytes.subarray(view.payloadOffset)
    const { marker, sequence, timestamp } = view
    packets.push({ event, end: flags >= 128, duration: high * 256 + low, marker, sequence, timestamp, at: studio.now })
  }
  return { packets, digits }
}

async function dialled(plan: Partial<MediaPlan> = {}) {
  const studio = new Studio()
  const phone = await studio.phone('one', plan)
  const seen = watch(studio, phone)
  studio.run(200)
  let done = false
  const send = (digits: string, durationMs: number, intervalMs: number): void => {
    done = false
    studio.core.handle({ kind: 'sendDigits', legId: 'one', digits, durationMs, intervalMs }).then(
      () => {
        done = true
      },
      () => undefined,
    )
  }
  const settled = async (): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve))
    return done
  }
  return { studio, phone, ...seen, send, settled }
}

describe('keys that are sent', () => {
  it('are one event each, with growing durations, one timestamp, a marker at the beginning and three ends', async () => {
    const { studio, phone, packets, digits, send, settled } = await dialled()
    send('7#', 100, 200)
    studio.run(1000)
    expect(await settled()).toBe(true)
    expect(digits).toEqual([
      { digit: '7', durationMs: 100 },
      { digit: '#', durationMs: 100 },
    ])
    const first = packets.filter(({ event }) => event === 7)
    expect(first.map(({ duration }) => duration)).toEqual([160, 320, 480, 640, 800, 800, 800])
    expect(first.map(({ end }) => end)).toEqual([false, false, false, false, true, true, true])
    expect(first.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false, false])
    expect(new Set(first.map(({ timestamp }) => timestamp)).size).toBe(1)
    // 100 ms of the key and 200 ms between.
    const second = packets.find(({ event }) => event === 11)
    expect((second?.at ?? 0) - (first[0]?.at ?? 0)).toBe(300)
    expect(((second?.timestamp ?? 0) - (first[0]?.timestamp ?? 0)) >>> 0).toBe(300 * 8)
    // One sequence for audio and events, and the clock of audio went on.
    const all = [...packets, ...phone.packets].sort((one, other) => one.at - other.at)
    all.forEach((packet, index) => {
      expect((packet.sequence - (all[0]?.sequence ?? 0)) & 0xffff).toBe(index)
    })
    const [before, after] = [phone.packets[0], phone.packets.at(-1)]
    expect(((after?.timestamp ?? 0) - (before?.timestamp ?? 0)) >>> 0).toBe(8 * ((after?.at ?? 0) - (before?.at ?? 0)))
  })

  it.each(['opus', 'G722', 'PCMA'] as const)('count by the clock of %s', async (codec) => {
    const { studio, digits, packets, send } = await dialled({ codec })
    send('0123456789*#ABCD', 100, 0)
    studio.run(16 * 140 + 100)
    expect(digits.map(({ digit }) => digit).join('')).toBe('0123456789*#ABCD')
    expect(new Set(digits.map(({ durationMs }) => durationMs))).toEqual(new Set([100]))
    expect(packets[4]?.duration).toBe(codec === 'opus' ? 4800 : 800)
  })

  it('are sent in long packets times, too, without disturbing the clock', async () => {
    const { studio, phone, digits, send } = await dialled({ ptimeMs: 60 })
    send('12', 100, 0)
    studio.run(1000)
    expect(digits.map(({ digit }) => digit).join('')).toBe('12')
    const [before, after] = [phone.packets[0], phone.packets.at(-1)]
    expect(((after?.timestamp ?? 0) - (before?.timestamp ?? 0)) >>> 0).toBe(8 * ((after?.at ?? 0) - (before?.at ?? 0)))
  })

  it('stop when they are told to, and wait while the phone is on hold', async () => {
    const { studio, phone, digits, packets, send, settled } = await dialled()
    send('12345', 100, 100)
    studio.run(300)
    expect(await settled()).toBe(false)
    const plan = { ...phone.plan, direction: 'inactive' } as const
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan })
    const sent = digits.length
    studio.run(1000)
    expect(digits).toHaveLength(sent)
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan: phone.plan })
    studio.run(200)
    expect(digits.length).toBeGreaterThan(sent)
    await studio.core.handle({ kind: 'sendDigits', legId: 'one', digits: '', durationMs: 0, intervalMs: 0 })
    expect(await settled()).toBe(true)
    // The key that was held is let go properly.
    studio.run(60)
    const stopped = digits.length
    expect(packets.at(-1)?.end).toBe(true)
    studio.run(1000)
    expect(digits).toHaveLength(stopped)
  })

  it('end when the leg closes', async () => {
    const { studio, send, settled } = await dialled()
    send('12345', 100, 100)
    studio.run(100)
    await studio.core.handle({ kind: 'closeLeg', legId: 'one' })
    expect(await settled()).toBe(true)
  })

  it('go protected where audio does', async () => {
    const key = (octet: number, length: number): Uint8Array => new Uint8Array(length).fill(octet)
    const srtp = {
      suite: 'AES_CM_128_HMAC_SHA1_80',
      sendKey: key(1, 16),
      sendSalt: key(2, 14),
      receiveKey: key(3, 16),
      receiveSalt: key(4, 14),
    } as const
    const studio = new SecureStudio()
    const phone = await studio.phone('one', { srtp })
    const line = studio.line(phone)
    const { digits } = watch(studio, phone, (wire) => line.opened(wire))
    studio.run(100)
    studio.core
      .handle({ kind: 'sendDigits', legId: 'one', digits: '42', durationMs: 100, intervalMs: 0 })
      .catch(() => undefined)
    studio.run(500)
    expect(digits.map(({ digit }) => digit).join('')).toBe('42')
  })

  it('are pairs of tones where events were not agreed on', async () => {
    const studio = new Studio()
    const phone = await studio.phone('one')
    const { sendEventPayloadType: _send, receiveEventPayloadType: _receive, ...plan } = phone.plan
    await studio.core.handle({ kind: 'configureLeg', legId: 'one', plan })
    studio.run(200)
    const mark = phone.mark()
    const sending = studio.core.handle({
      kind: 'sendDigits',
      legId: 'one',
      digits: '5D',
      durationMs: 200,
      intervalMs: 100,
    })
    studio.run(800)
    await sending
    const level = (from: number, frequency: number): number =>
      toneLevel(phone.heard(mark).subarray(from * 8, (from + 160) * 8), { frequency, sampleRate: 8000 })
    expect([level(40, 770), level(40, 1336)].every((found) => found > -18)).toBe(true)
    expect([level(340, 941), level(340, 1633)].every((found) => found > -18)).toBe(true)
    expect([level(40, 941), level(40, 1633), level(340, 770)].every((found) => found < -45)).toBe(true)
    expect(
      phone
        .heard(mark)
        .subarray(225 * 8, 295 * 8)
        .every((sample) => sample === 0),
    ).toBe(true)
  })
})

describe('an echo', () => {
  it.each([
    [true, ['9']],
    [false, []],
  ])('sends keys back when it is to: %s', async (keys, expected) => {
    const { studio, phone, digits } = await dialled()
    await studio.core.handle({ kind: 'echo', legId: 'one', on: true, keys })
    const start = phone.timestamp
    for (let step = 1; step <= 7; step += 1) {
      studio.after(step * 20, () => {
        const duration = Math.min(step, 5) * 160
        phone.timestamp = start
        const payload = Uint8Array.from([9, (step >= 5 ? 0x80 : 0) | 10, duration >> 8, duration & 0xff])
        phone.sendPayload(payload, { marker: step === 1, payloadType: 101 })
      })
    }
    studio.run(160)
    phone.timestamp = (start + 160 * 8) >>> 0
    phone.speak({ frequency: 1000, level: -13 })
    studio.run(200)
    const mark = phone.mark()
    studio.run(500)
    expect(digits.map(({ digit }) => digit)).toEqual(expected)
    expect(phone.level(1000, mark)).toBeGreaterThan(-16)
  })
})
