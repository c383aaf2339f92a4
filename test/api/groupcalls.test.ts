import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nilUuid } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { Calls } from '../../src/call/calls.ts'
import { DialPolicy } from '../../src/call/dial-policy.ts'
import { createMemoryLedger } from '../../src/event/memory-ledger.ts'
import { actions } from '../../src/flow/actions/index.gen.ts'
import { createFlows } from '../../src/flow/flows.ts'
import { createRegistry } from '../../src/flow/registry.ts'
import type { GroupcallService } from '../../src/http/services.ts'
import type { Command } from '../../src/sip/user-agent-io.ts'
import { ModelEngine } from '../scenario/server/model-engine.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'
import { servicesUnderTest } from './services-under-test.ts'

let api: ApiUnderTest
let service: GroupcallService
const commands: Command[] = []

/** The real service on the application's own ledger, which is there once the application is. */
const late: GroupcallService = {
  create: (...given) => service.create(...given),
  get: (...given) => service.get(...given),
  list: (...given) => service.list(...given),
  remove: (...given) => service.remove(...given),
  hangup: (...given) => service.hangup(...given),
}

beforeAll(async () => {
  const services = { ...servicesUnderTest(createMemoryLedger(), new VirtualClock()), groupcalls: late }
  api = await startApi({ services })
  const { ledger, clock } = api
  const flows = createFlows({ ledger, registry: createRegistry(actions) })
  service = new Calls({
    ledger,
    clock,
    log: silentLog,
    engine: new ModelEngine(),
    signalling: { command: (command) => commands.push(command) },
    flows: {
      temporary: async (customerId, planned) => (await flows.createTemporary(customerId, planned)).id,
      start: async () => undefined,
      stop: async () => undefined,
    },
    publicIp: '127.0.0.1',
    sipDomain: 'sip.localhost',
    maxCallSeconds: 3600,
    inbound: { route: async () => ({ ok: false, status: 404, reason: 'nobody', guess: false }) },
    dialPolicy: new DialPolicy(['198.51.100.0/24']),
    resolve: async (host) => [host],
  }).groupcalls
})
afterAll(() => api.app.close())

const path = '/v1.0/groupcalls'
const create = (body: object) => api.ask('POST', path, { body })
const two = [{ target: 'a@198.51.100.1' }, { target: 'b@198.51.100.2' }]

describe('a new groupcall', () => {
  test('shows every field, and nothing of the server', async () => {
    const answer = await create({ source: { target: '+15551230001' }, destinations: two, variables: { secret: 'x' } })
    expect(answer.status).toBe(200)
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\d /)
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/)
    expect(answer.json).toEqual({
      id: uuid,
      customer_id: api.first.customerId,
      owner_type: '',
      owner_id: nilUuid,
      status: 'progressing',
      flow_id: uuid,
      source: expect.objectContaining({ type: 'tel', target: '+15551230001' }),
      destinations: [expect.objectContaining({ type: 'sip' }), expect.objectContaining({ type: 'sip' })],
      master_call_id: nilUuid,
      master_groupcall_id: nilUuid,
      ring_method: 'ring_all',
      answer_method: 'hangup_others',
      answer_call_id: nilUuid,
      call_ids: [uuid, uuid],
      answer_groupcall_id: nilUuid,
      groupcall_ids: [],
      call_count: 2,
      groupcall_count: 0,
      dial_index: 0,
      tm_create: timestamp,
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    expect(commands.filter(({ kind }) => kind === 'invite')).toHaveLength(2)
  })

  test('takes the empty words that clients send', async () => {
    const body = { destinations: two, flow_id: '', ring_method: '', answer_method: '', actions: [] }
    const { status, json } = await create(body)
    expect([status, json['ring_method'], json['answer_method']]).toEqual([200, 'ring_all', ''])
  })

  test('rings the first of several when it is linear', async () => {
    const { json } = await create({ destinations: two, ring_method: 'linear' })
    expect(json).toMatchObject({ ring_method: 'linear', call_count: 1, dial_index: 0 })
  })

  test.each([
    [{}, 'INVALID_ARGUMENT', 'destinations is missing'],
    [{ destinations: [] }, 'INVALID_ARGUMENT', 'destinations must have at least 1 entry'],
    [{ destinations: two, ring_method: 'circle' }, 'INVALID_ARGUMENT', 'ring_method must be one of'],
    [{ destinations: two, answer_method: 'x' }, 'INVALID_ARGUMENT', 'answer_method must be one of'],
    [{ destinations: two, flow_id: 'x' }, 'INVALID_ARGUMENT', 'flow_id must be a UUID'],
    [{ destinations: two, flow_id: api?.first.customerId ?? crypto.randomUUID() }, 'INVALID_ARGUMENT', 'not a flow'],
    [{ destinations: two, actions: [{ type: 'x' }] }, 'INVALID_ACTION_TYPE', 'actions[0].type'],
    [{ destinations: two, variables: { n: 1 } }, 'INVALID_VARIABLES', 'variables.n must be a string'],
    [{ destinations: two, anonymous: 'maybe' }, 'INVALID_ANONYMOUS_VALUE', 'anonymous must be'],
    [{ destinations: [{ target: 'alice' }] }, 'INVALID_ARGUMENT', 'destinations[0].type is missing'],
    [{ destinations: [{ type: 'conference', target: 'x' }] }, 'INVALID_ARGUMENT', 'destinations[0] is a conference'],
    [{ destinations: two, variables: { 'sip.header.Via': 'x' } }, 'INVALID_VARIABLES', 'X-'],
  ])('%j is refused with %s', async (body, reason, message) => {
    const answer = await create(body)
    expect([answer.status, reasonOf(answer)]).toEqual([400, reason])
    expect(text(answer, 'message')).toContain(message)
  })

  test('is not made when a destination may not be called', async () => {
    const answer = await create({ destinations: [...two, { target: 'a@203.0.113.1' }] })
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'DESTINATION_NOT_ALLOWED'])
  })
})

describe('a groupcall', () => {
  test('is listed newest first, read, hung up and deleted', async () => {
    const id = text(await create({ destinations: two }), 'id')
    expect(items(await api.ask('GET', path))[0]).toMatchObject({ id })
    expect((await api.ask('GET', `${path}/${id}`)).json).toMatchObject({ id, call_count: 2 })
    const before = commands.length
    const hungUp = await api.ask('POST', `${path}/${id}/hangup`)
    expect([hungUp.status, hungUp.json['status']]).toEqual([200, 'hangingup'])
    expect(commands.slice(before).map(({ kind }) => kind)).toEqual(['terminate', 'terminate'])
    expect((await api.ask('DELETE', `${path}/${id}`)).json).toMatchObject({ id })
    expect(reasonOf(await api.ask('GET', `${path}/${id}`))).toBe('GROUPCALL_NOT_FOUND')
  })

  test('of another customer, or of nobody, does not exist', async () => {
    const id = text(await create({ destinations: two }), 'id')
    await api.ledger.commit([{ update: 'groupcall', id, set: { customer_id: crypto.randomUUID() } }])
    for (const [method, end] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/hangup'],
    ] as const) {
      const answer = await api.ask(method, `${path}/${id}${end}`)
      expect([answer.status, reasonOf(answer)]).toEqual([404, 'GROUPCALL_NOT_FOUND'])
    }
  })
})
