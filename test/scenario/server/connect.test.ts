// `connect` and `call` in flows: two phones in a mix of their own, ringing before, and what happens when one leaves.
import { describe, expect, it } from 'vitest'
import { header } from '../../../src/sip/message.ts'
import { sdp } from '../sip/session-description.ts'
import { action, address, openCallHouse, routesTo, wayTo } from './call-house.ts'

const bob = '198.51.100.1'
const carol = '198.51.100.2'
const connectTo = (targets: readonly string[], option: object = {}) =>
  action('connect', { destinations: targets.map((at) => address('sip', `x@${at}`)), ...option })
const after = action('sleep', { duration: 60_000 })

type House = Awaited<ReturnType<typeof openCallHouse>>
const mixes = ({ engine }: House): string[] => [...engine.legs.values()]
const rowsOf = ({ calls, customerId }: House) => calls.list(customerId, { limit: 10 })

describe('connect', () => {
  it('rings the caller on, then answers it and bridges both in a mix of their own', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    menus.set('menu', [connectTo([bob]), after])
    const alice = await phone('203.0.113.1')
    const callee = await phone(bob, () => ({ status: 200, afterMs: 1000 }))
    const session = alice.dial('menu')
    await clock.advance(500)
    expect([alice.accepted, alice.statuses()]).toEqual([false, [180]])
    await clock.advance(1000)
    expect(alice.accepted).toBe(true)
    const [mix = '', other] = mixes(house)
    expect(mix).toMatch(/^connect:/)
    expect(other).toBe(mix)
    const [far, near] = await rowsOf(house)
    expect(far).toMatchObject({
      direction: 'outgoing',
      master_call_id: near?.id,
      source: { target: 'phone@203.0.113.1' },
    })
    expect(near?.chained_call_ids).toEqual([far?.id])
    alice.hangUp(session)
    await clock.advance(100)
    expect([callee.live, mixes(house)]).toEqual([[], []])
  })

  it('goes on with the flow when the other side leaves', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    menus.set('menu', [connectTo([bob]), after])
    const alice = await phone('203.0.113.1')
    const callee = await phone(bob, () => ({ status: 200, afterMs: 100 }))
    alice.dial('menu')
    await clock.advance(1000)
    callee.hangUp(callee.live[0] ?? '')
    await clock.advance(1000)
    expect(alice.ends()).toEqual([])
    expect(mixes(house)).toEqual([''])
    expect((await rowsOf(house))[1]?.action.type).toBe('sleep')
  })

  it('relays the reason when it is asked to', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    menus.set('menu', [connectTo([bob], { relay_reason: true }), after])
    const alice = await phone('203.0.113.1')
    await phone(bob, () => ({ status: 486, afterMs: 100 }))
    alice.dial('menu')
    await clock.advance(1000)
    expect(alice.ends()).toMatchObject([{ status: 486 }])
  })

  it('rings several at once as a groupcall, of which the first answer wins', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone, calls, customerId } = house
    menus.set('menu', [connectTo([bob, carol]), after])
    const alice = await phone('203.0.113.1')
    const [one, two] = [await phone(bob), await phone(carol, () => ({ status: 200, afterMs: 300 }))]
    alice.dial('menu')
    await clock.advance(1000)
    expect([one.live.length, two.live.length, alice.accepted]).toEqual([0, 1, true])
    const [groupcall] = await calls.groupcalls.list(customerId, { limit: 1 })
    expect(groupcall).toMatchObject({ call_count: 1, answer_method: 'hangup_others' })
    expect(groupcall?.master_call_id).toBe((await rowsOf(house)).find(({ direction }) => direction === 'incoming')?.id)
  })

  it('passes early media when it is asked to, and the mix goes on after the answer', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    menus.set('menu', [connectTo([bob], { early_media: true }), after])
    const alice = await phone('203.0.113.1')
    const callee = await phone(bob)
    alice.dial('menu')
    await clock.advance(100)
    callee.loop.command({ kind: 'progress', sessionId: callee.live[0] ?? '', status: 183, answer: sdp('early') })
    await clock.advance(100)
    expect(alice.statuses()).toEqual([180, 183])
    expect(alice.events.some((event) => event.kind === 'progress' && event.answer !== undefined)).toBe(true)
    const before = mixes(house)
    expect(before[0]).toMatch(/^connect:/)
    callee.answer(callee.live[0] ?? '')
    await clock.advance(100)
    expect([alice.accepted, mixes(house)]).toEqual([true, before])
  })

  it('hears nothing early unless it is asked to', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    menus.set('menu', [connectTo([bob]), after])
    const alice = await phone('203.0.113.1')
    const callee = await phone(bob)
    alice.dial('menu')
    await clock.advance(100)
    callee.loop.command({ kind: 'progress', sessionId: callee.live[0] ?? '', status: 183, answer: sdp('early') })
    await clock.advance(100)
    expect([alice.statuses(), mixes(house)]).toEqual([[180], ['', '']])
  })

  it('plays the ringing tone to a caller who was answered before, until somebody answers', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone, engine } = house
    menus.set('menu', [action('answer'), connectTo([bob]), after])
    const tones: number[] = []
    const request = engine.request.bind(engine)
    engine.request = (command) => {
      if (command.kind === 'tone') tones.push(clock.now())
      return request(command)
    }
    const alice = await phone('203.0.113.1')
    await phone(bob, () => ({ status: 200, afterMs: 11_000 }))
    alice.dial('menu')
    await clock.advance(30_000)
    expect(tones).toHaveLength(3)
    expect(alice.accepted).toBe(true)
  })

  it('stops ringing when the caller gives up', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    menus.set('menu', [connectTo([bob, carol]), after])
    const alice = await phone('203.0.113.1')
    const [one, two] = [await phone(bob), await phone(carol)]
    const session = alice.dial('menu')
    await clock.advance(1000)
    expect([one.live.length, two.live.length]).toEqual([1, 1])
    alice.hangUp(session)
    await clock.advance(1000)
    expect([one.live, two.live, mixes(house)]).toEqual([[], [], []])
  })
})

describe('call', () => {
  it('makes calls of their own, which end with this one only when they are chained', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    const callTo = (at: string, chained: boolean) =>
      action('call', {
        destinations: [address('sip', `x@${at}`)],
        chained,
        actions: [{ type: 'sleep', option: { duration: 600_000 } }],
      })
    menus.set('menu', [action('answer'), callTo(bob, true), callTo(carol, false), after])
    const [alice, one, two] = [
      await phone('203.0.113.1'),
      await phone(bob, () => ({ status: 200, afterMs: 100 })),
      await phone(carol, () => ({ status: 200, afterMs: 100 })),
    ]
    const session = alice.dial('menu')
    await clock.advance(1000)
    expect([one.live.length, two.live.length]).toEqual([1, 1])
    const rows = await rowsOf(house)
    const master = rows.find(({ direction }) => direction === 'incoming')
    expect(master?.chained_call_ids).toHaveLength(1)
    expect(rows.filter(({ master_call_id }) => master_call_id === master?.id)).toHaveLength(2)
    alice.hangUp(session)
    await clock.advance(1000)
    expect([one.live.length, two.live.length]).toEqual([0, 1])
  })

  it('does not end the master with a chained call', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone } = house
    const option = {
      destinations: [address('sip', `x@${bob}`)],
      chained: true,
      actions: [{ type: 'hangup', option: {} }],
    }
    menus.set('menu', [action('answer'), action('call', option), after])
    const alice = await phone('203.0.113.1')
    const callee = await phone(bob, () => ({ status: 200, afterMs: 100 }))
    alice.dial('menu')
    await clock.advance(1000)
    expect([callee.ends().length, alice.ends().length]).toEqual([1, 0])
  })

  it('begins its flow at ringing when it is early', async () => {
    const house = await openCallHouse()
    const { clock, menus, phone, events } = house
    const early = (early_execution: boolean) =>
      action('call', {
        destinations: [address('sip', `x@${bob}`)],
        early_execution,
        actions: [
          { type: 'variable_set', option: { key: `early${early_execution}`, value: 'x' } },
          { type: 'sleep', option: { duration: 60_000 } },
        ],
      })
    menus.set('menu', [action('answer'), early(true), early(false), after])
    const alice = await phone('203.0.113.1')
    await phone(bob)
    alice.dial('menu')
    await clock.advance(1000)
    const seen = events.map(({ data }) => JSON.stringify(data['variables'] ?? {})).join()
    expect([seen.includes('earlytrue'), seen.includes('earlyfalse')]).toEqual([true, false])
  })
})

describe('telephone numbers', () => {
  const ways = { '+15550200': [wayTo(bob, '+15550200'), wayTo(carol, '+15550200')] }
  const dial = async (house: House, anonymous = '') => {
    const made = await house.calls.create(house.customerId, {
      source: address('tel', '+15550100'),
      destinations: [address('tel', '+15550200')],
      flow_id: '',
      actions: [after],
      variables: {},
      anonymous,
    })
    return made.calls[0]?.id ?? ''
  }

  it.each([
    [503, true],
    [404, true],
    [486, false],
    [480, false],
    [603, false],
    [487, false],
  ])('refused with %i by the first route are tried by the next: %s', async (status, tried) => {
    const house = await openCallHouse({ outbound: routesTo(ways), accounts: false })
    const [one, two] = [await house.phone(bob, () => ({ status, afterMs: 10 })), await house.phone(carol)]
    const id = await dial(house)
    await house.clock.advance(1000)
    expect([one.invites.length, two.invites.length]).toEqual([1, tried ? 1 : 0])
    expect((await house.calls.get(house.customerId, id)).status).toBe(tried ? 'ringing' : 'hangup')
  })

  it('are tried by the next route when the first is silent', async () => {
    const house = await openCallHouse({ outbound: routesTo(ways), accounts: false })
    const two = await house.phone(carol, () => ({ status: 200, afterMs: 10 }))
    const id = await dial(house)
    await house.clock.advance(40_000)
    expect(two.live).toHaveLength(1)
    expect(await house.calls.get(house.customerId, id)).toMatchObject({ status: 'progressing' })
    expect(await house.calls.list(house.customerId, { limit: 10 })).toHaveLength(1)
  })

  it('are given up when the last route failed, with its reason', async () => {
    const house = await openCallHouse({ outbound: routesTo(ways), accounts: false })
    for (const at of [bob, carol]) await house.phone(at, () => ({ status: 503, afterMs: 10 }))
    const id = await dial(house)
    await house.clock.advance(1000)
    expect(await house.calls.get(house.customerId, id)).toMatchObject({ status: 'hangup', hangup_reason: 'failed' })
    expect(house.engine.legs.size).toBe(0)
  })

  it('are not tried by the next route when the call was hung up meanwhile', async () => {
    const house = await openCallHouse({ outbound: routesTo(ways), accounts: false })
    const [one, two] = [await house.phone(bob), await house.phone(carol)]
    const id = await dial(house)
    await house.clock.advance(100)
    await house.calls.hangup(house.customerId, id)
    await house.clock.advance(1000)
    expect([one.live, two.invites]).toEqual([[], []])
    expect(await house.calls.get(house.customerId, id)).toMatchObject({ hangup_by: 'local', hangup_reason: 'cancel' })
  })

  it.each([
    ['yes', '<sip:anonymous@anonymous.invalid>', 'id'],
    ['no', '<sip:+15550100@sip.test>', undefined],
    ['auto', '<sip:+15550100@sip.test>', undefined],
  ])('with anonymous %s come from %s; the provider alone knows who it is', async (anonymous, from, privacy) => {
    const house = await openCallHouse({ outbound: routesTo(ways), accounts: false })
    const one = await house.phone(bob)
    const id = await dial(house, anonymous)
    await house.clock.advance(100)
    const request = one.invites[0]?.request
    if (request === undefined) throw new Error('no INVITE')
    expect(header(request, 'From')).toContain(from)
    expect(header(request, 'Privacy')).toBe(privacy)
    expect(header(request, 'P-Asserted-Identity')).toBe('<sip:+15550100@sip.test>')
    const { source } = await house.calls.get(house.customerId, id)
    expect(source.target).toBe(anonymous === 'yes' ? 'anonymous@anonymous.invalid' : '+15550100')
  })
})

describe('a 302', () => {
  const elsewhere = (contact: string) => [{ name: 'Contact', value: `<sip:x@${contact}>` }]
  const redirected = async (followRedirects: boolean, contact: string) => {
    const house = await openCallHouse({ followRedirects, accounts: false })
    const [one, two] = [await house.phone(bob), await house.phone(contact)]
    const made = await house.calls.create(house.customerId, {
      source: address('sip', 'me'),
      destinations: [address('sip', `x@${bob}`)],
      flow_id: '',
      actions: [],
      variables: {},
    })
    await house.clock.advance(100)
    const sessionId = one.live[0] ?? ''
    one.loop.command({ kind: 'reject', sessionId, status: 302, headers: elsewhere(contact) })
    await house.clock.advance(1000)
    return { invites: two.invites.length, call: await house.calls.get(house.customerId, made.calls[0]?.id ?? '') }
  }

  it('is a failure unless it is to be followed', async () => {
    const { invites, call } = await redirected(false, carol)
    expect([invites, call.status, call.hangup_reason]).toEqual([0, 'hangup', 'failed'])
  })

  it('is followed when asked, to a destination that may be called', async () => {
    const { invites, call } = await redirected(true, carol)
    expect([invites, call.status]).toEqual([1, 'ringing'])
  })

  it('is never followed to a destination that may not', async () => {
    const { invites, call } = await redirected(true, '203.0.113.66')
    expect([invites, call.status]).toEqual([0, 'hangup'])
  })
})
