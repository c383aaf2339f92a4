import { expect, it } from 'vitest'
import { settle, VirtualClock } from '../../test/virtual-clock.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { FlowCall } from '../flow/ports.ts'
import { Conferencecalls } from './conferencecalls.ts'
import { Conferences } from './conferences.ts'
import { flowConferences } from './flow-conferences.ts'
import { Focus } from './focus.ts'

const customerId = newUuid()
const joined: string[] = []

async function setUp() {
  const clock = new VirtualClock()
  const ledger = createMemoryLedger({ clock })
  const ended = new AbortController()
  joined.length = 0
  const focus = new Focus({
    ledger,
    log: silentLog,
    accountNumber: async () => 1,
    mixer: { join: async (legId) => void joined.push(legId), leave: async () => {} },
    phones: { phone: (legId) => ({ legId, ended: ended.signal, answer: async () => {} }) },
  })
  const conferences = new Conferences({ ledger, focus, clock, log: silentLog })
  const conferencecalls = new Conferencecalls(ledger, focus)
  const { id: conferenceId } = await conferences.create(customerId, {
    type: 'conference',
    name: '',
    detail: '',
    data: {},
    timeout: 0,
    pre_flow_id: '',
    post_flow_id: '',
  })
  await settle()
  // The adapter reads who the call is, listens to its keys, and nothing else of it.
  const keys = new Set<(key: string) => void>()
  const onDigit = (listener: (key: string) => void) => {
    keys.add(listener)
    return () => void keys.delete(listener)
  }
  const call = { id: newUuid(), customerId, audio: { onDigit } } as unknown as FlowCall
  const press = async (key: string) => {
    for (const listener of keys) listener(key)
    await settle()
  }
  const flow = flowConferences(focus)
  const stay = (conferencecallId: string, who = call) =>
    flow.stay({
      call: who,
      confbridgeId: conferenceId,
      conferencecallId,
      activeflowId: nilUuid,
      signal: AbortSignal.any([]),
    })
  const admit = () => flow.admit({ call, conferenceId, activeflowId: nilUuid })
  const list = () => conferencecalls.list(customerId, { limit: 100 })
  return { conferences, conferencecalls, conferenceId, admit, stay, list, call, press, keys }
}

it('brings in the participant that was admitted', async () => {
  const { admit, stay, list, call } = await setUp()
  const { conferencecallId } = await admit()
  void stay(conferencecallId)
  await settle()
  expect(joined).toEqual([call.id])
  expect(await list()).toMatchObject([{ id: conferencecallId, status: 'joined' }])
})

it('admits a call that enters a bridge without an admission', async () => {
  const { stay, list, call } = await setUp()
  void stay(nilUuid)
  await settle()
  expect(await list()).toMatchObject([{ reference_id: call.id, status: 'joined' }])
})

it('keeps out who was kicked before the entry', async () => {
  const { admit, stay, conferencecalls, list } = await setUp()
  const { conferencecallId } = await admit()
  await conferencecalls.kick(customerId, conferencecallId)
  await stay(conferencecallId)
  expect(joined).toEqual([])
  expect(await list()).toMatchObject([{ id: conferencecallId, status: 'leaved', reason: 'kicked' }])
})

it('lets the flow go on when the conference ended before the entry', async () => {
  const { admit, stay, conferences, conferenceId, list } = await setUp()
  const { conferencecallId } = await admit()
  await conferences.remove(customerId, conferenceId)
  await stay(conferencecallId)
  expect(await list()).toMatchObject([{ id: conferencecallId, reason: 'conference_ended' }])
})

it('does not let a call in by the admission of another', async () => {
  const { admit, stay, list } = await setUp()
  const { conferencecallId } = await admit()
  await stay(conferencecallId, { id: newUuid(), customerId } as FlowCall)
  expect(await list()).toMatchObject([{ status: 'joining' }])
})

it('lets a participant out who presses the leave key of the conference', async () => {
  const { admit, stay, conferences, conferenceId, list, press, keys } = await setUp()
  await conferences.update(customerId, conferenceId, { data: { leave_key: '*#' } })
  const { conferencecallId } = await admit()
  const staying = stay(conferencecallId)
  await settle()
  await press('1')
  expect(await list()).toMatchObject([{ status: 'joined' }])
  await press('#')
  await staying
  expect(await list()).toMatchObject([{ status: 'leaved', reason: 'left' }])
  expect(keys.size).toBe(0)
})

it('lets nobody out by a key when the conference has none', async () => {
  const { admit, stay, conferences, conferenceId, list, press } = await setUp()
  const { conferencecallId } = await admit()
  void stay(conferencecallId)
  await settle()
  await press('#')
  await conferences.update(customerId, conferenceId, { data: { leave_key: 35 } })
  await press('#')
  expect(await list()).toMatchObject([{ status: 'joined' }])
})
