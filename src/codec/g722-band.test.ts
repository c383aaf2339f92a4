import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LowerBand, UpperBand } from './g722-band.ts'

/** Input of the overflow sequence of ITU-T G.722 Appendix II (T1C2): the extremes of 15 bits, in two rhythms. */
function overflowSequence(): number[] {
  const samples: number[] = []
  for (let count = 0; count < 320; count += 1) samples.push(-16_384, 16_383)
  samples[639] = 0
  samples.push(-10_000, -8192)
  while (samples.length < 768) samples.push(-16_384, 16_383, -16_384)
  return samples.slice(0, 768)
}

const digest = (values: Uint8Array | Int16Array): string => createHash('sha256').update(values).digest('hex')

function encoded(): Uint8Array {
  const lower = new LowerBand()
  const upper = new UpperBand()
  return Uint8Array.from(overflowSequence(), (sample) => (upper.encode(sample) << 6) | lower.encode(sample))
}

describe('G.722 sub-bands on the digital test sequences of Appendix II', () => {
  it('encode the overflow sequence as the reference does (T1C2 to T2R2)', () => {
    const codes = encoded()
    expect([...codes.slice(0, 14)]).toEqual([4, 0xa0, 4, 0xa0, 4, 0xa0, 4, 0xa0, 4, 0xa0, 5, 0xa1, 6, 0xa3])
    expect(digest(codes)).toBe('0f92b28fedcb1ff86c25703d6629129de1954bb094be631b53d5922b6801ce6d')
  })

  it('decode the lower band as the reference does (T2R2 to T3L2, mode 1)', () => {
    const lower = new LowerBand()
    const samples = Int16Array.from(encoded(), (code) => lower.decode(code & 63))
    expect([...samples.slice(0, 8)]).toEqual([-25, 66, -188, 519, -1432, 3900, -10_666, 13_856])
    expect(digest(samples)).toBe('b21afef1767c158aee046a71f3d7776a67433eaca42dbccf03ac012b166695a7')
  })

  it('decode the upper band as the reference does (T2R2 to T3H2)', () => {
    const upper = new UpperBand()
    const samples = Int16Array.from(encoded(), (code) => upper.decode(code >> 6))
    expect([...samples.slice(0, 8)]).toEqual([-2, 1, -5, 3, -10, 6, -16, 11])
    expect(digest(samples)).toBe('9bb2298ed69ce0af7e2cab46ec431f3f8f9a443104c1813be56a76b6861e0076')
  })
})
