// Mouth to ear over a loopback network, by correlation: from the moment a sample was said to the moment it is played, a phone's packet of 20 ms and
// the engine's buffer and tick in between. A phone here plays what it is sent at once.
import { describe, expect, it } from 'vitest'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { bestMatch, percentile, report } from './measure.ts'
import { Studio, seededRandom } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

/** A burst that resembles itself nowhere else: noise of 20 ms in speech's band, faded at its ends. */
function burst(rate: number): Int16Array {
  const random = seededRandom(9)
  const partials = Array.from({ length: 24 }, () => ({ frequency: 300 + 2400 * random(), phase: 6.283 * random() }))
  return Int16Array.from({ length: rate / 50 }, (_, index) => {
    const fade = Math.sin((Math.PI * index) / (rate / 50)) ** 2
    const sum = partials.reduce(
      (all, { frequency, phase }) => all + Math.sin((6.2832 * frequency * index) / rate + phase),
      0,
    )
    return Math.round(1800 * fade * sum)
  })
}

/** Speaks a burst now and then; returns how long each took, milliseconds. */
async function delays(plans: readonly [Partial<MediaPlan>, Partial<MediaPlan>], jitterMs: number, phaseMs: number) {
  const studio = new Studio({ seed: 17 + phaseMs * 10, weather: { delayMs: 0.1, jitterMs } })
  const mouth = await studio.phone('mouth', plans[0])
  const ear = await studio.phone('ear', plans[1])
  await studio.join('mix', mouth, ear)
  const sound = burst(mouth.rate)
  const found: number[] = []
  const spokenAt: number[] = []
  let count = 0
  const speak = (): void => {
    const isBurst = count % 20 === 10
    // A packet holds what was said in the 20 ms before it is sent.
    if (isBurst) spokenAt.push(studio.now - 20)
    mouth.send(isBurst ? sound : new Int16Array(sound.length), count === 0)
    count += 1
    studio.after(20, speak)
  }
  studio.after(phaseMs, speak)
  studio.run(8000)
  for (const at of spokenAt.slice(2, -2)) found.push(heardAt(ear, at) - at)
  return found
}

/** When a phone that plays packets as they come plays the burst that was said at `spokenAt`. */
function heardAt(ear: VirtualPhone, spokenAt: number): number {
  const first = ear.packets.findIndex(({ at }) => at > spokenAt)
  let before = 0
  for (let index = 0; index < first; index += 1) before += ear.packets[index]?.samples ?? 0
  const window = ear.heard(before).subarray(0, (ear.rate * 160) / 1000)
  return (ear.packets[first]?.at ?? 0) + (bestMatch(window, burst(ear.rate)) * 1000) / ear.rate
}

async function sweep(plans: readonly [Partial<MediaPlan>, Partial<MediaPlan>]): Promise<number[]> {
  const all: number[] = []
  for (let phaseMs = 0.5; phaseMs < 20; phaseMs += 1) all.push(...(await delays(plans, 1, phaseMs)))
  return all
}

const sixteen = { codec: 'L16', sampleRate: 16_000 } as const

describe('latency', () => {
  it.each([
    ['PCMU to PCMA', [{ codec: 'PCMU' }, { codec: 'PCMA' }], 45],
    ['G.722 to G.722', [{ codec: 'G722' }, { codec: 'G722' }], 45],
    ['L16 at 16 kHz to PCMU, resampled', [sixteen, { codec: 'PCMU' }], 45],
    // Two encoders look 6.5 ms ahead each, the phone's and ours.
    ['Opus to Opus', [{ codec: 'opus' }, { codec: 'opus' }], 45 + 13],
  ] as const)('%s', async (name, plans, most) => {
    const all = await sweep(plans)
    const [p50, p99] = [percentile(all, 0.5), percentile(all, 0.99)]
    report(`latency, ${name}`, `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
    expect(all.length).toBeGreaterThan(200)
    expect(p50).toBeLessThanOrEqual(most)
    expect(p99).toBeLessThanOrEqual(80)
  })
})
