// Connects, transfers and hang-ups at random moments: when the last phone has hung up, nothing of any call is left.
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../sip/virtual-network.ts'
import { action, address, type CallPhone, openCallHouse, serverAddress } from './call-house.ts'

const callees = [1, 2, 3].map((last) => `198.51.100.${last}`)
const callers = [1, 2].map((last) => `203.0.113.${last}`)

describe('calls that are connected, transferred and hung up at random', () => {
  it('leave no phone ringing, no leg open and no call counted in 100 rounds', { timeout: 120_000 }, async () => {
    const seen = { bridged: 0, transferred: 0 }
    for (let seed = 1; seed <= 100; seed += 1) await round(seed, seen)
    // The rounds are worth their time only if they get that far.
    expect(seen.bridged).toBeGreaterThan(20)
    expect(seen.transferred).toBeGreaterThan(20)
  })
})

async function round(seed: number, seen: { bridged: number; transferred: number }): Promise<void> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const count = { now: 0 }
  const limits = {
    enter: () => {
      count.now += 1
    },
    leave: () => {
      count.now -= 1
    },
  }
  const quality = { loss: random() < 0.5 ? 0 : 0.1, duplication: 0.05, delay: [1, 40] } as const
  const house = await openCallHouse({ seed, quality, limits, accounts: false })
  const { clock, menus, calls, phone, engine, customerId, commands } = house
  const { id: room, hash } = await house.conference()
  const sleep = action('sleep', { duration: Math.floor(random() * 5000) })
  const to = (...targets: (string | undefined)[]) => targets.map((at) => address('sip', `x@${at}`))
  menus.set('one', [action('connect', { destinations: to(pick(callees)), early_media: random() < 0.5 }), sleep])
  menus.set('all', [action('answer'), action('connect', { destinations: to(...callees) }), sleep])
  menus.set('room', [action('answer'), action('conference_join', { conference_id: room })])
  const phones: CallPhone[] = []
  for (const at of callees) {
    const status = pick([200, 200, 200, 486])
    phones.push(await phone(at, () => (status === undefined ? undefined : { status, afterMs: random() * 1500 })))
  }
  for (const at of callers) {
    const caller = await phone(at)
    phones.push(caller)
    for (const user of ['one', 'all', 'room'])
      if (random() < 0.6) clock.after(random() * 500, () => void caller.dial(user))
  }
  const liveRows = async () =>
    (await calls.list(customerId, { limit: 50 })).filter(({ status }) => status === 'progressing')
  let referrals = 0
  const meddle = async (): Promise<void> => {
    const rows = await liveRows()
    const sessions = rows.map(({ id }) => calls.live(id)?.sessionId ?? '').filter((id) => id !== '')
    const [sessionId, other] = [pick(sessions), pick(sessions)]
    if (sessionId === undefined) return
    if (random() < 0.25) {
      const caller = pick(phones)
      const session = caller && pick(caller.live)
      if (session !== undefined) caller?.hangUp(session)
      return
    }
    referrals += 1
    const referTo = pick([`sip:x@${pick(callees)}`, `sip:direct.${hash}@${serverAddress}`, 'sip:x@203.0.113.66']) ?? ''
    const replaces = random() < 0.3 && other !== undefined ? { replacesSessionId: other } : {}
    calls.onSession({ kind: 'refer', sessionId, referId: `r${referrals}`, referTo, ...replaces })
  }
  for (let time = 0; time < 8; time += 1) clock.after(700 + random() * 4000, () => void meddle())
  await clock.advance(5000)
  if ([...engine.legs.values()].some((mix) => mix.startsWith('connect:'))) seen.bridged += 1
  if (commands.some((command) => command.kind === 'referProgress' && command.status === 200)) seen.transferred += 1
  const pairs = new Map<string, number>()
  for (const mix of engine.legs.values()) if (mix.startsWith('connect:')) pairs.set(mix, (pairs.get(mix) ?? 0) + 1)
  for (const caller of phones) for (const session of caller.live) caller.hangUp(session)
  await clock.advance(200_000)
  for (const caller of phones) for (const session of caller.live) caller.hangUp(session)
  await clock.advance(200_000)
  const rows = await calls.list(customerId, { limit: 100 })
  const where = `seed ${seed}: ${JSON.stringify(rows.map(({ status, hangup_reason }) => [status, hangup_reason]))}`
  expect(Math.max(0, ...pairs.values()), where).toBeLessThanOrEqual(2)
  expect(
    phones.flatMap(({ live }) => live),
    where,
  ).toEqual([])
  expect(new Set(rows.map(({ status }) => status)), where).toEqual(new Set(rows.length === 0 ? [] : ['hangup']))
  expect([engine.legs.size, count.now], where).toEqual([0, 0])
  const referred = commands.filter(({ kind }) => kind === 'answerRefer').length
  expect(referred, where).toBe(referrals)
}
