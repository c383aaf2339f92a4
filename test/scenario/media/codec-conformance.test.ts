// Every codec through a leg and back: how much of a tone's quality is left, and what one and five missing frames sound like. The bit-exact vectors
// of ITU-T G.711 and G.722 stand beside the codecs.
import { describe, expect, it } from 'vitest'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { noiseBeside, percentile, report } from './measure.ts'
import { Studio } from './studio.ts'

const linear = (plan: Partial<MediaPlan>): Partial<MediaPlan> => ({
  codec: 'L16',
  sampleRate: plan.codec === 'PCMU' || plan.codec === 'PCMA' ? 8000 : 16_000,
})

async function speakThrough(plan: Partial<MediaPlan>, lost: number) {
  const studio = new Studio({ seed: 13 })
  const talker = await studio.phone('talker', plan)
  const ear = await studio.phone('ear', linear(plan))
  await studio.join('mix', talker, ear)
  talker.speak({ frequency: 440, level: -12, phaseMs: 4 })
  studio.run(2000)
  const mark = ear.mark()
  studio.weather = { loss: lost > 0 ? 1 : 0 }
  studio.run(lost * 20)
  studio.weather = {}
  studio.run(1000 - lost * 20)
  const { framesConcealed, packetsLost } = await studio.core.handle({ kind: 'statistics', legId: 'talker' })
  return { heard: ear.heard(mark), rate: ear.rate, framesConcealed, packetsLost }
}

const codecs = [
  [{ codec: 'PCMU' }, 33],
  [{ codec: 'PCMA' }, 33],
  [{ codec: 'G722' }, 40],
  [{ codec: 'opus' }, 25],
  [{ codec: 'L16', sampleRate: 16_000 }, 70],
] as const

const peakOf = (pcm: Int16Array): number => pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)

describe('codecs', () => {
  it.each(codecs)('%o keeps its noise down', async (plan, least) => {
    const { heard, rate } = await speakThrough(plan, 0)
    const ratio = -12 - percentile(noiseBeside(heard, 440, rate), 0.5)
    report(`codec, ${plan.codec}`, `tone ${ratio.toFixed(1)} dB above what is added to it`)
    expect(ratio).toBeGreaterThan(least)
  })

  it.each(codecs)('%o conceals one frame and five', async (plan) => {
    for (const lost of [1, 5]) {
      const { heard, rate, framesConcealed, packetsLost } = await speakThrough(plan, lost)
      expect(packetsLost).toBe(lost)
      expect(framesConcealed).toBeGreaterThanOrEqual(1)
      // Nothing louder than the tone, in particular no click where real audio begins again.
      const loudest = 20 * Math.log10(peakOf(heard) / (32_768 * Math.SQRT2 * 10 ** (-12 / 20)))
      // Within 100 ms after the last missing frame the tone is as it was.
      const after = heard.subarray(rate / 2)
      const ratio = -12 - (noiseBeside(after, 440, rate)[0] ?? 0)
      report(
        `concealment, ${plan.codec}, ${lost} missing`,
        `peaks ${loudest.toFixed(1)} dB above the tone's, ${ratio.toFixed(1)} dB clean after`,
      )
      expect(loudest).toBeLessThan(2)
      expect(ratio).toBeGreaterThan(20)
    }
  })
})
