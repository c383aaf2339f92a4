// Three to twenty talkers at −3 dBFS: nothing wraps, nobody hears itself, distortion stays bounded.
import { describe, expect, it } from 'vitest'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { report } from './measure.ts'
import { Studio } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

/** A sine whose peak is −3 dBFS. */
const level = -6

const frequencyOf = (index: number): number => 300 + 110 * index

/** Of all but the first talker. */
const frequenciesOf = (talkers: number): number[] =>
  Array.from({ length: talkers - 1 }, (_, index) => frequencyOf(index + 1))

/** A second of shouting, after two to settle. `own` is what the first talker shouts; the others shout the same in every run. */
async function shouting(talkers: number, own: number) {
  const studio = new Studio({ seed: talkers })
  const phones: VirtualPhone[] = []
  for (let index = 0; index < talkers; index += 1) {
    const phone = await studio.phone(`phone-${index}`, { codec: index % 2 === 0 ? 'PCMU' : 'PCMA' })
    phone.speak({ frequency: index === 0 ? own : frequencyOf(index), level, phaseMs: index * 0.9 })
    phones.push(phone)
  }
  const ear = await studio.phone('ear')
  await studio.join('mix', ...phones, ear)
  studio.run(2000)
  const marks = [phones[0]?.mark() ?? 0, ear.mark()] as const
  studio.run(1000)
  const ofOthers = phones[0]?.heard(marks[0]).slice() ?? new Int16Array(0)
  const levels = phones.map((_, index) => ear.level(index === 0 ? own : frequencyOf(index), marks[1]))
  return { ofOthers, levels, ofAll: ear.heard(marks[1]) }
}

describe('loudness', () => {
  it.each([3, 5, 10, 20])(
    '%i talkers at −3 dBFS: not one bit of a talker is in what it hears itself',
    async (talkers) => {
      const one = await shouting(talkers, 300)
      const other = await shouting(talkers, 3300)
      expect(one.ofOthers.length).toBe(8000)
      expect(one.ofOthers).toEqual(other.ofOthers)
      expect(one.ofAll).not.toEqual(other.ofAll)
    },
  )

  it.each([3, 5, 10, 20])('%i talkers at −3 dBFS are heard alike and bounded', async (talkers) => {
    const { levels, ofAll } = await shouting(talkers, 300)
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(1.5)
    expect(Math.min(...levels)).toBeGreaterThan(-6 - 20 * Math.log10(talkers))
    const peak = ofAll.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
    expect(peak).toBeLessThanOrEqual(32_124)
    // Had the sum wrapped, what is left beside the talkers would be as loud as they are.
    const share = levels.reduce((sum, talker) => sum + 10 ** (talker / 10), 0)
    const whole = ofAll.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / ofAll.length
    expect(10 * Math.log10(Math.max(1e-9, whole / share - 1))).toBeLessThan(-20)
  })

  it.each([3, 5, 10, 20])(
    '%i talkers at −3 dBFS: what limiting adds stays below −50 dBFS where the own voice is',
    async (talkers) => {
      // The first talker's own tone is a difference of two others', the worst place there is.
      const { ofOthers, levels } = await shouting(talkers, 300)
      const leak = toneLevel(ofOthers, { frequency: 300, sampleRate: 8000 })
      const whole = 10 * Math.log10(ofOthers.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / ofOthers.length)
      const tones = frequenciesOf(talkers).map(
        (frequency) => 10 ** (toneLevel(ofOthers, { frequency, sampleRate: 8000 }) / 10),
      )
      const distortion =
        10 * Math.log10(Math.max(1e-9, 10 ** (whole / 10) / tones.reduce((sum, tone) => sum + tone, 0) - 1))
      report(
        `loudness, ${talkers} talkers`,
        `own voice ${leak.toFixed(1)} dBov, distortion ${distortion.toFixed(1)} dB, levels within ${(Math.max(...levels) - Math.min(...levels)).toFixed(2)} dB`,
      )
      expect(leak).toBeLessThanOrEqual(-50)
      expect(distortion).toBeLessThan(-30)
    },
  )

  it('bounds what limiting adds: no product of two talkers within 30 dB of them', async () => {
    const studio = new Studio()
    const [one, two, ear] = [await studio.phone('one'), await studio.phone('two'), await studio.phone('ear')]
    one.speak({ frequency: 600, level })
    two.speak({ frequency: 1000, level, phaseMs: 7 })
    await studio.join('mix', one, two, ear)
    studio.run(1000)
    const mark = ear.mark()
    studio.run(1000)
    const loudest = Math.max(ear.level(600, mark), ear.level(1000, mark))
    for (const product of [200, 400, 1400, 1600, 2200, 2600])
      expect(ear.level(product, mark), `${product} Hz`).toBeLessThan(loudest - 30)
  })
})
