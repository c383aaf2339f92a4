// Whole calls through the whole server, in virtual time.
import { describe, expect, it } from 'vitest'
import { nilUuid } from '../../../src/base/ids.ts'
import type { StoredEvent } from '../../../src/event/ledger.ts'
import type { Action } from '../../../src/schema/flow.ts'
import { openHouse } from './house.ts'

const accepted = (events: readonly { kind: string }[]): boolean => events.some((event) => event.kind === 'accepted')
const address = (target: string) => ({ type: 'sip', target, target_name: '', name: '', detail: '' }) as const
const action = (type: string, option: Record<string, unknown> = {}): Action => ({
  id: nilUuid,
  next_id: nilUuid,
  type,
  option,
  tm_execute: null,
})

/** Statuses of each resource in the order of its events. */
function histories(events: readonly StoredEvent[], family: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { type, data } of events) {
    if (!type.startsWith(`${family}_`)) continue
    const id = String(data['id'])
    found.set(id, [...(found.get(id) ?? []), type.slice(family.length + 1)])
  }
  return found
}

describe('a phone that dials a conference', () => {
  it('is answered, joins, and leaves when it hangs up', async () => {
    const { clock, conference, domain, engine, events, phone, customerId } = await openHouse()
    const { id, hash } = await conference()
    const alice = await phone('203.0.113.1')
    const session = alice.dial(`direct.${hash}`)
    await clock.advance(100)
    expect(accepted(alice.events)).toBe(true)
    expect(engine.inMixes).toBe(1)
    expect((await domain.conferences.get(customerId, id)).conferencecall_ids).toHaveLength(1)
    alice.hangUp(session)
    await clock.advance(100)
    expect(engine.legs.size).toBe(0)
    expect([...histories(events, 'conferencecall').values()]).toEqual([['joining', 'joined', 'leaving', 'leaved']])
    expect([...histories(events, 'call').values()]).toEqual([['created', 'ringing', 'progressing', 'hangup']])
  })

  it('is refused with 404 when the hash is unknown, whatever its case is accepted when known', async () => {
    const { clock, conference, phone } = await openHouse()
    const { hash } = await conference()
    const alice = await phone('203.0.113.1')
    alice.dial('direct.000000000000')
    alice.dial('alice')
    alice.dial(`DIRECT.${hash.toUpperCase()}`)
    await clock.advance(100)
    expect(alice.ends().map((end) => end.status)).toEqual([404, 404])
    expect(accepted(alice.events)).toBe(true)
  })

  it('waits ever longer when it tries many wrong hashes', async () => {
    const { clock, phone } = await openHouse()
    const mallory = await phone('203.0.113.9')
    for (let guess = 0; guess < 20; guess += 1) mallory.dial(`direct.${String(guess).padStart(12, '0')}`)
    await clock.advance(100)
    expect(mallory.ends()).toHaveLength(10)
    await clock.advance(10_000)
    expect(mallory.ends()).toHaveLength(20)
  })

  it('that is kicked is hung up when its flow has nothing more to do', async () => {
    const { clock, conference, domain, phone, customerId } = await openHouse()
    const { id, hash } = await conference()
    const [alice, bob] = [await phone('203.0.113.1'), await phone('203.0.113.2')]
    alice.dial(`direct.${hash}`)
    bob.dial(`direct.${hash}`)
    await clock.advance(100)
    const [last] = await domain.conferencecalls.list(customerId, { limit: 10 })
    expect((await domain.conferencecalls.kick(customerId, last?.id ?? '')).status).toBe('leaving')
    await clock.advance(100)
    expect(alice.ends().length + bob.ends().length).toBe(1)
    expect((await domain.conferences.get(customerId, id)).conferencecall_ids).toHaveLength(1)
  })

  it('runs the pre flow before it joins and the post flow after it was kicked', async () => {
    const { clock, domain, phone, customerId, events } = await openHouse()
    const flow = async (name: string) =>
      (
        await domain.flows.create(customerId, {
          name,
          detail: '',
          actions: [action('sleep', { duration: 1000 })],
          on_complete_flow_id: '',
        })
      ).id
    const created = await domain.conferences.create(customerId, {
      type: 'conference',
      name: 'r',
      detail: '',
      data: {},
      timeout: 0,
      pre_flow_id: await flow('pre'),
      post_flow_id: await flow('post'),
    })
    await clock.advance(10)
    const alice = await phone('203.0.113.1')
    alice.dial(`direct.${created.direct_hash}`)
    await clock.advance(500)
    expect(histories(events, 'conferencecall').values().next().value).toEqual(['joining'])
    await clock.advance(1000)
    const [participant] = await domain.conferencecalls.list(customerId, { limit: 1 })
    expect(participant?.status).toBe('joined')
    await domain.conferencecalls.kick(customerId, participant?.id ?? '')
    await clock.advance(500)
    expect(alice.ends()).toHaveLength(0)
    await clock.advance(1000)
    expect(alice.ends()).toHaveLength(1)
  })

  it('is hung up when the conference is deleted, and then nobody can dial it', async () => {
    const { clock, conference, domain, phone, customerId } = await openHouse()
    const { id, hash } = await conference()
    const alice = await phone('203.0.113.1')
    alice.dial(`direct.${hash}`)
    await clock.advance(100)
    await domain.conferences.remove(customerId, id)
    await clock.advance(100)
    expect(alice.ends()).toHaveLength(1)
    expect((await domain.conferences.get(customerId, id)).status).toBe('terminated')
    alice.dial(`direct.${hash}`)
    await clock.advance(100)
    expect(alice.ends().at(-1)?.status).toBe(404)
  })

  it('without an offer is offered one and joins once it has answered', async () => {
    const { clock, conference, engine, phone } = await openHouse()
    const { hash } = await conference()
    const alice = await phone('203.0.113.1')
    alice.loop.command({
      kind: 'invite',
      sessionId: 'late',
      requestUri: `sip:direct.${hash}@192.0.2.1`,
      from: { uri: 'sip:alice@203.0.113.1', displayName: '' },
      to: { uri: `sip:direct.${hash}@192.0.2.1`, displayName: '' },
      destination: { transport: 'UDP', remoteAddress: '192.0.2.1', remotePort: 5060 },
    })
    await clock.advance(200)
    expect(engine.inMixes).toBe(1)
    expect(engine.configured.size).toBe(1)
  })

  it('is refused with 503 when there is no port left, and nothing is left of it', async () => {
    const { clock, conference, engine, phone, events } = await openHouse()
    const { hash } = await conference()
    engine.ports = 0
    const before = clock.waiting
    const alice = await phone('203.0.113.1')
    alice.dial(`direct.${hash}`)
    await clock.advance(60_000)
    expect(alice.ends().map((end) => end.status)).toEqual([503])
    expect(histories(events, 'call').size).toBe(0)
    expect(clock.waiting).toBe(before)
  })

  it('whose media stops is asked whether it is still there, and is gone when it does not answer', async () => {
    const { clock, conference, engine, domain, phone, customerId } = await openHouse()
    const { hash } = await conference()
    const alice = await phone('203.0.113.1')
    alice.dial(`direct.${hash}`)
    await clock.advance(100)
    const [legId = ''] = engine.legs.keys()
    engine.notice({ kind: 'mediaLost', legId, silentMs: 30_000 })
    await clock.advance(1000)
    expect(engine.inMixes).toBe(1)
    await alice.loop.close()
    engine.notice({ kind: 'mediaLost', legId, silentMs: 30_000 })
    await clock.advance(40_000)
    expect(engine.legs.size).toBe(0)
    expect((await domain.calls.list(customerId, { limit: 1 }))[0]).toMatchObject({
      status: 'hangup',
      hangup_reason: 'timeout',
    })
  })
})

describe('a call that the server places', () => {
  const input = (target: string, actions: Action[]) => ({
    source: address('partyline@sip.test'),
    destinations: [address(target)],
    flow_id: '',
    actions,
    variables: {},
  })

  it('joins its conference once the phone answers', async () => {
    const { clock, conference, domain, engine, phone, customerId, events } = await openHouse()
    const { id } = await conference()
    await phone('198.51.100.1', () => 200)
    const { calls } = await domain.calls.create(
      customerId,
      input('bob@198.51.100.1', [action('conference_join', { conference_id: id })]),
    )
    expect(calls).toMatchObject([{ status: 'dialing', direction: 'outgoing' }])
    expect(await domain.activeflows.get(customerId, calls[0]?.activeflow_id ?? '')).toMatchObject({
      status: 'running',
      executed_actions: [],
    })
    await clock.advance(200)
    expect(engine.inMixes).toBe(1)
    expect(histories(events, 'call').get(calls[0]?.id ?? '')).toEqual(['created', 'dialing', 'ringing', 'progressing'])
  })

  it.each([
    [486, 'busy'],
    [603, 'noanswer'],
    [404, 'failed'],
  ])('and that is refused with %i ends for %s', async (status, reason) => {
    const { clock, domain, phone, customerId } = await openHouse()
    await phone('198.51.100.1', () => status)
    const { calls } = await domain.calls.create(customerId, input('bob@198.51.100.1', []))
    await clock.advance(1000)
    expect(await domain.calls.get(customerId, calls[0]?.id ?? '')).toMatchObject({
      status: 'hangup',
      hangup_by: 'remote',
      hangup_reason: reason,
    })
    expect(await domain.activeflows.get(customerId, calls[0]?.activeflow_id ?? '')).toMatchObject({
      status: 'ended',
      error: '',
      executed_actions: [],
    })
  })

  it('and that rings for a minute ends for noanswer; the phone stops ringing', async () => {
    const { clock, domain, phone, customerId } = await openHouse()
    const bob = await phone('198.51.100.1', () => undefined)
    const { calls } = await domain.calls.create(customerId, input('bob@198.51.100.1', []))
    await clock.advance(59_000)
    expect((await domain.calls.get(customerId, calls[0]?.id ?? '')).status).toBe('ringing')
    await clock.advance(2_000)
    expect(await domain.calls.get(customerId, calls[0]?.id ?? '')).toMatchObject({
      status: 'hangup',
      hangup_reason: 'noanswer',
    })
    expect(bob.ends()).toHaveLength(1)
  })

  it('and that is hung up while it rings is cancelled', async () => {
    const { clock, domain, phone, customerId, events } = await openHouse()
    const bob = await phone('198.51.100.1', () => undefined)
    const { calls } = await domain.calls.create(customerId, input('bob@198.51.100.1', []))
    await clock.advance(1000)
    const id = calls[0]?.id ?? ''
    await domain.calls.hangup(customerId, id)
    await clock.advance(1000)
    expect(await domain.calls.get(customerId, id)).toMatchObject({
      status: 'hangup',
      hangup_by: 'local',
      hangup_reason: 'cancel',
    })
    expect(histories(events, 'call').get(id)).toEqual(['created', 'dialing', 'ringing', 'canceling', 'hangup'])
    expect(bob.ends()).toHaveLength(1)
  })

  it('to an address that is not allowed is refused before anything rings', async () => {
    const { domain, customerId, engine, events } = await openHouse()
    await expect(domain.calls.create(customerId, input('bob@203.0.113.77', []))).rejects.toThrow(/PARTYLINE_DIAL_ALLOW/)
    expect(engine.legs.size).toBe(0)
    expect(histories(events, 'call').size).toBe(0)
  })

  it('rings nobody when there are not ports for all its destinations', async () => {
    const { clock, domain, phone, customerId, engine, events } = await openHouse()
    const bob = await phone('198.51.100.1', () => 200)
    engine.ports = 1
    const both = {
      ...input('bob@198.51.100.1', []),
      destinations: [address('bob@198.51.100.1'), address('carol@198.51.100.1')],
    }
    await expect(domain.calls.create(customerId, both)).rejects.toThrow(/no free port/)
    await clock.advance(1000)
    expect(bob.events).toEqual([])
    expect(engine.legs.size).toBe(0)
    expect(histories(events, 'call').size).toBe(0)
  })

  it('of another customer cannot be seen or hung up', async () => {
    const { clock, domain, phone, customerId } = await openHouse()
    await phone('198.51.100.1', () => 200)
    const { calls } = await domain.calls.create(
      customerId,
      input('bob@198.51.100.1', [action('sleep', { duration: 60_000 })]),
    )
    await clock.advance(100)
    const id = calls[0]?.id ?? ''
    await expect(domain.calls.get(nilUuid, id)).rejects.toThrow(/does not exist/)
    await expect(domain.calls.hangup(nilUuid, id)).rejects.toThrow(/does not exist/)
  })
})

describe.each([11, 22, 33])('forty phones on a bad network (seed %i)', (seed) => {
  it('come, go and are kicked, and nothing is left of them', async () => {
    const { clock, conference, domain, engine, events, phone, customerId, server, wire } = await openHouse({
      seed,
      quality: { loss: 0.15, duplication: 0.05, delay: [5, 120] },
    })
    const { id, hash } = await conference()
    const phones = await Promise.all(Array.from({ length: 40 }, (_, index) => phone(`203.0.113.${index + 1}`)))
    const sessions = phones.map((each) => {
      let session = ''
      clock.after(wire.random() * 5_000, () => {
        session = each.dial(`direct.${hash}`)
        clock.after(wire.random() * 20_000, () => wire.random() < 0.5 && each.hangUp(session))
      })
      return () => session
    })
    await clock.advance(12_000)
    for (const participant of await domain.conferencecalls.list(customerId, { limit: 100 })) {
      if (participant.status === 'joined' && wire.random() < 0.3)
        await domain.conferencecalls.kick(customerId, participant.id).catch(() => undefined)
    }
    await clock.advance(20_000)
    await domain.conferences.remove(customerId, id)
    await clock.advance(120_000)

    expect(sessions.filter((session) => session() !== '')).toHaveLength(40)
    expect(engine.legs.size).toBe(0)
    expect(server.sessionCount()).toBe(0)
    expect(phones.map((each) => each.loop.sessionCount())).toEqual(phones.map(() => 0))
    expect((await domain.conferences.get(customerId, id)).status).toBe('terminated')
    for (const history of histories(events, 'conferencecall').values()) {
      expect([
        ['joining', 'joined', 'leaving', 'leaved'],
        ['joining', 'leaved'],
        ['joining', 'leaving', 'leaved'],
      ]).toContainEqual(history)
    }
    for (const call of await domain.calls.list(customerId, { limit: 100 })) expect(call.status).toBe('hangup')
    for (const flow of await domain.activeflows.list(customerId, { limit: 100 })) expect(flow.status).toBe('ended')
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1))
  })
})
