import { describe, expect, it } from 'vitest'
import { estimateQuality } from './quality.ts'

const codec = 'PCMU'

describe('quality estimate (ITU-T G.107)', () => {
  it('is best without delay and loss', () => {
    const { rFactor, mos } = estimateQuality({ codec, loss: 0, delayMs: 20 })
    expect(rFactor).toBeCloseTo(93.2, 5)
    expect(mos).toBeCloseTo(4.41, 2)
  })

  // G.107 §7.4: Idd at 100 ms is nothing; the others follow from its formula.
  it.each([
    [100, 93.2],
    [200, 90.1],
    [300, 78.4],
    [400, 69.1],
  ])('takes off for a delay of %i ms', (delayMs, rating) => {
    expect(estimateQuality({ codec, loss: 0, delayMs }).rFactor).toBeCloseTo(rating, 0)
  })

  // G.113 Appendix I: G.711 with concealment, Bpl 25.1.
  it.each([
    [0.01, 3.64],
    [0.05, 15.8],
    [0.1, 27.1],
    [1, 75.9],
  ])('takes off for a loss of %d', (loss, impairment) => {
    expect(estimateQuality({ codec, loss, delayMs: 0 }).rFactor).toBeCloseTo(93.2 - impairment, 1)
  })

  it('never leaves its scales', () => {
    for (const loss of [-1, 0, 0.5, 2])
      for (const delayMs of [0, 1e3, 1e6]) {
        const { rFactor, mos } = estimateQuality({ codec, loss, delayMs })
        expect(rFactor).toBeGreaterThanOrEqual(0)
        expect(rFactor).toBeLessThanOrEqual(93.2)
        expect(mos).toBeGreaterThanOrEqual(1)
        expect(mos).toBeLessThanOrEqual(4.5)
      }
  })
})
