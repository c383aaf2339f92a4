import { describe, expect, it } from 'vitest'
import { PacketView, writeHeader } from './packet.ts'
import { type Digit, TelephoneEventReceiver } from './telephone-event.ts'

interface EventPacket {
  readonly event: number
  readonly timestamp: number
  readonly duration: number
  readonly end?: boolean
  readonly marker?: boolean
}

function receiver() {
  const digits: Digit[] = []
  const events = new TelephoneEventReceiver(8000, (digit) => digits.push(digit))
  const view = new PacketView()
  const feed = (packet: EventPacket, now = 0): boolean => {
    const bytes = new Uint8Array(16)
    const { event, timestamp, duration, end = false, marker = false } = packet
    writeHeader(bytes, { marker, payloadType: 101, sequence: 0, timestamp, ssrc: 1 })
    bytes.set([event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff], 12)
    view.parse(bytes)
    return events.receive(view, now)
  }
  return { digits, events, feed }
}

describe('telephone-event receiver', () => {
  it('reports one digit for an event however often its packets come', () => {
    const { digits, feed } = receiver()
    feed({ event: 5, timestamp: 1000, duration: 160, marker: true })
    feed({ event: 5, timestamp: 1000, duration: 320 })
    for (let copy = 0; copy < 3; copy += 1) feed({ event: 5, timestamp: 1000, duration: 800, end: true })
    expect(digits).toEqual([{ digit: '5', durationMs: 100 }])
  })

  it('reports the same digit twice when pressed twice', () => {
    const { digits, feed } = receiver()
    feed({ event: 11, timestamp: 1000, duration: 800, end: true })
    feed({ event: 11, timestamp: 3000, duration: 400, end: true })
    expect(digits.map((digit) => digit.digit)).toEqual(['#', '#'])
  })

  it('knows all sixteen and ignores flash', () => {
    const { digits, feed } = receiver()
    for (let event = 0; event < 17; event += 1) feed({ event, timestamp: 1000 * (event + 1), duration: 400, end: true })
    expect(digits.map((digit) => digit.digit).join('')).toBe('0123456789*#ABCD')
  })

  it('ends an event whose end was lost with the next event, or after a while', () => {
    const { digits, events, feed } = receiver()
    feed({ event: 1, timestamp: 1000, duration: 400 })
    feed({ event: 2, timestamp: 2000, duration: 320 }, 60)
    expect(digits).toEqual([{ digit: '1', durationMs: 50 }])
    events.tick(200)
    expect(digits).toHaveLength(1)
    events.tick(261)
    events.tick(1000)
    expect(digits[1]).toEqual({ digit: '2', durationMs: 40 })
    expect(digits).toHaveLength(2)
  })

  it('ignores stragglers of an earlier event', () => {
    const { digits, feed } = receiver()
    feed({ event: 1, timestamp: 1000, duration: 400, end: true })
    feed({ event: 2, timestamp: 2000, duration: 400 })
    feed({ event: 1, timestamp: 1000, duration: 400, end: true })
    feed({ event: 2, timestamp: 2000, duration: 800, end: true })
    expect(digits.map((digit) => digit.digit)).toEqual(['1', '2'])
  })

  it('reports a long press of several segments once, with its whole length', () => {
    const { digits, feed } = receiver()
    feed({ event: 3, timestamp: 1000, duration: 0xffff, marker: true })
    feed({ event: 3, timestamp: 1000 + 0xffff, duration: 8000, end: true })
    expect(digits).toEqual([{ digit: '3', durationMs: Math.round((0xffff + 8000) / 8) }])
  })

  it('refuses a payload that is too short', () => {
    const view = new PacketView()
    view.parse(new Uint8Array(15).fill(0x80, 0, 1))
    expect(new TelephoneEventReceiver(8000, () => undefined).receive(view, 0)).toBe(false)
  })
})
