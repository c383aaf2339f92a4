// A mix follows its members between 8, 16 and 48 kHz, and nobody hears it do so: linear codecs all along, so that no coding noise hides a seam.
import { describe, expect, it } from 'vitest'
import { report, worstDiscontinuity } from './measure.ts'
import { Studio } from './studio.ts'

const linear = (sampleRate: 8000 | 16_000 | 48_000) =>
  ({ codec: 'L16', sampleRate, ptimeMs: sampleRate === 48_000 ? 10 : 20 }) as const

/** Wide and full-band phones come and go while a narrow one talks to narrow and wide ones. Returns the worst seam that any of the two heard. */
async function comeAndGo(frequency: number, phaseMs: number): Promise<number> {
  const studio = new Studio({ seed: 4 })
  const talker = await studio.phone('talker', linear(8000))
  const narrow = await studio.phone('narrow', linear(8000))
  const guests = [
    await studio.phone('wide', linear(16_000)),
    await studio.phone('wide-too', linear(16_000)),
    await studio.phone('full', linear(48_000)),
    await studio.phone('full-too', linear(48_000)),
  ]
  await studio.join('mix', talker, narrow)
  talker.speak({ frequency, level: -9, phaseMs })
  studio.run(500)
  let worst = Number.NEGATIVE_INFINITY
  const listen = (ms: number): void => {
    const mark = narrow.mark() - 4
    studio.run(ms)
    worst = Math.max(worst, worstDiscontinuity(narrow.heard(mark), frequency, 8000))
  }
  for (const guest of guests) {
    await studio.join('mix', guest)
    listen(300)
  }
  const [wide] = guests
  const mark = wide?.mark() ?? 0
  for (const guest of guests.slice(1)) {
    await studio.core.handle({ kind: 'leave', legId: guest.name })
    listen(300)
  }
  if (wide) worst = Math.max(worst, worstDiscontinuity(wide.heard(mark), frequency, 16_000))
  await studio.core.handle({ kind: 'leave', legId: 'wide' })
  listen(300)
  const { framesConcealed } = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
  expect(framesConcealed).toBe(0)
  expect(narrow.packets.every((packet) => packet.samples === 160)).toBe(true)
  return worst
}

describe('rate of a mix', () => {
  it.each([437, 1000, 2200])('changes without a discontinuity over −60 dBFS in a tone of %i Hz', async (frequency) => {
    let worst = Number.NEGATIVE_INFINITY
    for (let phaseMs = 0; phaseMs < 20; phaseMs += 2.5) worst = Math.max(worst, await comeAndGo(frequency, phaseMs))
    report(`rate change, ${frequency} Hz`, `worst discontinuity ${worst.toFixed(1)} dBFS over 8 changes at 8 phases`)
    expect(worst).toBeLessThan(-60)
  })

  it('carries what narrow phones cannot to those who can, as soon as two can', async () => {
    const studio = new Studio()
    const narrow = await studio.phone('narrow', linear(8000))
    const wide = await studio.phone('wide', linear(16_000))
    const other = await studio.phone('other', linear(16_000))
    await studio.join('mix', narrow, wide)
    wide.speak({ frequency: 6000, level: -15 })
    studio.run(500)
    let marks = [narrow.mark(), 0]
    studio.run(500)
    expect(narrow.level(2000, marks[0] ?? 0)).toBeLessThan(-70)
    await studio.join('mix', other)
    studio.run(500)
    marks = [narrow.mark(), other.mark()]
    studio.run(1000)
    expect(other.level(6000, marks[1] ?? 0)).toBeCloseTo(-15, 0)
    expect(narrow.level(2000, marks[0] ?? 0)).toBeLessThan(-70)
  })
})
