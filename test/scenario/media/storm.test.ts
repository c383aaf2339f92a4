// Loss, reordering, duplication and wraps from a seeded network: what arrives is heard, what is lost is bounded, delay comes down again.
import { describe, expect, it } from 'vitest'
import { Studio, type Weather } from './studio.ts'

async function talkThrough(weather: Weather, seconds: number, seed = 11) {
  const studio = new Studio({ seed, weather })
  const talker = await studio.phone('talker')
  const ear = await studio.phone('ear', { codec: 'PCMA' })
  talker.sequence = 65_500
  talker.timestamp = 4_294_967_296 - 8000
  await studio.join('mix', talker, ear)
  talker.speak({ frequency: 1000, level: -20 })
  studio.run(500)
  const mark = ear.mark()
  studio.run(seconds * 1000)
  const statistics = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
  return { studio, ear, mark, statistics }
}

describe('storms', () => {
  it('plays through reordering and duplication within the buffer as if nothing had happened', async () => {
    const { ear, mark, statistics } = await talkThrough({ delayMs: 5, jitterMs: 50, duplication: 0.2 }, 30)
    expect(statistics.packetsLost).toBeLessThanOrEqual(2)
    expect(statistics.packetsDuplicate).toBeGreaterThan(100)
    expect(statistics.framesConcealed).toBeLessThan(15)
    expect(ear.level(1000, mark)).toBeCloseTo(-20, 0)
  })

  it.each([0.01, 0.05, 0.2])('a loss of %d costs one made-up frame per packet and no more', async (loss) => {
    const { statistics } = await talkThrough({ loss }, 30)
    expect(statistics.packetsLost).toBeGreaterThan(1500 * loss * 0.5)
    expect(statistics.packetsLost).toBeLessThan(1500 * loss * 2)
    expect(statistics.framesConcealed ?? 0).toBeLessThanOrEqual(statistics.packetsLost + 2)
  })

  it('is back at its target within 10 s of a minute of 300 ms jitter', async () => {
    const { studio, ear, statistics } = await talkThrough({ jitterMs: 300 }, 60)
    expect(statistics.bufferFrames).toBeLessThanOrEqual(12)
    expect(statistics.bufferTarget).toBeLessThanOrEqual(5)
    studio.weather = {}
    studio.run(10_000)
    const after = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
    expect(after.bufferTarget).toBe(1)
    expect(after.bufferFrames).toBeLessThanOrEqual(3)
    const mark = ear.mark()
    studio.run(5000)
    const calm = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
    expect(calm.framesConcealed).toBe(after.framesConcealed)
    expect(ear.level(1000, mark)).toBeCloseTo(-20, 0)
  })

  it('never delays by more than twelve frames, whatever is thrown at it', async () => {
    const studio = new Studio({ seed: 2 })
    const talker = await studio.phone('talker')
    const ear = await studio.phone('ear')
    await studio.join('mix', talker, ear)
    for (let burst = 0; burst < 50; burst += 1) {
      for (let packet = 0; packet < 40; packet += 1) talker.send(new Int16Array(160).fill(3000))
      const { bufferFrames } = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
      expect(bufferFrames).toBeLessThanOrEqual(12)
      studio.run(100)
    }
  })

  it('hears a phone again after it changed SSRC, sequence and timestamp', async () => {
    const { studio, ear } = await talkThrough({}, 1)
    const talker = studio.phones.get('talker')
    if (!talker) throw new Error('the talker was made')
    for (let change = 0; change < 5; change += 1) {
      talker.ssrc = (talker.ssrc + 1) >>> 0
      talker.sequence = (talker.sequence + 20_000) & 0xffff
      talker.timestamp = (talker.timestamp + 1_000_000_000) >>> 0
      studio.run(100)
      const mark = ear.mark()
      studio.run(1000)
      expect(ear.level(1000, mark), `change ${change}`).toBeCloseTo(-20, 0)
    }
  })
})
