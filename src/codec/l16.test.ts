import { describe, expect, it } from 'vitest'
import { l16At8, l16At16, l16At48 } from './l16.ts'

describe('L16', () => {
  it('writes the high octet first (RFC 3551 §4.5.11)', () => {
    const target = new Uint8Array(8).fill(0xee)
    const length = l16At16.createEncoder().encode(Int16Array.from([0x1234, -2]), target, 2)
    expect(length).toBe(4)
    expect([...target]).toEqual([0xee, 0xee, 0x12, 0x34, 0xff, 0xfe, 0xee, 0xee])
  })

  it('gives every sample back', () => {
    const pcm = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768)
    const bytes = new Uint8Array(131_072)
    const length = l16At8.createEncoder().encode(pcm, bytes, 0)
    const again = new Int16Array(65_536)
    expect(l16At8.createDecoder().decode({ bytes, length }, again, 0)).toBe(65_536)
    expect(again).toEqual(pcm)
  })

  it('leaves half a sample at the end', () => {
    const decoder = l16At48.createDecoder()
    const payload = { bytes: Uint8Array.from([1, 2, 3, 4, 5]), length: 5 }
    const pcm = new Int16Array(3)
    expect(decoder.samplesIn(payload)).toBe(2)
    expect(decoder.decode(payload, pcm, 0)).toBe(2)
    expect([...pcm]).toEqual([0x0102, 0x0304, 0])
  })

  it('keeps packets below an Ethernet MTU', () => {
    for (const { facts } of [l16At8, l16At16, l16At48])
      for (const ptime of facts.packetTimes) expect((facts.frameBytes * ptime) / 20 + 12 + 48).toBeLessThanOrEqual(1500)
  })
})
