// Transfer with real phones: attended into a conference (REFER with Replaces), and blind; who is left is heard afterwards.
import { afterEach, describe, expect, test } from 'vitest'
import { lacksRoom } from './room.ts'
import { openStage, tonesIn } from './stage.ts'
import { lacks, skips } from './tools.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const open = () => openStage((close) => closers.push(close))
const withBaresip = lacks('baresip') ?? lacks('openssl') ?? lacksRoom()
const withLinphone = lacks('linphonec') ?? withBaresip
const mark = (missing: string | undefined): string => (missing ? ` [skipped: ${missing}]` : '')
/** Frames of 20 ms that a phone's own jitter buffer may leave out. */
const hole = 5

describe.skipIf(skips('attended transfer', withLinphone))(
  `an attended transfer by linphone${mark(withLinphone)}`,
  () => {
    test.each(['udp', 'tls'] as const)('over %s brings whom it called into the conference', async (transport) => {
      const stage = await open()
      const [lin, bar] = [await stage.login('1001', transport), await stage.login('1002', 'udp')]
      const guest = await stage.baresip({ name: 'guest', sipPort: 5080, frequency: 1000 })
      await guest.dial(stage.roomUri('udp'))
      const phone = await stage.baresip({ name: 'bar', sipPort: 5070, frequency: 400, autoAnswer: true, login: bar })
      const desk = await stage.linphone({ name: 'lin', sipPort: 5090, frequency: 1500, transport, login: lin })
      await desk.dial(`sip:1002@${bar.domain}`, 1)
      await phone.established()
      await desk.hold()
      await desk.dial(stage.roomUri(transport), 2)
      await stage.people(2)
      await desk.transfer(1, 2)
      await stage.people(2)
      await phone.talkedMore(3)
      await Promise.all([phone.hangUp(), guest.hangUp()])
      await stage.people(0)
      const [there, gone] = tonesIn(phone.heard(), [1000, 1500])
      expect((there?.last ?? 0) - (there?.first ?? 0)).toBeGreaterThan(100)
      expect(there?.longestHole).toBeLessThanOrEqual(hole)
      // The frame in which one ends may be the one in which the other begins.
      expect(gone?.last).toBeLessThanOrEqual((there?.first ?? 0) + 1)
      const [back] = tonesIn(guest.heard(), [400])
      expect((back?.last ?? 0) - (back?.first ?? 0)).toBeGreaterThan(100)
      expect(back?.longestHole).toBeLessThanOrEqual(hole)
    })
  },
)

describe.skipIf(skips('blind transfer', withBaresip))(`a blind transfer by baresip${mark(withBaresip)}`, () => {
  test('brings whom it called into the conference', async () => {
    const stage = await open()
    const [one, two] = [await stage.login('1001', 'udp'), await stage.login('1002', 'udp')]
    const guest = await stage.baresip({ name: 'guest', sipPort: 5080, frequency: 1000 })
    await guest.dial(stage.roomUri('udp'))
    const phone = await stage.baresip({ name: 'two', sipPort: 5070, frequency: 400, autoAnswer: true, login: two })
    const desk = await stage.baresip({ name: 'one', sipPort: 5060, frequency: 1500, login: one })
    await desk.dial(`sip:1002@${two.domain}`)
    await phone.established()
    await desk.transfer(stage.roomUri('udp'))
    await stage.people(2)
    await phone.talkedMore(3)
    await Promise.all([phone.hangUp(), guest.hangUp()])
    const [there] = tonesIn(phone.heard(), [1000])
    expect((there?.last ?? 0) - (there?.first ?? 0)).toBeGreaterThan(100)
    expect(tonesIn(guest.heard(), [400])[0]?.longestHole).toBeLessThanOrEqual(hole)
  })

  test('leaves two phones speaking with each other', async () => {
    const stage = await open()
    const [one, two, three] = [
      await stage.login('1001', 'udp'),
      await stage.login('1002', 'tcp'),
      await stage.login('1003', 'udp'),
    ]
    const left = await stage.baresip({ name: 'two', sipPort: 5070, frequency: 400, autoAnswer: true, login: two })
    const added = await stage.baresip({ name: 'three', sipPort: 5080, frequency: 1000, autoAnswer: true, login: three })
    const desk = await stage.baresip({ name: 'one', sipPort: 5060, frequency: 1500, login: one })
    await desk.dial(`sip:1002@${two.domain}`)
    await left.established()
    await desk.transfer(`sip:1003@${three.domain}`)
    await added.established()
    await added.talked(3)
    await added.hangUp()
    await left.ended()
    const [far, gone] = tonesIn(added.heard(), [400, 1500])
    expect(far?.longestHole).toBeLessThanOrEqual(hole)
    expect(gone?.share).toBe(0)
    expect(tonesIn(added.heard(), [400])[0]?.share).toBeGreaterThan(0.8)
    const [there] = tonesIn(left.heard(), [1000])
    expect((there?.last ?? 0) - (there?.first ?? 0)).toBeGreaterThan(100)
  })
})
