import { describe, expect, it } from 'vitest'
import { opusDuration, opusFrameDuration, opusRepeats } from './opus-packet.ts'

const packet = (...octets: number[]): { bytes: Uint8Array; length: number } => ({
  // Storage longer than the packet, as in a jitter buffer.
  bytes: Uint8Array.from([...octets, 0xff, 0xff, 0xff]),
  length: octets.length,
})
const toc = (configuration: number, code: number, stereo = 0): number => (configuration << 3) | (stereo << 2) | code

describe('Opus packets', () => {
  it.each([
    [0, 4],
    [1, 8],
    [6, 16],
    [11, 24],
    [12, 4],
    [15, 8],
    [16, 1],
    [21, 2],
    [26, 4],
    [31, 8],
  ])('last as their configuration %i says: %i times 2.5 ms (RFC 6716 table 2)', (configuration, units) => {
    expect(opusDuration(packet(toc(configuration, 0), 0))).toBe(units)
    expect(opusFrameDuration(packet(toc(configuration, 1), 0, 0))).toBe(units)
    expect(opusDuration(packet(toc(configuration, 2), 1, 0, 0))).toBe(2 * units)
  })

  it('count their frames under code 3, up to 120 ms', () => {
    expect(opusDuration(packet(toc(1, 3), 6, 0))).toBe(48)
    expect(opusDuration(packet(toc(1, 3), 7, 0))).toBe(0)
    expect(opusDuration(packet(toc(1, 3), 0, 0))).toBe(0)
    expect(opusDuration(packet(toc(1, 3)))).toBe(0)
    expect(opusDuration(packet())).toBe(0)
  })

  it('show whether they repeat the frame before (RFC 6716 §4.2.3)', () => {
    expect(opusRepeats(packet(toc(1, 0), 0b0100_0000))).toBe(true)
    expect(opusRepeats(packet(toc(1, 0), 0b1000_0000))).toBe(false)
    // 60 ms: three voice flags first.
    expect(opusRepeats(packet(toc(3, 0), 0b0001_0000))).toBe(true)
    expect(opusRepeats(packet(toc(3, 0), 0b1110_0000))).toBe(false)
    // Stereo: the side channel has flags of its own.
    expect(opusRepeats(packet(toc(1, 0, 1), 0b0001_0000))).toBe(true)
    expect(opusRepeats(packet(toc(1, 0, 0), 0b0001_0000))).toBe(false)
    // CELT has none.
    expect(opusRepeats(packet(toc(31, 0), 0xff))).toBe(false)
  })

  it('find the first frame behind lengths and padding', () => {
    expect(opusRepeats(packet(toc(1, 1), 0x40, 0x00))).toBe(true)
    expect(opusRepeats(packet(toc(1, 2), 1, 0x40, 0x00))).toBe(true)
    expect(opusRepeats(packet(toc(1, 2), 0, 0x40))).toBe(false)
    expect(opusRepeats(packet(toc(1, 2), 252, 0, 0x40))).toBe(true)
    expect(opusRepeats(packet(toc(1, 3), 1, 0x40))).toBe(true)
    expect(opusRepeats(packet(toc(1, 3), 0x41, 2, 0x40, 0, 0))).toBe(true)
    expect(opusRepeats(packet(toc(1, 3), 0x82, 1, 0x40, 0))).toBe(true)
    expect(opusRepeats(packet(toc(1, 3), 0x82, 0, 0x40))).toBe(false)
    expect(opusRepeats(packet(toc(1, 3), 0x41, 255, 255))).toBe(false)
  })
})
