import { describe, expect, it } from 'vitest'
import { ReceiveStream } from './receive-stream.ts'

const header = (sequence: number, ssrc = 1) => ({
  marker: false,
  payloadType: 0,
  sequence: sequence & 0xffff,
  timestamp: (sequence * 160) >>> 0,
  ssrc,
})

function fed(...sequences: number[]): ReceiveStream {
  const stream = new ReceiveStream(8000)
  for (const sequence of sequences) stream.receive(header(sequence))
  return stream
}

describe('receive stream', () => {
  it('counts no loss over a wrap', () => {
    const stream = fed(65_534, 65_535, 65_536, 65_537)
    expect(stream.lost).toBe(0)
    expect(stream.highestSequence).toBe(0x1_0001)
  })

  it('counts gaps as lost until the packets come after all', () => {
    const stream = fed(10, 11, 14)
    expect(stream.lost).toBe(2)
    expect(stream.receive(header(12))).toBe('reordered')
    expect(stream.lost).toBe(1)
  })

  it('tells duplicates, which make up for no loss', () => {
    const stream = fed(10, 12)
    expect(stream.receive(header(12))).toBe('duplicate')
    expect(stream.receive(header(10))).toBe('duplicate')
    expect([stream.duplicates, stream.lost, stream.cumulativeLost]).toEqual([2, 1, -1])
  })

  it('takes packets from before the first into account', () => {
    const stream = fed(0)
    expect(stream.receive(header(-2))).toBe('reordered')
    expect(stream.lost).toBe(1)
  })

  it('refuses a far jump until a second packet confirms it', () => {
    const stream = fed(10, 11)
    expect(stream.receive(header(20_000))).toBe('jump')
    expect(stream.receive(header(12))).toBe('inOrder')
    expect(stream.receive(header(20_000))).toBe('jump')
    expect(stream.receive(header(20_001))).toBe('restart')
    expect(stream.lost).toBe(0)
  })

  it('starts over with another SSRC and keeps what was lost before', () => {
    const stream = fed(10, 12)
    expect(stream.receive(header(500, 2))).toBe('restart')
    expect([stream.ssrc, stream.lost, stream.cumulativeLost]).toEqual([2, 1, 0])
  })

  it('measures jitter as RFC 3550 §A.8 does', () => {
    const stream = fed(0)
    stream.measureJitter(0, 100)
    stream.measureJitter(160, 120)
    expect(stream.jitter).toBe(0)
    stream.measureJitter(320, 150)
    expect(stream.jitterMs).toBeCloseTo(10 / 16)
    stream.measureJitter(480, 160)
    expect(stream.jitterMs).toBeCloseTo(10 / 16 + (10 - 10 / 16) / 16)
  })

  it('does not take a new timestamp base for jitter', () => {
    const stream = fed(0)
    stream.measureJitter(0, 100)
    stream.measureJitter(4_000_000_000, 120)
    expect(stream.jitter).toBe(0)
  })

  it('reports the fraction lost since the last report', () => {
    const stream = fed(0, 1, 2, 3)
    expect(stream.takeFractionLost()).toBe(0)
    for (const sequence of [4, 6]) stream.receive(header(sequence))
    expect(stream.takeFractionLost()).toBe(Math.floor(256 / 3))
    expect(stream.takeFractionLost()).toBe(0)
  })
})
