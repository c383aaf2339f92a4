// Groupcalls on the virtual wire: one answer wins, nobody is left ringing.
import { describe, expect, it } from 'vitest'
import { nilUuid } from '../../../src/base/ids.ts'
import { header } from '../../../src/sip/message.ts'
import { settle } from '../../virtual-clock.ts'
import { seededRandom } from '../sip/virtual-network.ts'
import { action, address, type CallPhone, openCallHouse, wayTo } from './call-house.ts'

const never = undefined
const input = (targets: readonly string[], more: object = {}) =>
  ({
    source: address('tel', '+15550100'),
    destinations: targets.map((target) => address('sip', target)),
    flow_id: '',
    actions: [action('answer'), action('sleep', { duration: 3_600_000 })],
    variables: {},
    ring_method: 'ring_all',
    answer_method: 'hangup_others',
    anonymous: '',
    ...more,
  }) as const

const phonesAt = [1, 2, 3, 4].map((last) => `198.51.100.${last}`)
const targets = phonesAt.map((at) => `x@${at}`)

describe('a groupcall that rings all', () => {
  it('gives the call to the first answer and tells the others that it was taken elsewhere', async () => {
    const { clock, calls, customerId, phone, events } = await openCallHouse()
    const [one, two] = [await phone('198.51.100.1'), await phone('198.51.100.2', () => ({ status: 200, afterMs: 500 }))]
    const groupcall = await calls.groupcalls.create(customerId, input(['x@198.51.100.1', 'x@198.51.100.2']))
    expect(groupcall).toMatchObject({ status: 'progressing', call_count: 2, answer_call_id: nilUuid })
    expect(groupcall.call_ids).toHaveLength(2)
    await clock.advance(400)
    expect([one.live.length, two.live.length]).toEqual([1, 1])
    await clock.advance(300)
    expect([one.live.length, two.live.length]).toEqual([0, 1])
    expect(one.ends()).toEqual([expect.objectContaining({ by: 'remote', reason: 'Call completed elsewhere' })])
    const answered = await calls.groupcalls.get(customerId, groupcall.id)
    expect(answered).toMatchObject({ status: 'progressing', call_count: 1, answer_call_id: groupcall.call_ids[1] })
    const [first, second] = await Promise.all(groupcall.call_ids.map((id) => calls.get(customerId, id)))
    expect(first).toMatchObject({ status: 'hangup', hangup_reason: 'cancel', groupcall_id: groupcall.id })
    expect(second).toMatchObject({ status: 'progressing', groupcall_id: groupcall.id })
    expect(await calls.groupcalls.hangup(customerId, groupcall.id)).toMatchObject({ status: 'hangup' })
    await clock.advance(100)
    expect(two.live).toEqual([])
    expect(await calls.groupcalls.get(customerId, groupcall.id)).toMatchObject({ status: 'hangup', call_count: 0 })
    const words = events.filter(({ type }) => type.startsWith('groupcall_')).map(({ type }) => type)
    expect(words).toEqual(['groupcall_created', 'groupcall_progressing', 'groupcall_progressing', 'groupcall_hangup'])
  })

  it('ends when all have refused', async () => {
    const { clock, calls, customerId, phone } = await openCallHouse()
    for (const at of phonesAt) await phone(at, () => ({ status: 486, afterMs: 100 }))
    const { id } = await calls.groupcalls.create(customerId, input(targets))
    await clock.advance(1000)
    expect(await calls.groupcalls.get(customerId, id)).toMatchObject({
      status: 'hangup',
      call_count: 0,
      answer_call_id: nilUuid,
    })
  })

  it('lets the others ring on when the answer method is empty', async () => {
    const { clock, calls, customerId, phone } = await openCallHouse()
    const one = await phone('198.51.100.1')
    await phone('198.51.100.2', () => ({ status: 200, afterMs: 100 }))
    await calls.groupcalls.create(customerId, input(['x@198.51.100.1', 'x@198.51.100.2'], { answer_method: '' }))
    await clock.advance(1000)
    expect(one.live).toHaveLength(1)
  })

  it('rings nobody when one destination may not be called', async () => {
    const { clock, calls, customerId, phone } = await openCallHouse()
    const one = await phone('198.51.100.1')
    const refused = calls.groupcalls.create(customerId, input(['x@198.51.100.1', 'x@203.0.113.9']))
    await expect(refused).rejects.toThrow('destinations[1].target: calls to "203.0.113.9" are not allowed')
    await clock.advance(100)
    expect(one.invites).toEqual([])
  })
})

describe('a linear groupcall', () => {
  it('rings one after the other until one answers', async () => {
    const { clock, calls, customerId, phone } = await openCallHouse()
    const phones: CallPhone[] = []
    const manners = [{ status: 486, afterMs: 100 }, never, { status: 200, afterMs: 100 }, never]
    for (const [index, at] of phonesAt.entries()) phones.push(await phone(at, () => manners[index]))
    const created = await calls.groupcalls.create(customerId, input(targets, { ring_method: 'linear' }))
    expect(created).toMatchObject({ dial_index: 0, call_count: 1 })
    await clock.advance(1000)
    expect(phones.map(({ invites }) => invites.length)).toEqual([1, 1, 0, 0])
    await clock.advance(60_000)
    expect(phones.map(({ invites }) => invites.length)).toEqual([1, 1, 1, 0])
    const groupcall = await calls.groupcalls.get(customerId, created.id)
    expect(groupcall).toMatchObject({ dial_index: 2, call_count: 1, status: 'progressing' })
    expect(groupcall.answer_call_id).toBe(groupcall.call_ids[2])
    await clock.advance(10_000)
    expect(phones.map(({ live }) => live.length)).toEqual([0, 0, 1, 0])
  })

  it('rings nobody else once it is hung up', async () => {
    const { clock, calls, customerId, phone } = await openCallHouse()
    const phones = await Promise.all(phonesAt.map((at) => phone(at)))
    const { id } = await calls.groupcalls.create(customerId, input(targets, { ring_method: 'linear' }))
    await clock.advance(1000)
    await calls.groupcalls.hangup(customerId, id)
    await clock.advance(120_000)
    expect(phones.map(({ invites, live }) => [invites.length, live.length])).toEqual([
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    expect(await calls.groupcalls.get(customerId, id)).toMatchObject({ status: 'hangup' })
  })
})

describe('extensions and agents', () => {
  const contacts = { '1000': ['198.51.100.1', '198.51.100.2'], '1001': ['198.51.100.3'], '1002': [] }
  const phones = {
    contactsOf: async (_customer: string, extension: string) =>
      (contacts[extension as keyof typeof contacts] ?? []).map((at) => wayTo(at)),
  }

  it('are called as a groupcall each: an extension at its phones, an agent at its addresses', async () => {
    const house = await openCallHouse({ phones })
    const { clock, calls, customerId, phone, ledger } = house
    const rung = await Promise.all(phonesAt.map((at) => phone(at)))
    const [agent] = await ledger.find('agent', { where: { customer_id: customerId }, limit: 1 })
    const addresses = [address('extension', '1001'), address('sip', 'x@198.51.100.4'), address('email', 'a@b')]
    await ledger.commit([{ update: 'agent', id: agent?.id ?? '', set: { addresses, ring_method: 'linear' } }])
    const { ring_method: _ring, answer_method: _answer, ...request } = input([])
    const destinations = [address('extension', '1000'), address('agent', agent?.id ?? '')]
    const { calls: made, groupcalls } = await calls.create(customerId, { ...request, destinations })
    expect(made).toEqual([])
    expect(groupcalls).toMatchObject([
      { ring_method: 'ring_all', call_count: 2, destinations: [{ type: 'extension', target: '1000' }] },
      { ring_method: 'linear', call_count: 0, groupcall_count: 1, destinations: [{ type: 'agent' }] },
    ])
    await clock.advance(1000)
    expect(rung.map(({ live }) => live.length)).toEqual([1, 1, 1, 0])
    const nested = await calls.groupcalls.get(customerId, groupcalls[1]?.groupcall_ids[0] ?? '')
    expect(nested).toMatchObject({ master_groupcall_id: groupcalls[1]?.id, call_count: 1 })
    rung[2]?.answer(rung[2].live[0] ?? '')
    await clock.advance(100)
    expect(await calls.groupcalls.get(customerId, groupcalls[1]?.id ?? '')).toMatchObject({
      answer_groupcall_id: nested.id,
      answer_call_id: nested.call_ids[0],
    })
  })

  it('without a registered phone give a groupcall that is over at once', async () => {
    const { calls, customerId, clock } = await openCallHouse({ phones })
    const destinations = [address('extension', '1002')]
    const { ring_method: _ring, answer_method: _answer, ...request } = input([])
    const { groupcalls } = await calls.create(customerId, { ...request, destinations })
    await clock.advance(1)
    expect(groupcalls).toMatchObject([{ call_ids: [], call_count: 0, status: 'hangup' }])
  })
})

describe('after a crash', () => {
  it('groupcalls are closed', async () => {
    const { calls, customerId, phone } = await openCallHouse()
    await phone('198.51.100.1')
    const { id } = await calls.groupcalls.create(customerId, input(['x@198.51.100.1']))
    await calls.recover()
    const row = (await calls.groupcalls.list(customerId, { limit: 10 })).find((each) => each.id === id)
    expect(row).toMatchObject({ status: 'hangup', call_count: 0 })
  })
})

describe('whatever the timing', () => {
  it('of 200 rounds nobody rings on, and whoever speaks is the one that won', { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= 200; seed += 1) await round(seed)
  })
})

/** Four phones that answer, refuse or ring at random moments, some within a transit time of each other; now and then somebody hangs up. */
async function round(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const quality = { loss: random() < 0.5 ? 0 : 0.15, duplication: 0.1, delay: [1, 60] } as const
  const { clock, calls, customerId, phone, engine } = await openCallHouse({ seed, quality, accounts: false })
  const moment = 100 + random() * 400
  const phones: CallPhone[] = []
  for (const at of phonesAt) {
    const fate = random()
    const afterMs = random() < 0.7 ? moment + random() * 80 : random() * 3000
    const status = fate < 0.6 ? 200 : fate < 0.85 ? 486 : 0
    phones.push(await phone(at, () => (status === 0 ? undefined : { status, afterMs })))
  }
  const linear = random() < 0.3
  const { id } = await calls.groupcalls.create(customerId, input(targets, linear ? { ring_method: 'linear' } : {}))
  const impatient = random() < 0.3
  if (impatient) clock.after(moment + random() * 200, () => void calls.groupcalls.hangup(customerId, id))
  await clock.advance(400_000)
  await settle()
  const groupcall = await calls.groupcalls.get(customerId, id)
  const rows = await Promise.all(groupcall.call_ids.map((callId) => calls.get(customerId, callId)))
  const up = rows.filter(({ status }) => status === 'progressing')
  const where = `seed ${seed}: ${JSON.stringify({ groupcall, rows: rows.map(({ status }) => status) })}`
  expect(
    rows.every(({ status }) => status === 'progressing' || status === 'hangup'),
    where,
  ).toBe(true)
  expect(up.length, where).toBeLessThanOrEqual(1)
  expect(groupcall.call_count, where).toBe(up.length)
  expect(groupcall.status, where).toBe(up.length === 1 ? 'progressing' : 'hangup')
  if (up[0] !== undefined) expect(groupcall.answer_call_id, where).toBe(up[0].id)
  if (impatient && !linear) expect(groupcall.status, where).toBe('hangup')
  expect(
    phones.reduce((sum, { live }) => sum + live.length, 0),
    where,
  ).toBe(up.length)
  expect(engine.legs.size, where).toBe(up.length)
}

describe('the caller', () => {
  it('is told to the far end, with the headers that variables ask for', async () => {
    const { clock, calls, customerId, phone } = await openCallHouse()
    const one = await phone('198.51.100.1')
    const variables = { 'sip.header.X-Ticket': '42', other: 'x' }
    await calls.groupcalls.create(customerId, input(['x@198.51.100.1'], { variables }))
    await clock.advance(100)
    const request = one.invites[0]?.request
    if (request === undefined) throw new Error('no INVITE')
    expect(header(request, 'X-Ticket')).toBe('42')
    expect(header(request, 'From')).toContain('<sip:+15550100@sip.test>')
    expect(header(request, 'P-Asserted-Identity')).toBeUndefined()
  })
})
