// Everyone sends a tone of its own and must hear every tone but its own: all codecs mixed, under mute, hold, kick and join.
import { describe, expect, it } from 'vitest'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { report } from './measure.ts'
import { Studio } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

/** Whole periods in a second, so that Goertzel is exact over it. */
const frequencies = [350, 500, 650, 800, 950, 1100]
const level = -25

async function studioOf(count: number): Promise<{ studio: Studio; phones: VirtualPhone[] }> {
  const studio = new Studio({ seed: 7 })
  const phones: VirtualPhone[] = []
  for (let index = 0; index < count; index += 1) {
    const phone = await studio.phone(`phone-${index}`, { codec: index % 2 === 0 ? 'PCMU' : 'PCMA' })
    phone.speak({ frequency: frequencies[index] ?? 0, level, phaseMs: index * 3.3 })
    phones.push(phone)
  }
  await studio.join('mix', ...phones)
  studio.run(500)
  return { studio, phones }
}

/** For a second: who hears whom. `audible[i]` lists the talkers that phone i must hear; it must hear nobody else. */
function expectHearing(studio: Studio, phones: readonly VirtualPhone[], audible: readonly (readonly number[])[]): void {
  const marks = phones.map((phone) => phone.mark())
  studio.run(1000)
  phones.forEach((phone, listener) => {
    frequencies.slice(0, phones.length).forEach((frequency, talker) => {
      const measured = phone.level(frequency, marks[listener] ?? 0)
      const label = `phone ${listener} hearing ${talker}`
      if (audible[listener]?.includes(talker)) {
        expect(Math.abs(measured - level), label).toBeLessThanOrEqual(1.5)
      } else {
        expect(measured, label).toBeLessThanOrEqual(-50)
      }
    })
  })
}

const others = (count: number, without: readonly number[] = []): number[][] =>
  Array.from({ length: count }, (_, self) =>
    Array.from({ length: count }, (_, talker) => talker).filter(
      (talker) => talker !== self && !without.includes(talker),
    ),
  )

describe('tone matrix', () => {
  it.each([2, 3, 6])('lets each of %i phones hear every other and not itself', async (count) => {
    const { studio, phones } = await studioOf(count)
    expectHearing(studio, phones, others(count))
  })

  it('does not let a muted phone be heard, and lets a deaf one hear nothing', async () => {
    const { studio, phones } = await studioOf(4)
    await studio.core.handle({ kind: 'mute', legId: 'phone-1', in: true, out: false })
    await studio.core.handle({ kind: 'mute', legId: 'phone-2', in: false, out: true })
    studio.run(100)
    expectHearing(
      studio,
      phones,
      others(4, [1]).map((heard, self) => (self === 2 ? [] : heard)),
    )
    await studio.core.handle({ kind: 'mute', legId: 'phone-1', in: false, out: false })
    await studio.core.handle({ kind: 'mute', legId: 'phone-2', in: false, out: false })
    studio.run(100)
    expectHearing(studio, phones, others(4))
  })

  it('parts a kicked phone from the others at once and takes it back', async () => {
    const { studio, phones } = await studioOf(3)
    await studio.core.handle({ kind: 'leave', legId: 'phone-2' })
    const marks = phones.map((phone) => phone.mark())
    studio.run(20)
    expect(phones[2]?.heard(marks[2]).every((sample) => Math.abs(sample) <= 8)).toBe(true)
    expectHearing(studio, phones, [[1], [0], []])
    await studio.join('mix', ...phones)
    studio.run(100)
    expectHearing(studio, phones, others(3))
  })

  it('moves a phone between mixes without a tick in neither or both', async () => {
    const { studio, phones } = await studioOf(4)
    const [a, b, c, d] = phones
    if (!a || !b || !c || !d) throw new Error('four phones were made')
    await studio.join('other', c, d)
    studio.run(100)
    expectHearing(studio, phones, [[1], [0], [3], [2]])
    expect(studio.core.mixes).toBe(2)
    await studio.join('other', b)
    studio.run(100)
    expectHearing(studio, phones, [[], [2, 3], [1, 3], [1, 2]])
  })

  it('sends one packet a tick to everybody throughout, with timestamps that advance by samples', async () => {
    const { studio, phones } = await studioOf(3)
    await studio.core.handle({ kind: 'leave', legId: 'phone-0' })
    studio.run(300)
    for (const phone of phones) {
      phone.packets.forEach((packet, index) => {
        const before = phone.packets[index - 1]
        expect(packet.marker).toBe(before === undefined)
        if (!before) return
        expect((packet.sequence - before.sequence) & 0xffff).toBe(1)
        expect((packet.timestamp - before.timestamp) >>> 0).toBe(160)
        expect(packet.at - before.at).toBeCloseTo(20)
      })
    }
  })
})

/** Enough for six tones at once, which no speech codec was made for. */
const opus: Partial<MediaPlan> = { codec: 'opus', sendParameters: 'maxplaybackrate=48000;maxaveragebitrate=96000' }

describe('tone matrix of mixed codecs', () => {
  const plans: Partial<MediaPlan>[] = [
    { codec: 'PCMU' },
    { codec: 'G722' },
    opus,
    { codec: 'PCMA' },
    { codec: 'L16', sampleRate: 16_000 },
    { codec: 'G722', ptimeMs: 40 },
  ]

  /** The worst of each phone over a second: how far off a tone that it must hear, and how loud one that it must not. */
  function measured(studio: Studio, phones: readonly VirtualPhone[], audible: readonly (readonly number[])[]) {
    const marks = phones.map((phone) => phone.mark())
    studio.run(1000)
    let off = 0
    let leak = -127
    phones.forEach((phone, listener) => {
      frequencies.forEach((frequency, talker) => {
        const heard = phone.level(frequency, marks[listener] ?? 0)
        if (audible[listener]?.includes(talker)) off = Math.max(off, Math.abs(heard - level))
        else leak = Math.max(leak, heard)
      })
    })
    return { off, leak }
  }

  it.each([16_000, 48_000] as const)('everyone hears everyone else, Opus at %i Hz', async (opusRate) => {
    const studio = new Studio({ seed: 7, opusRate })
    const phones: VirtualPhone[] = []
    for (const [index, plan] of plans.entries()) {
      const phone = await studio.phone(`phone-${index}`, plan)
      phone.speak({ frequency: frequencies[index] ?? 0, level, phaseMs: index * 3.3 })
      phones.push(phone)
    }
    await studio.join('mix', ...phones)
    const worst = { off: 0, leak: -127 }
    const expectAll = async (
      change: string,
      silent: readonly number[],
      deaf: readonly number[] = [],
    ): Promise<void> => {
      studio.run(1300)
      const heard = others(6, silent).map((talkers, self) => (deaf.includes(self) ? [] : talkers))
      const { off, leak } = measured(studio, phones, heard)
      worst.off = Math.max(worst.off, off)
      worst.leak = Math.max(worst.leak, leak)
      expect(off, `${change}: level`).toBeLessThanOrEqual(1.5)
      expect(leak, `${change}: leak`).toBeLessThanOrEqual(-50)
    }
    const mute = (legId: string, into: boolean, out: boolean) =>
      studio.core.handle({ kind: 'mute', legId, in: into, out })
    await expectAll('join', [])
    await mute('phone-1', true, false)
    await mute('phone-2', false, true)
    await expectAll('mute', [1], [2])
    await mute('phone-1', false, false)
    await mute('phone-2', false, false)
    const held = phones[4]
    if (!held) throw new Error('six phones were made')
    await studio.core.handle({ kind: 'configureLeg', legId: held.name, plan: { ...held.plan, direction: 'sendonly' } })
    await expectAll('hold', [4])
    await studio.core.handle({ kind: 'configureLeg', legId: held.name, plan: held.plan })
    await studio.core.handle({ kind: 'leave', legId: 'phone-0' })
    await expectAll('kick', [0], [0])
    await studio.join('mix', ...phones)
    await expectAll('rejoin', [])
    report(
      `tone matrix, Opus at ${opusRate} Hz`,
      `levels within ${worst.off.toFixed(2)} dB, own and muted tones at most ${worst.leak.toFixed(1)} dBov`,
    )
  })
})
