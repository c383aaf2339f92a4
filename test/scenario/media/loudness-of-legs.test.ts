// Gain per leg in both ways, and who talks: started and stopped once each, whatever the level wavers.
import { describe, expect, it } from 'vitest'
import { Studio } from './studio.ts'

async function pair() {
  const studio = new Studio({ seed: 2 })
  const one = await studio.phone('one', { codec: 'L16' })
  const two = await studio.phone('two', { codec: 'L16' })
  const three = await studio.phone('three')
  await studio.join('mix', one, two, three)
  return { studio, one, two, three }
}

describe('gain', () => {
  it.each([-40, -6, 0, 6, 12])('of %i dB on what a phone says is heard by all others', async (inDb) => {
    const { studio, one, two, three } = await pair()
    one.speak({ frequency: 1000, level: -25 })
    await studio.core.handle({ kind: 'gain', legId: 'one', inDb, outDb: 0 })
    studio.run(500)
    const marks = [two.mark(), three.mark()]
    studio.run(1000)
    expect(two.level(1000, marks[0] ?? 0)).toBeCloseTo(-25 + inDb, 0)
    expect(Math.abs(three.level(1000, marks[1] ?? 0) - (-25 + inDb))).toBeLessThan(1)
  })

  it('on what a phone hears changes that phone alone, and is limited once, not clipped', async () => {
    const { studio, one, two, three } = await pair()
    one.speak({ frequency: 1000, level: -10 })
    await studio.core.handle({ kind: 'gain', legId: 'two', inDb: 0, outDb: 20 })
    studio.run(500)
    const marks = [two.mark(), three.mark()]
    studio.run(1000)
    expect(two.level(1000, marks[0] ?? 0)).toBeCloseTo(-3.5, 0)
    expect(two.level(3000, marks[0] ?? 0)).toBeLessThan(-60)
    expect(three.level(1000, marks[1] ?? 0)).toBeCloseTo(-10, 0)
    const { limiterReductionDb } = await studio.core.handle({ kind: 'statistics', legId: 'two' })
    expect(limiterReductionDb).toBeCloseTo(13.5, 0)
    expect(await studio.core.handle({ kind: 'statistics', legId: 'three' })).toMatchObject({ limiterReductionDb: 0 })
  })
})

describe('talking', () => {
  it('begins within 150 ms, ends within a second, and is told once each', async () => {
    const { studio, one } = await pair()
    studio.run(500)
    expect(studio.talking).toEqual([])
    one.speak({ frequency: 500, level: -20 })
    studio.run(150)
    expect(studio.talking).toEqual([{ kind: 'talking', legId: 'one', talking: true }])
    expect(await studio.core.handle({ kind: 'statistics', legId: 'one' })).toMatchObject({
      talking: true,
      levelIn: -20,
    })
    studio.run(3000)
    one.hushed()
    studio.run(300)
    expect(studio.talking).toHaveLength(1)
    studio.run(700)
    expect(studio.talking.slice(1)).toEqual([{ kind: 'talking', legId: 'one', talking: false }])
  })

  it('goes on through words and short pauses, and cannot be made to flicker', async () => {
    const { studio, one } = await pair()
    for (let word = 0; word < 40; word += 1) {
      one.speak({ frequency: 300 + 20 * word, level: word % 2 === 0 ? -20 : -34 })
      studio.run(200)
      one.hushed()
      studio.run(100)
    }
    expect(studio.talking).toHaveLength(1)
    studio.run(2000)
    studio.talking.length = 0
    for (let burst = 0; burst < 50; burst += 1) {
      one.speak({ frequency: 500, level: -20 })
      studio.run(100)
      one.hushed()
      studio.run(860)
    }
    expect(studio.talking.length).toBeGreaterThan(20)
    expect(studio.talking.length).toBeLessThanOrEqual(50 * 0.96 * 3)
  })

  it('does not take a steady hum for talk for long, nor a muted phone', async () => {
    const { studio, one, two } = await pair()
    one.speak({ frequency: 100, level: -40 })
    studio.run(20_000)
    expect((await studio.core.handle({ kind: 'statistics', legId: 'one' })).talking).toBe(false)
    await studio.core.handle({ kind: 'mute', legId: 'two', in: true, out: false })
    two.speak({ frequency: 500, level: -15 })
    studio.run(1000)
    expect(studio.talking.filter(({ legId }) => legId === 'two')).toEqual([])
  })
})
