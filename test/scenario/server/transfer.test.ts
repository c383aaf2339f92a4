// Transfer on the virtual wire: blind and attended, into bridges and conferences, and to nowhere that the customer may not call.
import { describe, expect, it } from 'vitest'
import { header } from '../../../src/sip/message.ts'
import { action, address, type CallPhone, openCallHouse, routesTo, serverAddress, wayTo } from './call-house.ts'

const bob = '198.51.100.1'
const carol = '198.51.100.2'
const answers = () => ({ status: 200, afterMs: 100 })
const after = action('sleep', { duration: 600_000 })

type House = Awaited<ReturnType<typeof openCallHouse>>

/** Alice (203.0.113.1) speaks with Bob, whom her flow connected her with. */
async function bridged(options: Parameters<typeof openCallHouse>[0] = {}) {
  const house = await openCallHouse(options)
  const { menus, phone, clock } = house
  menus.set('menu', [action('connect', { destinations: [address('sip', `x@${bob}`)] }), after])
  const [alice, callee] = [await phone('203.0.113.1'), await phone(bob, answers)]
  alice.dial('menu')
  await clock.advance(1000)
  const rows = await house.calls.list(house.customerId, { limit: 10 })
  const sessionOf = (direction: 'incoming' | 'outgoing') =>
    house.calls.live(rows.find((row) => row.direction === direction)?.id ?? '')?.sessionId ?? ''
  return { ...house, alice, callee, aliceSession: sessionOf('incoming'), bobSession: sessionOf('outgoing') }
}

let referrals = 0
function refer({ calls }: House, sessionId: string, referTo: string, more: object = {}): string {
  referrals += 1
  const referId = `refer-${referrals}`
  calls.onSession({ kind: 'refer', sessionId, referId, referTo, ...more })
  return referId
}
const answerTo = ({ commands }: House, referId: string): number | undefined =>
  commands.flatMap((command) =>
    command.kind === 'answerRefer' && command.referId === referId ? [command.status] : [],
  )[0]
const progressOf = ({ commands }: House, referId: string): number[] =>
  commands.flatMap((command) =>
    command.kind === 'referProgress' && command.referId === referId ? [command.status] : [],
  )
const invitesSent = ({ commands }: House): number => commands.filter(({ kind }) => kind === 'invite').length
const mixesOf = ({ engine }: House): string[] => [...engine.legs.values()]
const live = (...phones: CallPhone[]): number[] => phones.map((phone) => phone.live.length)

describe('a blind transfer', () => {
  it('by the caller leaves the one called with the new phone', async () => {
    const house = await bridged()
    const third = await house.phone(carol, answers)
    const id = refer(house, house.aliceSession, `sip:x@${carol}`, { referredBy: 'sip:alice@203.0.113.1' })
    await house.clock.advance(1000)
    expect([answerTo(house, id), progressOf(house, id)]).toEqual([202, [180, 200]])
    expect(live(house.alice, house.callee, third)).toEqual([0, 1, 1])
    const request = third.invites[0]?.request
    expect(request && header(request, 'Referred-By')).toBe('<sip:alice@203.0.113.1>')
    const [mix = '', other] = mixesOf(house)
    expect([mix.startsWith('connect:'), other]).toEqual([true, mix])
    third.hangUp(third.live[0] ?? '')
    await house.clock.advance(1000)
    expect([live(house.callee), mixesOf(house)]).toEqual([[0], []])
  })

  it('by the one called leaves the caller with the new phone, and its flow goes on afterwards', async () => {
    const house = await bridged()
    const third = await house.phone(carol, answers)
    const id = refer(house, house.bobSession, `sip:x@${carol}`)
    await house.clock.advance(1000)
    expect(progressOf(house, id)).toEqual([180, 200])
    expect(live(house.alice, house.callee, third)).toEqual([1, 0, 1])
    third.hangUp(third.live[0] ?? '')
    await house.clock.advance(1000)
    expect([live(house.alice), mixesOf(house)]).toEqual([[1], ['']])
  })

  it('leaves both together when the new phone refuses', async () => {
    const house = await bridged()
    const third = await house.phone(carol, () => ({ status: 486, afterMs: 100 }))
    const id = refer(house, house.aliceSession, `sip:x@${carol}`)
    await house.clock.advance(1000)
    expect([progressOf(house, id), live(house.alice, house.callee, third)]).toEqual([
      [180, 486],
      [1, 1, 0],
    ])
    expect(new Set(mixesOf(house)).size).toBe(1)
  })

  it('is completed although the transferor hangs up at once', async () => {
    const house = await bridged()
    const third = await house.phone(carol, () => ({ status: 200, afterMs: 3000 }))
    refer(house, house.aliceSession, `sip:x@${carol}`)
    await house.clock.advance(100)
    house.alice.hangUp(house.alice.live[0] ?? '')
    await house.clock.advance(1000)
    expect(live(house.alice, house.callee, third)).toEqual([0, 1, 1])
    await house.clock.advance(3000)
    expect(new Set(mixesOf(house)).size).toBe(1)
    expect(live(house.callee, third)).toEqual([1, 1])
  })

  it('hangs the one who stays up when the transferor has gone and the new phone refuses', async () => {
    const house = await bridged()
    const third = await house.phone(carol, () => ({ status: 486, afterMs: 3000 }))
    refer(house, house.aliceSession, `sip:x@${carol}`)
    await house.clock.advance(100)
    house.alice.hangUp(house.alice.live[0] ?? '')
    await house.clock.advance(5000)
    expect([live(house.alice, house.callee, third), mixesOf(house)]).toEqual([[0, 0, 0], []])
  })

  it('stops ringing the new phone when the one who waits hangs up', async () => {
    const house = await bridged()
    const third = await house.phone(carol)
    refer(house, house.aliceSession, `sip:x@${carol}`)
    await house.clock.advance(500)
    house.callee.hangUp(house.callee.live[0] ?? '')
    await house.clock.advance(500)
    expect(live(house.callee, third)).toEqual([0, 0])
  })

  it.each(['hash', 'prefix', 'colon', 'host'])('into a conference of ours needs no call (%s)', async (form) => {
    const house = await bridged()
    const { id, hash } = await house.conference()
    const targets = {
      hash: `sip:direct.${hash}@${serverAddress}`,
      prefix: `sip:conference%3A${id}@sip.test`,
      colon: `sip:conference:${id}@sip.test`,
      host: `sip:${id}@conference.test`,
    }
    const sent = invitesSent(house)
    const refers = refer(house, house.aliceSession, targets[form as keyof typeof targets])
    await house.clock.advance(1000)
    expect([answerTo(house, refers), progressOf(house, refers)]).toEqual([202, [200]])
    expect([live(house.alice, house.callee), mixesOf(house)]).toEqual([[0, 1], [id]])
    expect(invitesSent(house)).toBe(sent)
  })

  it('by a participant puts the new phone into the conference in its place', async () => {
    const house = await openCallHouse()
    const { id, hash } = await house.conference('connect')
    const [alice, other] = [await house.phone('203.0.113.1'), await house.phone('203.0.113.2')]
    for (const each of [other, alice]) each.dial(`direct.${hash}`)
    const third = await house.phone(carol, answers)
    await house.clock.advance(1000)
    const [newest] = await house.calls.list(house.customerId, { limit: 1 })
    refer(house, house.calls.live(newest?.id ?? '')?.sessionId ?? '', `sip:x@${carol}`)
    await house.clock.advance(1000)
    expect([live(alice, other, third), mixesOf(house)]).toEqual([
      [0, 1, 1],
      [id, id],
    ])
  })
})

describe('with default settings', () => {
  const foreign = [
    'sip:premium@203.0.113.66',
    'sip:premium@evil.example',
    'sips:premium@203.0.113.66',
    'tel:+882999',
    `sip:+882999@${serverAddress}`,
    'sip:+882999@sip.test',
    'sip:sip%3Apremium%40evil.example@sip.test',
    'sip:1000@00000000-0000-4000-8000-000000000000.registrar.test',
    `sip:x@${bob}`,
    'mailto:a@b',
    'sip:@',
  ]
  it.each(foreign)('no REFER to %s makes the server send an INVITE', async (referTo) => {
    const house = await openCallHouse({ dialAllow: [] })
    const { hash } = await house.conference()
    const alice = await house.phone('203.0.113.1')
    const other = await house.phone('203.0.113.66')
    alice.dial(`direct.${hash}`)
    await house.clock.advance(1000)
    const [row] = await house.calls.list(house.customerId, { limit: 1 })
    const id = refer(house, house.calls.live(row?.id ?? '')?.sessionId ?? '', referTo)
    await house.clock.advance(60_000)
    expect(answerTo(house, id)).toBeGreaterThanOrEqual(400)
    expect([invitesSent(house), other.invites.length, live(alice)]).toEqual([0, 0, [1]])
  })

  it('a caller from outside cannot have a number called at the expense of the customer, its own phone can', async () => {
    const number = '+15550200'
    const outbound = routesTo({ [number]: [wayTo(carol, number)] })
    for (const type of ['sip', 'extension'] as const) {
      const house = await openCallHouse({ outbound })
      const { hash, id: room } = await house.conference()
      house.menus.set('room', [action('answer'), action('conference_join', { conference_id: room })])
      house.callerType.value = type
      const [alice, third] = [await house.phone('203.0.113.1'), await house.phone(carol, answers)]
      alice.dial(type === 'sip' ? `direct.${hash}` : 'room')
      await house.clock.advance(1000)
      const [row] = await house.calls.list(house.customerId, { limit: 1 })
      const id = refer(house, house.calls.live(row?.id ?? '')?.sessionId ?? '', `tel:${number}`)
      await house.clock.advance(1000)
      const own = type === 'extension'
      expect([answerTo(house, id), live(alice, third)]).toEqual([own ? 202 : 403, own ? [0, 1] : [1, 0]])
    }
  })

  it('a call that speaks with nobody cannot be transferred', async () => {
    const house = await openCallHouse()
    house.menus.set('menu', [action('answer'), after])
    const alice = await house.phone('203.0.113.1')
    alice.dial('menu')
    await house.clock.advance(1000)
    const [row] = await house.calls.list(house.customerId, { limit: 1 })
    const id = refer(house, house.calls.live(row?.id ?? '')?.sessionId ?? '', `sip:x@${carol}`)
    await house.clock.advance(1000)
    expect([answerTo(house, id), invitesSent(house)]).toEqual([603, 0])
  })
})

describe('an attended transfer', () => {
  it('joins the two whom the transferor spoke with', async () => {
    const house = await bridged()
    house.menus.set('other', [action('connect', { destinations: [address('sip', `x@${carol}`)] }), after])
    const third = await house.phone(carol, answers)
    house.alice.dial('other')
    await house.clock.advance(1000)
    const second = (await house.calls.list(house.customerId, { limit: 10 })).find(
      ({ direction, destination }) => direction === 'incoming' && destination.target === 'other',
    )
    const replacesSessionId = house.calls.live(second?.id ?? '')?.sessionId
    const id = refer(house, house.aliceSession, `sip:x@${carol}`, { replacesSessionId })
    await house.clock.advance(1000)
    expect([answerTo(house, id), progressOf(house, id)]).toEqual([202, [200]])
    expect(live(house.alice, house.callee, third)).toEqual([0, 1, 1])
    expect([mixesOf(house).length, new Set(mixesOf(house)).size]).toEqual([2, 1])
    house.callee.hangUp(house.callee.live[0] ?? '')
    await house.clock.advance(1000)
    expect([live(third), mixesOf(house)]).toEqual([[0], []])
  })

  it.each(['aliceSession', 'other'])('brings the partner into the conference (REFER in %s)', async (where) => {
    const house = await bridged()
    const { id: room, hash } = await house.conference()
    house.alice.dial(`direct.${hash}`)
    await house.clock.advance(1000)
    const [newest] = await house.calls.list(house.customerId, { limit: 1 })
    const inRoom = house.calls.live(newest?.id ?? '')?.sessionId ?? ''
    const [from, replacesSessionId] = where === 'other' ? [inRoom, house.aliceSession] : [house.aliceSession, inRoom]
    const id = refer(house, from, 'sip:x@y', { replacesSessionId })
    await house.clock.advance(1000)
    expect([answerTo(house, id), progressOf(house, id)]).toEqual([202, [200]])
    expect([live(house.alice, house.callee), mixesOf(house)]).toEqual([[0, 1], [room]])
  })

  it('of a call that is not ours is refused', async () => {
    const house = await bridged()
    const id = refer(house, house.aliceSession, 'sip:x@y', { replacesSessionId: 'nobody' })
    await house.clock.advance(100)
    expect([answerTo(house, id), live(house.alice, house.callee)]).toEqual([404, [1, 1]])
  })
})

describe('an INVITE with Replaces', () => {
  it('takes the place of a call in a bridge', async () => {
    const house = await bridged()
    house.replacing.set('anything', house.aliceSession)
    const third = await house.phone('203.0.113.3')
    third.dial('anything')
    await house.clock.advance(1000)
    expect([third.accepted, live(house.alice, house.callee)]).toEqual([true, [0, 1]])
    expect([mixesOf(house).length, new Set(mixesOf(house)).size]).toEqual([2, 1])
    third.hangUp(third.live[0] ?? '')
    await house.clock.advance(1000)
    expect(live(house.callee)).toEqual([0])
  })

  it('takes the place of a participant, who is hung up', async () => {
    const house = await openCallHouse()
    const { id, hash } = await house.conference()
    const [alice, third] = [await house.phone('203.0.113.1'), await house.phone('203.0.113.3')]
    alice.dial(`direct.${hash}`)
    await house.clock.advance(1000)
    const [row] = await house.calls.list(house.customerId, { limit: 1 })
    house.replacing.set('anything', house.calls.live(row?.id ?? '')?.sessionId ?? '')
    third.dial('anything')
    await house.clock.advance(1000)
    expect([third.accepted, live(alice), mixesOf(house)]).toEqual([true, [0], [id]])
  })

  it('of a call that speaks with nobody, or is over, is refused', async () => {
    const house = await openCallHouse()
    house.menus.set('menu', [action('answer'), after])
    const [alice, third] = [await house.phone('203.0.113.1'), await house.phone('203.0.113.3')]
    alice.dial('menu')
    await house.clock.advance(1000)
    const [row] = await house.calls.list(house.customerId, { limit: 1 })
    house.replacing.set('alone', house.calls.live(row?.id ?? '')?.sessionId ?? '')
    house.replacing.set('over', 'nobody')
    for (const user of ['alone', 'over']) third.dial(user)
    await house.clock.advance(1000)
    expect(third.ends().map(({ status }) => status)).toEqual([488, 481])
    expect(live(alice)).toEqual([1])
  })
})
