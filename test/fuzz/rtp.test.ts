// The fuzzer of the media side at its default dose: about five seconds.
import { describe, expect, it } from 'vitest'
import { fuzzRtp } from './fuzz-rtp.ts'

describe('fuzzed RTP and RTCP', () => {
  it.each([1, 2, 3])('seed %i: no exception, no more than eighteen frames buffered', async (seed) => {
    const result = await fuzzRtp(seed, 50_000)
    expect(result.accepted).toBeGreaterThan(10_000)
    expect(result.digits).toBeGreaterThan(0)
    expect(result.bufferFrames).toBeLessThanOrEqual(18)
  })

  it('keeps no memory of what it was sent', async () => {
    await fuzzRtp(4, 20_000)
    const before = process.memoryUsage().heapUsed
    await fuzzRtp(5, 60_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
  })
})
