// A 1 kHz tone must come through without a hole, whatever the phase between sender and tick, and with clocks that differ by 200 ppm.
// A hole shows as a jump of the residual: what is left when the best-fitting sine of each short window is taken out.
import { describe, expect, it } from 'vitest'
import { report, worstDiscontinuity } from './measure.ts'
import { Studio } from './studio.ts'
import type { SpeakOptions, VirtualPhone } from './virtual-phone.ts'

const frequency = 1000

async function listen(speak: Omit<SpeakOptions, 'frequency'>, seconds: number, jitterMs = 0) {
  const studio = new Studio({ seed: 3, weather: { jitterMs } })
  const talker = await studio.phone('talker')
  const listener = await studio.phone('listener')
  await studio.join('mix', talker, listener)
  talker.speak({ frequency, level: -9, ...speak })
  studio.run(200)
  const mark = listener.mark()
  studio.run(seconds * 1000)
  const statistics = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
  return { defects: defectsIn(listener, mark), statistics }
}

/**
 * Samples that no 1 kHz sine explains, as separate defects and in all. At 8 kHz the tone satisfies x[n+4] = −x[n], so that the sum is what
 * does not belong: below −30 dBFS it is the quantising noise of G.711 passed twice at this level.
 */
function defectsIn(phone: VirtualPhone, since: number): { count: number; longestMs: number; worstDbfs: number } {
  const pcm = phone.heard(since)
  let count = 0
  let start = 0
  let end = Number.NEGATIVE_INFINITY
  let longest = 0
  let worst = 0
  for (let index = 4; index < pcm.length; index += 1) {
    const residual = Math.abs((pcm[index] ?? 0) + (pcm[index - 4] ?? 0))
    worst = Math.max(worst, residual)
    if (residual < 1100) continue
    if (index - end > 80) {
      count += 1
      start = index
    }
    end = index
    longest = Math.max(longest, end - start)
  }
  return { count, longestMs: longest / 8, worstDbfs: 20 * Math.log10(worst / 32768) }
}

describe('holes', () => {
  it.each([0, 0.4, 2, 5, 9.9, 10, 10.1, 15, 19.6, 20])('phase %d ms against the tick punches none', async (phaseMs) => {
    const { defects, statistics } = await listen({ phaseMs }, 4)
    expect(defects).toMatchObject({ count: 0 })
    expect(statistics).toMatchObject({ framesConcealed: 0, packetsLate: 0, packetsLost: 0 })
  })

  it.each([10, 20, 30, 40, 60])('packets of %d ms punch none', async (ptimeMs) => {
    for (const phaseMs of [0, 3, 8, 13, 18]) {
      const { defects, statistics } = await listen({ phaseMs, ptimeMs }, 2)
      expect(defects, `phase ${phaseMs}`).toMatchObject({ count: 0 })
      expect(statistics.framesConcealed, `phase ${phaseMs}`).toBe(0)
    }
  })

  it('jitter of 8 ms punches none at any phase', async () => {
    for (let phaseMs = 0; phaseMs < 20; phaseMs += 2.5) {
      const { defects, statistics } = await listen({ phaseMs }, 3, 8)
      expect(defects, `phase ${phaseMs}`).toMatchObject({ count: 0 })
      expect(statistics.framesConcealed, `phase ${phaseMs}`).toBe(0)
    }
  })

  it.each([-200, 200])('a clock off by %d ppm is absorbed for a minute without a concealed frame', async (skewPpm) => {
    const { defects, statistics } = await listen({ skewPpm, phaseMs: 7 }, 60)
    expect(defects).toMatchObject({ count: 0 })
    expect(statistics.framesConcealed).toBe(0)
    expect(statistics.bufferTarget).toBe(1)
  })

  it('would be heard: a frame of silence in the talk is found', async () => {
    const studio = new Studio()
    const talker = await studio.phone('talker')
    const listener = await studio.phone('listener')
    await studio.join('mix', talker, listener)
    talker.speak({ frequency, level: -9 })
    studio.run(500)
    const mark = listener.mark()
    talker.hushed()
    talker.send(new Int16Array(160))
    studio.after(20, () => talker.speak({ frequency, level: -9 }))
    studio.run(500)
    expect(defectsIn(listener, mark).count).toBeGreaterThan(0)
  })

  it('keeps the delay within two frames of the target for ten minutes of skew', async () => {
    const { statistics } = await listen({ skewPpm: 200 }, 600)
    expect(statistics.bufferFrames).toBeLessThanOrEqual(3)
    expect(statistics.framesConcealed).toBe(0)
  })
})

describe('holes, in linear samples', () => {
  /** The worst of every 10 s of what a linear listener hears of a linear talker, after two seconds to settle. */
  async function worst(
    speak: Omit<SpeakOptions, 'frequency'>,
    seconds: number,
    options: { rate?: 8000 | 16_000; jitterMs?: number; hertz?: number } = {},
  ) {
    const { rate = 8000, jitterMs = 0, hertz = frequency } = options
    const studio = new Studio({ seed: 5, weather: { jitterMs } })
    const talker = await studio.phone('talker', { codec: 'L16', sampleRate: rate })
    const listener = await studio.phone('listener', { codec: 'L16', sampleRate: rate })
    await studio.join('mix', talker, listener)
    talker.speak({ frequency: hertz, level: -9, ...speak })
    studio.run(2000)
    let loudest = Number.NEGATIVE_INFINITY
    for (let second = 0; second < seconds; second += 10) {
      const mark = listener.mark() - 2
      studio.run(Math.min(10, seconds - second) * 1000)
      loudest = Math.max(loudest, worstDiscontinuity(listener.heard(mark), hertz, rate))
      const kept = listener.heard(listener.mark() - 2).slice()
      listener.forget()
      listener.keep(kept)
    }
    const { framesConcealed } = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
    return { loudest, framesConcealed }
  }

  it('none over −60 dBFS at any phase between sender and tick', async () => {
    let loudest = Number.NEGATIVE_INFINITY
    for (let phaseMs = 0; phaseMs <= 20; phaseMs += 0.5) {
      const found = await worst({ phaseMs }, 5)
      expect(found.framesConcealed, `phase ${phaseMs}`).toBe(0)
      loudest = Math.max(loudest, found.loudest)
    }
    report('holes, phase swept 0-20 ms', `worst discontinuity ${loudest.toFixed(1)} dBFS`)
    expect(loudest).toBeLessThan(-60)
  })

  it.each([
    [-200, 8000, 1000],
    [200, 8000, 1000],
    [-200, 16_000, 1000],
    [200, 16_000, 1000],
    // No whole number of samples is a period of this one.
    [-200, 8000, 437],
    [200, 8000, 437],
  ] as const)(
    'none over −60 dBFS in five minutes of a clock off by %i ppm, at %i Hz, in a tone of %i Hz',
    async (skewPpm, rate, hertz) => {
      const found = await worst({ skewPpm, phaseMs: 7 }, 300, { rate, hertz })
      report(
        `holes, ${skewPpm} ppm at ${rate} Hz, tone of ${hertz} Hz`,
        `worst discontinuity ${found.loudest.toFixed(1)} dBFS in 5 minutes`,
      )
      expect(found.framesConcealed).toBe(0)
      expect(found.loudest).toBeLessThan(-60)
    },
  )

  it('none over −60 dBFS with 15 ms of jitter once the buffer knows it', async () => {
    const found = await worst({ phaseMs: 3 }, 60, { jitterMs: 15 })
    report('holes, 15 ms of jitter', `worst discontinuity ${found.loudest.toFixed(1)} dBFS in a minute`)
    expect(found.loudest).toBeLessThan(-60)
  })
})
