// Loss, reordering, duplication and wraps from a seeded network: what arrives is heard, what is lost is bounded, delay comes down again.
import { describe, expect, it } from 'vitest'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { report } from './measure.ts'
import { Studio, type Weather } from './studio.ts'

async function talkThrough(weather: Weather, seconds: number, plan: Partial<MediaPlan> = {}) {
  const studio = new Studio({ seed: 11, weather })
  const talker = await studio.phone('talker', plan)
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
    expect(statistics.bufferFrames).toBeLessThanOrEqual(18)
    expect(statistics.bufferTarget).toBeLessThanOrEqual(15)
    const latePercent = (100 * statistics.packetsLate) / statistics.packetsReceived
    studio.weather = {}
    studio.run(10_000)
    const after = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
    report(
      'storm, a minute of 300 ms jitter',
      `${latePercent.toFixed(2)} % late, target ${statistics.bufferTarget} and then ${after.bufferTarget}, delay ${(statistics.bufferDelayMs ?? 0).toFixed(0)} and 10 s later ${(after.bufferDelayMs ?? 0).toFixed(0)} ms`,
    )
    expect(latePercent).toBeLessThan(2)
    expect(after.bufferTarget).toBe(1)
    expect(after.bufferFrames).toBeLessThanOrEqual(3)
    const mark = ear.mark()
    studio.run(5000)
    const calm = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
    expect(calm.framesConcealed).toBe(after.framesConcealed)
    expect(ear.level(1000, mark)).toBeCloseTo(-20, 0)
  })

  it('never delays by more than eighteen frames, whatever is thrown at it', async () => {
    const studio = new Studio({ seed: 2 })
    const talker = await studio.phone('talker')
    const ear = await studio.phone('ear')
    await studio.join('mix', talker, ear)
    for (let burst = 0; burst < 50; burst += 1) {
      for (let packet = 0; packet < 40; packet += 1) talker.send(new Int16Array(160).fill(3000))
      const { bufferFrames } = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
      expect(bufferFrames).toBeLessThanOrEqual(18)
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

  it('plays bursts: everything of 200 ms at once, then nothing', async () => {
    const { studio, ear, mark, statistics } = await talkThrough({ burstMs: 200 }, 30)
    report(
      'storm, bursts of 200 ms',
      `${statistics.packetsLate} late, ${statistics.framesConcealed} of 1500 frames made up, MOS ${(statistics.mos ?? 0).toFixed(2)}`,
    )
    expect(statistics.packetsLate).toBeLessThan(30)
    expect(ear.level(1000, mark)).toBeCloseTo(-20, 0)
    expect(studio.now).toBeGreaterThan(0)
  })

  it.each([
    [{ codec: 'PCMU' }, -22],
    [{ codec: 'G722' }, -22],
    [{ codec: 'L16', sampleRate: 16_000 }, -22],
    [{ codec: 'opus', sendParameters: 'useinbandfec=1' }, -24],
  ] as const)('%o survives a tenth of the packets lost, and wraps on the way', async (plan, least) => {
    const { ear, mark, statistics } = await talkThrough({ loss: 0.1, jitterMs: 5 }, 20, plan)
    const level = ear.level(1000, mark)
    report(
      `storm, 10 % loss of ${plan.codec}`,
      `tone of −20 heard at ${level.toFixed(1)} dBov, ${statistics.framesConcealed} of 1000 frames wholly made up for ${statistics.packetsLost} lost, R ${(statistics.rFactor ?? 0).toFixed(0)}, MOS ${(statistics.mos ?? 0).toFixed(2)}`,
    )
    expect(statistics.packetsLost).toBeGreaterThan(60)
    expect(level).toBeGreaterThan(least)
    expect(statistics.mos).toBeLessThan(3.5)
  })

  it.each([0, 5, 10, 15])('Opus tells most of what was lost by what comes after, at phase %i ms', async (phaseMs) => {
    const studio = new Studio({ seed: 5, weather: { loss: 0.1 } })
    const talker = await studio.phone('talker', { codec: 'opus', sendParameters: 'useinbandfec=1' })
    await studio.join('mix', talker, await studio.phone('ear', { codec: 'L16', sampleRate: 16_000 }))
    const frame = new Int16Array(320)
    let spoken = 0
    const say = (): void => {
      // Voice, as a codec for speech takes it: harmonics whose pitch and loudness wander.
      for (let index = 0; index < frame.length; index += 1, spoken += 1) {
        const seconds = spoken / 16_000
        const pitch = 120 + 20 * Math.sin(3 * seconds)
        let sum = 0
        for (let partial = 1; partial < 12; partial += 1)
          sum += Math.sin(2 * Math.PI * pitch * partial * seconds) / partial
        frame[index] = Math.round(1500 * sum * (1 + Math.sin(6 * Math.PI * seconds)))
      }
      talker.send(frame)
      studio.after(20, say)
    }
    studio.after(phaseMs, say)
    studio.run(20_000)
    const { packetsLost, framesConcealed } = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
    report(
      `storm, error correction at phase ${phaseMs} ms`,
      `${framesConcealed} frames made up for ${packetsLost} packets lost`,
    )
    expect(packetsLost).toBeGreaterThan(80)
    expect(framesConcealed).toBeLessThan(packetsLost / 2)
  })

  it('keeps the time of a sender that stops in pauses (DTX)', async () => {
    const studio = new Studio({ seed: 4 })
    const talker = await studio.phone('talker')
    const ear = await studio.phone('ear')
    await studio.join('mix', talker, ear)
    for (let spurt = 0; spurt < 20; spurt += 1) {
      talker.speak({ frequency: 1000, level: -20 })
      studio.run(600)
      talker.hushed()
      studio.run(400)
      talker.timestamp = (talker.timestamp + 400 * 8) >>> 0
    }
    const { bufferTarget, packetsLate, bufferDelayMs, rFactor } = await studio.core.handle({
      kind: 'statistics',
      legId: 'talker',
    })
    report(
      'storm, DTX',
      `20 talk spurts: ${packetsLate} late, target ${bufferTarget}, delay ${(bufferDelayMs ?? 0).toFixed(0)} ms`,
    )
    expect({ packetsLate, bufferTarget }).toEqual({ packetsLate: 0, bufferTarget: 1 })
    expect(rFactor).toBeGreaterThan(90)
  })
})
