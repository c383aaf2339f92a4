// Everyone sends a tone of its own and must hear every tone but its own: PCMU and PCMA mixed, under mute, kick and rejoin.
import { describe, expect, it } from 'vitest'
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
