// Calls in and out on the virtual wire: limits, refusals, headers, calls to the server itself, the end of an account.
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/base/errors.ts'
import { notDeleted } from '../../../src/base/time.ts'
import type { Address } from '../../../src/schema/address.ts'
import { action, address, openCallHouse, serverAddress } from './call-house.ts'

const bob = '198.51.100.1'
const carol = '198.51.100.2'
const after = action('sleep', { duration: 600_000 })
const answers = () => ({ status: 200, afterMs: 10 })

type House = Awaited<ReturnType<typeof openCallHouse>>

const dial = ({ calls, customerId }: House, destinations: readonly Address[], variables = {}) =>
  calls.create(customerId, {
    source: address('sip', 'me'),
    destinations,
    flow_id: '',
    actions: [after],
    variables,
  })

/** Counts calls and lets so many be at once. */
function limits(most: number) {
  const count = { now: 0, entered: 0 }
  return {
    count,
    enter: () => {
      if (count.now >= most) throw new UserError('LIMIT_REACHED', `only ${most} calls at once`)
      count.now += 1
      count.entered += 1
    },
    leave: () => {
      count.now -= 1
    },
  }
}

describe('the limits of a customer', () => {
  it('count every call in and out until it is over', async () => {
    const limit = limits(10)
    const house = await openCallHouse({ limits: limit })
    house.menus.set('menu', [action('answer'), after])
    const [alice, callee] = [await house.phone('203.0.113.1'), await house.phone(bob, answers)]
    const session = alice.dial('menu')
    await dial(house, [address('sip', `x@${bob}`)])
    await house.clock.advance(100)
    expect(limit.count).toEqual({ now: 2, entered: 2 })
    alice.hangUp(session)
    callee.hangUp(callee.live[0] ?? '')
    await house.clock.advance(1000)
    expect(limit.count.now).toBe(0)
  })

  it('refuse an incoming call with 503 and Retry-After, and leave nothing of it behind', async () => {
    const limit = limits(0)
    const house = await openCallHouse({ limits: limit })
    house.menus.set('menu', [action('answer'), after])
    const alice = await house.phone('203.0.113.1')
    alice.dial('menu')
    await house.clock.advance(100)
    expect(alice.ends()).toMatchObject([{ status: 503, retryAfter: 10 }])
    expect([limit.count.now, house.engine.legs.size]).toEqual([0, 0])
    expect(await house.calls.list(house.customerId, { limit: 10 })).toEqual([])
    expect(await house.ledger.find('flow', { where: { persistent: false } })).toEqual([])
  })

  it('let no phone ring when one of several calls is over them', async () => {
    const limit = limits(1)
    const house = await openCallHouse({ limits: limit, accounts: false })
    const phones = [await house.phone(bob), await house.phone(carol)]
    const both = [bob, carol].map((at) => address('sip', `x@${at}`))
    await expect(dial(house, both)).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    await house.clock.advance(100)
    expect(phones.flatMap(({ invites }) => invites)).toEqual([])
    expect([limit.count.now, house.engine.legs.size]).toEqual([0, 0])
  })

  it('are left when there is no port for a call', async () => {
    const limit = limits(10)
    const house = await openCallHouse({ limits: limit, accounts: false })
    house.engine.ports = 1
    const both = [bob, carol].map((at) => address('sip', `x@${at}`))
    await expect(dial(house, both)).rejects.toThrow('no free port pair')
    await house.clock.advance(100)
    expect([limit.count.now, house.engine.legs.size]).toEqual([0, 0])
  })
})

describe('an incoming call', () => {
  it('that is refused gets the status and the headers of the router', async () => {
    const headers = [{ name: 'WWW-Authenticate', value: 'Digest realm="r", nonce="n"' }]
    const refusal = { ok: false, status: 401, reason: 'who is it?', guess: false, headers } as const
    const house = await openCallHouse({ inbound: { route: async () => refusal }, accounts: false })
    const alice = await house.phone('203.0.113.1')
    alice.dial('1000')
    await house.clock.advance(100)
    expect(house.commands).toEqual([expect.objectContaining({ kind: 'reject', status: 401, headers })])
    expect(alice.ends()).toMatchObject([{ status: 401 }])
  })

  it('hands its X- headers to the flow', async () => {
    const house = await openCallHouse()
    house.menus.set('menu', [action('answer'), after])
    const alice = await house.phone('203.0.113.1')
    alice.dial('menu', [{ name: 'X-Ticket', value: '42' }])
    await house.clock.advance(100)
    const [activeflow] = await house.ledger.find('activeflow', { limit: 1 })
    expect(activeflow?.variables).toMatchObject({ 'sip.header.X-Ticket': '42' })
  })

  it('passes them on to whom it is connected with', async () => {
    const house = await openCallHouse()
    house.menus.set('menu', [action('connect', { destinations: [address('sip', `x@${bob}`)] })])
    const [alice, callee] = [await house.phone('203.0.113.1'), await house.phone(bob)]
    alice.dial('menu', [{ name: 'X-Ticket', value: '42' }])
    await house.clock.advance(100)
    expect(callee.invites[0]?.request.headers).toContainEqual({ name: 'X-Ticket', value: '42' })
  })
})

describe('a call to the server itself', () => {
  const cases: [string, (house: House) => Promise<string>, string][] = [
    ['a conference', async (house) => (await house.conference()).hash, 'a conference, which has no phone to ring'],
    ['nothing', async () => '000000000000', 'names nothing of yours'],
  ]
  it.each(cases)('that means %s is refused, with what to do instead', async (_what, hashOf, why) => {
    const house = await openCallHouse()
    const sent = house.commands.length
    const target = `direct.${await hashOf(house)}@${serverAddress}`
    await expect(dial(house, [address('sip', target)])).rejects.toThrow(why)
    await expect(dial(house, [address('sip', target.replace(serverAddress, 'sip.test'))])).rejects.toThrow(why)
    expect(house.commands).toHaveLength(sent)
  })

  it('that means an extension rings its phones', async () => {
    const contactsOf = async (_customer: string, extension: string) =>
      extension === '1000'
        ? [
            {
              requestUri: 'sip:x@phone',
              destination: { transport: 'UDP', remoteAddress: bob, remotePort: 5060 } as const,
            },
          ]
        : []
    const house = await openCallHouse({ phones: { contactsOf } })
    const callee = await house.phone(bob)
    const { groupcalls } = await dial(house, [address('sip', '1000@sip.test')])
    await house.clock.advance(100)
    expect([groupcalls.length, callee.live.length]).toEqual([1, 1])
  })

  it('by a name that leads back to it is no different', async () => {
    const house = await openCallHouse({ dialAllow: ['me.example'], resolve: async () => [serverAddress] })
    const { hash } = await house.conference()
    const refused = dial(house, [address('sip', `direct.${hash}@me.example`)])
    await expect(refused).rejects.toThrow('a conference, which has no phone to ring')
  })

  it('at another port is a call to somebody else', async () => {
    const house = await openCallHouse({ dialAllow: [serverAddress] })
    const { calls: made } = await dial(house, [address('sip', `x@${serverAddress}:5999`)])
    expect(made).toHaveLength(1)
  })

  it.each(['conference', 'email', 'line'] as const)('to an address of type %s is refused', async (type) => {
    const house = await openCallHouse({ accounts: false })
    await expect(dial(house, [address(type, 'x')])).rejects.toThrow('destinations[0]')
  })

  it('without routes no telephone number is called', async () => {
    const house = await openCallHouse({ accounts: false })
    const refused = dial(house, [address('tel', '+15550100')])
    await expect(refused).rejects.toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' })
  })
})

describe('the end of an account', () => {
  it('ends its calls, also those that ring, and nobody else is rung', async () => {
    const house = await openCallHouse()
    const { calls, customerId, clock, menus, phone } = house
    menus.set('menu', [action('answer'), after])
    const [alice, one, two] = [await phone('203.0.113.1'), await phone(bob), await phone(carol)]
    alice.dial('menu')
    await calls.groupcalls.create(customerId, {
      source: address('sip', 'me'),
      destinations: [bob, carol].map((at) => address('sip', `x@${at}`)),
      flow_id: '',
      actions: [],
      variables: {},
      ring_method: 'linear',
      answer_method: 'hangup_others',
      anonymous: '',
    })
    await clock.advance(100)
    expect([alice.live.length, one.live.length]).toEqual([1, 1])
    await calls.endCallsOf('another')
    await clock.advance(100)
    expect([alice.live.length, one.live.length]).toEqual([1, 1])
    await calls.endCallsOf(customerId)
    await clock.advance(60_000)
    expect([alice.live, one.live, two.invites]).toEqual([[], [], []])
  })

  it('ends calls that are not yet stored', async () => {
    const house = await openCallHouse({ accounts: false })
    const one = await house.phone(bob)
    const dialled = dial(house, [address('sip', `x@${bob}`)])
    let tries = 0
    for (; house.engine.legs.size === 0 && tries < 100; tries += 1) await Promise.resolve()
    void house.calls.endCallsOf(house.customerId)
    const { calls: made } = await dialled
    await house.clock.advance(1000)
    expect([one.invites.length, house.engine.legs.size]).toEqual([0, 0])
    expect(await house.calls.get(house.customerId, made[0]?.id ?? '')).toMatchObject({ status: 'hangup' })
    const words = house.events.filter(({ type }) => type.startsWith('call_')).map(({ type }) => type)
    expect(words.at(-1)).toBe('call_hangup')
  })

  it('a drain ends groupcalls too, and makes no call any more', async () => {
    const house = await openCallHouse({ accounts: false })
    const one = await house.phone(bob)
    await dial(house, [address('sip', `x@${bob}`)])
    await house.clock.advance(100)
    const drained = house.calls.drain(5000)
    await house.clock.advance(1000)
    await drained
    expect(one.live).toEqual([])
    await expect(dial(house, [address('sip', `x@${bob}`)])).rejects.toThrow('stopping')
  })
})

describe('flows that were made for one call', () => {
  it('are deleted when their calls are over and old enough', async () => {
    const house = await openCallHouse({ accounts: false })
    const { calls, ledger, clock, phone } = house
    const one = await phone(bob, answers)
    const two = await phone(carol, answers)
    await dial(house, [address('sip', `x@${bob}`)])
    await dial(house, [address('sip', `x@${carol}`)])
    await clock.advance(1000)
    two.hangUp(two.live[0] ?? '')
    await clock.advance(1000)
    expect(await calls.purgeTemporaryFlows(3600)).toBe(0)
    expect(await calls.purgeTemporaryFlows(0)).toBe(1)
    expect(await calls.purgeTemporaryFlows(0)).toBe(0)
    one.hangUp(one.live[0] ?? '')
    await clock.advance(1000)
    expect(await calls.purgeTemporaryFlows(0)).toBe(1)
    const flows = await ledger.find('flow', { deleted: true })
    expect(flows.map(({ tm_delete, actions }) => [tm_delete === notDeleted, actions.length])).toEqual([
      [false, 0],
      [false, 0],
    ])
  })
})
