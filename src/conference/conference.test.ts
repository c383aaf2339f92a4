import { describe, expect, it } from 'vitest'
import { settle, VirtualClock } from '../../test/virtual-clock.ts'
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import { Conferencecalls } from './conferencecalls.ts'
import { type ConferenceInput, Conferences } from './conferences.ts'
import { Focus } from './focus.ts'

const customerId = newUuid()
const input: ConferenceInput = {
  type: 'conference',
  name: 'standup',
  detail: '',
  data: {},
  timeout: 0,
  pre_flow_id: '',
  post_flow_id: '',
}

function setUp() {
  const clock = new VirtualClock()
  const ledger = createMemoryLedger({ clock })
  const mixes = new Map<string, string>()
  const calls = new Map<string, AbortController>()
  const failing = new Set<string>()
  const focus = new Focus({
    ledger,
    log: silentLog,
    accountNumber: async () => 7,
    mixer: {
      join: async (legId, mixId) => {
        if (failing.has(legId)) throw new Error('no such leg')
        mixes.set(legId, mixId)
      },
      leave: async (legId) => {
        mixes.delete(legId)
      },
    },
    phones: {
      phone: (callId) => {
        const ended = calls.get(callId)
        return ended && { legId: callId, ended: ended.signal, answer: async () => {} }
      },
    },
  })
  const conferences = new Conferences({ ledger, focus, clock, log: silentLog })
  const conferencecalls = new Conferencecalls(ledger, focus)
  const types: string[] = []
  ledger.subscribe((event) => types.push(event.type))

  async function progressing(change: Partial<ConferenceInput> = {}): Promise<string> {
    const { id } = await conferences.create(customerId, { ...input, ...change })
    await settle()
    return id
  }

  async function enter(conferenceId: string) {
    const callId = newUuid()
    calls.set(callId, new AbortController())
    const { conferencecall } = await focus.admit({ callId, customerId, conferenceId, activeflowId: nilUuid })
    const participant = focus.participant(conferencecall.id)
    if (participant === undefined) throw new Error('not admitted')
    const stay = focus.stay(participant)
    await settle()
    return { callId, id: conferencecall.id, stay, hangUp: () => calls.get(callId)?.abort() }
  }
  return { clock, ledger, focus, conferences, conferencecalls, mixes, calls, failing, types, progressing, enter }
}

const code = (error: unknown): string => (error instanceof UserError ? error.code : String(error))

describe('a conference', () => {
  it('answers starting, is progressing a moment later, and has a hash that leads to it', async () => {
    const { conferences, ledger, types } = setUp()
    const created = await conferences.create(customerId, input)
    expect(created).toMatchObject({
      status: 'starting',
      user_id: 7,
      tm_update: '',
      tm_delete: notDeleted,
      conferencecall_ids: [],
    })
    await settle()
    expect((await conferences.get(customerId, created.id)).status).toBe('progressing')
    expect(await ledger.find('direct', { where: { hash: created.direct_hash } })).toMatchObject([
      { resource_id: created.id },
    ])
    expect(types).toEqual(['conference_created', 'conference_updated'])
  })

  it('looks missing to another customer', async () => {
    const { conferences, progressing } = setUp()
    const id = await progressing()
    for (const attempt of [
      conferences.get(newUuid(), id),
      conferences.update(newUuid(), id, { name: 'x' }),
      conferences.remove(newUuid(), id),
      conferences.regenerateHash(newUuid(), id),
    ]) {
      expect(await attempt.catch(code)).toBe('CONFERENCE_NOT_FOUND')
    }
  })

  it('ends in terminated when nobody is in it, once, and its hash is gone', async () => {
    const { conferences, ledger, types, progressing } = setUp()
    const id = await progressing()
    const ended = await conferences.remove(customerId, id)
    expect(ended.status).toBe('terminated')
    expect(ended.tm_end).not.toBe('')
    expect(ended.tm_delete).not.toBe(notDeleted)
    expect(await ledger.find('direct', { where: { hash: ended.direct_hash } })).toEqual([])
    expect((await conferences.remove(customerId, id)).status).toBe('terminated')
    expect(types.filter((type) => type === 'conference_deleted')).toHaveLength(1)
    expect(await conferences.list(customerId, { limit: 10 })).toEqual([])
  })

  it('changes only the fields given', async () => {
    const { conferences, progressing } = setUp()
    const id = await progressing({ detail: 'kept', timeout: 90 })
    expect(await conferences.update(customerId, id, { name: 'new' })).toMatchObject({
      name: 'new',
      detail: 'kept',
      timeout: 90,
    })
  })

  it('cannot be changed once it has ended', async () => {
    const { conferences, types, progressing } = setUp()
    const id = await progressing()
    await conferences.remove(customerId, id)
    expect(await conferences.update(customerId, id, { name: 'new' }).catch(code)).toBe('CONFERENCE_TERMINATED')
    expect(types.at(-1)).toBe('conference_deleted')
  })

  it('refuses a flow that is not of this customer', async () => {
    const { conferences } = setUp()
    const attempt = conferences.create(customerId, { ...input, pre_flow_id: newUuid() })
    await expect(attempt).rejects.toThrow(/pre_flow_id/)
  })

  it('regenerates its hash; the old one stops resolving', async () => {
    const { conferences, ledger, progressing } = setUp()
    const id = await progressing()
    const before = (await conferences.get(customerId, id)).direct_hash
    const after = (await conferences.regenerateHash(customerId, id)).direct_hash
    expect(after).toMatch(/^[0-9a-f]{12}$/)
    expect(await ledger.find('direct', { where: { hash: before } })).toEqual([])
    expect(await ledger.find('direct', { where: { hash: after } })).toHaveLength(1)
  })
})

describe('the timeout of a conference', () => {
  it('of 59 seconds means a day; 60 means 60', async () => {
    const { conferences } = setUp()
    expect((await conferences.create(customerId, { ...input, timeout: 59 })).timeout).toBe(86_400)
    expect((await conferences.create(customerId, { ...input, timeout: 60 })).timeout).toBe(60)
  })

  it('ends the conference when it is over, and not before', async () => {
    const { conferences, clock, progressing } = setUp()
    const id = await progressing({ timeout: 3_600_000 })
    await clock.advance(3_599_999_000)
    expect((await conferences.get(customerId, id)).status).toBe('progressing')
    await clock.advance(2_000)
    expect((await conferences.get(customerId, id)).status).toBe('terminated')
  })

  it('is replaced by an update', async () => {
    const { conferences, clock, progressing } = setUp()
    const id = await progressing({ timeout: 60 })
    await conferences.update(customerId, id, { timeout: 120 })
    await clock.advance(110_000)
    expect((await conferences.get(customerId, id)).status).toBe('progressing')
    await clock.advance(11_000)
    expect((await conferences.get(customerId, id)).status).toBe('terminated')
  })

  it('survives a restart', async () => {
    const { conferences, focus, ledger, clock, progressing } = setUp()
    const id = await progressing({ timeout: 60 })
    conferences.close()
    const next = new Conferences({ ledger, focus, clock, log: silentLog })
    await next.recover()
    await clock.advance(61_000)
    expect((await next.get(customerId, id)).status).toBe('terminated')
  })
})

describe('a participant', () => {
  it('is in the mix once it is joined, and the events tell it in order', async () => {
    const { conferences, mixes, types, progressing, enter } = setUp()
    const id = await progressing()
    const first = await enter(id)
    expect(mixes.get(first.callId)).toBe(id)
    expect((await conferences.get(customerId, id)).conferencecall_ids).toEqual([first.id])
    expect(types.slice(2)).toEqual(['conferencecall_joining', 'conferencecall_joined', 'conference_updated'])
  })

  it('that is kicked is answered in leaving, leaves the mix, lets its flow go on, and cannot be kicked again', async () => {
    const { conferences, conferencecalls, mixes, progressing, enter } = setUp()
    const id = await progressing()
    const [first, second] = [await enter(id), await enter(id)]
    expect((await conferencecalls.kick(customerId, first.id)).status).toBe('leaving')
    await first.stay
    expect(mixes.has(first.callId)).toBe(false)
    expect(await conferencecalls.get(customerId, first.id)).toMatchObject({ status: 'leaved', reason: 'kicked' })
    expect(await conferencecalls.kick(customerId, first.id).catch(code)).toBe('STATE_INVALID')
    expect((await conferences.get(customerId, id)).conferencecall_ids).toEqual([second.id])
  })

  it('cannot be kicked twice at the same moment', async () => {
    const { conferencecalls, progressing, enter } = setUp()
    const { id } = await enter(await progressing())
    const outcomes = await Promise.all(
      [0, 1].map(() => conferencecalls.kick(customerId, id).then((row) => row.status, code)),
    )
    expect(outcomes.sort()).toEqual(['STATE_INVALID', 'leaving'])
  })

  it('of another customer cannot be seen or kicked', async () => {
    const { conferencecalls, progressing, enter } = setUp()
    const { id } = await enter(await progressing())
    expect(await conferencecalls.get(newUuid(), id).catch(code)).toBe('CONFERENCECALL_NOT_FOUND')
    expect(await conferencecalls.kick(newUuid(), id).catch(code)).toBe('CONFERENCECALL_NOT_FOUND')
  })

  it('leaves when its call ends', async () => {
    const { conferencecalls, mixes, progressing, enter } = setUp()
    const { id, callId, stay, hangUp } = await enter(await progressing())
    hangUp()
    await stay
    expect(mixes.has(callId)).toBe(false)
    expect(await conferencecalls.get(customerId, id)).toMatchObject({ status: 'leaved', reason: 'hangup' })
  })

  it('whose call dies before it entered goes straight to leaved', async () => {
    const { calls, conferencecalls, focus, types, progressing } = setUp()
    const conferenceId = await progressing()
    const callId = newUuid()
    calls.set(callId, new AbortController())
    const { conferencecall } = await focus.admit({ callId, customerId, conferenceId, activeflowId: nilUuid })
    calls.get(callId)?.abort()
    await settle()
    expect((await conferencecalls.get(customerId, conferencecall.id)).status).toBe('leaved')
    expect(types).not.toContain('conferencecall_leaving')
    expect(focus.empty(conferenceId)).toBe(true)
  })

  it('that cannot enter the mix leaves, and its flow hears why', async () => {
    const { calls, conferencecalls, failing, focus, progressing } = setUp()
    const conferenceId = await progressing()
    const callId = newUuid()
    calls.set(callId, new AbortController())
    failing.add(callId)
    const { conferencecall } = await focus.admit({ callId, customerId, conferenceId, activeflowId: nilUuid })
    const participant = focus.participant(conferencecall.id)
    await expect(participant && focus.stay(participant)).rejects.toThrow('no such leg')
    expect(await conferencecalls.get(customerId, conferencecall.id)).toMatchObject({
      status: 'leaved',
      reason: 'failed',
    })
  })

  it('cannot join a conference that has ended, or one of another customer', async () => {
    const { calls, conferences, focus, progressing } = setUp()
    const conferenceId = await progressing()
    const callId = newUuid()
    calls.set(callId, new AbortController())
    const admission = { callId, customerId, conferenceId, activeflowId: nilUuid }
    expect(await focus.admit({ ...admission, customerId: newUuid() }).catch(code)).toBe('CONFERENCE_NOT_FOUND')
    await conferences.remove(customerId, conferenceId)
    expect(await focus.admit(admission).catch(code)).toBe('CONFERENCE_TERMINATED')
  })

  it('is ejected when the conference ends, which is terminated after the last has left', async () => {
    const { conferences, conferencecalls, types, progressing, enter } = setUp()
    const id = await progressing()
    const [first, second] = [await enter(id), await enter(id)]
    expect((await conferences.remove(customerId, id)).status).toBe('terminating')
    await Promise.all([first.stay, second.stay])
    await settle()
    expect((await conferences.get(customerId, id)).status).toBe('terminated')
    expect(await conferencecalls.get(customerId, first.id)).toMatchObject({
      status: 'leaved',
      reason: 'conference_ended',
    })
    expect(types.at(-1)).toBe('conference_deleted')
  })

  it('left alone in a connect conference is ejected', async () => {
    const { conferencecalls, progressing, enter } = setUp()
    const id = await progressing({ type: 'connect' })
    const [first, second] = [await enter(id), await enter(id)]
    first.hangUp()
    await second.stay
    expect(await conferencecalls.get(customerId, second.id)).toMatchObject({ status: 'leaved', reason: 'partner_left' })
  })

  it('left by a dead process is closed with a reason', async () => {
    const { conferencecalls, ledger, focus, progressing, enter } = setUp()
    const { id } = await enter(await progressing())
    await new Conferencecalls(ledger, focus).recover()
    expect(await conferencecalls.get(customerId, id)).toMatchObject({ status: 'leaved', reason: 'server_restarted' })
  })
})
