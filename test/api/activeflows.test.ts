import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newUuid, nilUuid } from '../../src/base/ids.ts'
import { type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.app.close())

const start = (body: unknown) => api.ask('POST', '/v1.0/activeflows', { body })
const read = (id: string) => api.ask('GET', `/v1.0/activeflows/${id}`)
const stop = (id: string) => api.ask('POST', `/v1.0/activeflows/${id}/stop`)
const set = (key: string, value: string) => ({ type: 'variable_set', option: { key, value } })
const sleep = { type: 'sleep', option: { duration: 60_000 } }
const executed = (json: Record<string, unknown>): unknown =>
  Array.isArray(json['executed_actions']) ? json['executed_actions'].map((action) => action.type) : undefined

/** Starts one and lets it run to its first wait. */
async function run(body: unknown): Promise<Record<string, unknown>> {
  const created = await start(body)
  expect(created.status).toBe(201)
  await api.clock.advance(20)
  return (await read(text(created, 'id'))).json
}

describe('an activeflow without a call', () => {
  test('is answered with 201 and the whole object, running', async () => {
    const id = newUuid()
    const webhook = { webhook_uri: 'https://a.example/hook', webhook_method: 'POST' }
    const answer = await start({ id, actions: [sleep], variables: { room: '7' }, ...webhook })
    expect(answer.status).toBe(201)
    const flowId = text(answer, 'flow_id')
    expect(answer.json).toEqual({
      id,
      customer_id: api.first.customerId,
      flow_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'running',
      reference_type: 'api',
      reference_id: nilUuid,
      reference_activeflow_id: nilUuid,
      on_complete_flow_id: nilUuid,
      ...webhook,
      current_action: expect.any(Object),
      forward_action_id: nilUuid,
      executed_actions: [],
      variables: expect.objectContaining({ room: '7', 'voipbin.activeflow.flow_id': flowId }),
      error: '',
      tm_create: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    await stop(id)
  })

  test('runs at once, without what needs a call', async () => {
    const json = await run({
      actions: [{ type: 'answer' }, set('a', '$'.concat('{x}!')), sleep],
      variables: { x: '1' },
    })
    expect(json).toMatchObject({ status: 'running', current_action: { type: 'sleep' }, variables: { a: '1!' } })
    expect(executed(json)).toEqual(['variable_set'])
    expect(json['executed_actions']).toMatchObject([{ tm_execute: expect.stringMatching(/^\d{4}-/) }])
    await stop(String(json['id']))
  })

  test('runs a stored flow, which wins over actions', async () => {
    const flow = await api.ask('POST', '/v1.0/flows', { body: { actions: [set('from', 'flow')] } })
    const json = await run({ flow_id: text(flow, 'id'), actions: [set('from', 'actions')] })
    expect(json).toMatchObject({ status: 'ended', flow_id: text(flow, 'id'), variables: { from: 'flow' } })
  })

  test('drops all variables when a limit is exceeded, and those of the server always', async () => {
    const most = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'v']))
    const seeds = async (variables: object) => {
      const { variables: shown } = await run({ actions: [], variables })
      return Object.keys(Object(shown)).filter((name) => !name.startsWith('voipbin.activeflow.'))
    }
    expect(await seeds(most)).toHaveLength(100)
    expect(await seeds({ ...most, one: 'more' })).toEqual([])
    expect(await seeds({ long: 'x'.repeat(32 * 1024 + 1) })).toEqual([])
    expect(await seeds({ a: 'x'.repeat(32_000), b: 'x'.repeat(32_000), c: 'x'.repeat(2000) })).toEqual([])
    expect(await seeds({ mine: '1', 'voipbin.call.id': '2' })).toEqual(['mine'])
  })

  test.each([
    [{}, 'INVALID_ARGUMENT'],
    [{ flow_id: newUuid() }, 'FLOW_NOT_FOUND'],
    [{ flow_id: 'x' }, 'INVALID_ARGUMENT'],
    [{ id: 'x', actions: [] }, 'INVALID_ARGUMENT'],
    [{ actions: [{ type: 'dance' }] }, 'INVALID_ACTION_TYPE'],
    [{ actions: [{ type: 'ai_talk' }] }, 'INVALID_ARGUMENT'],
    [{ actions: [sleep, { type: 'digits_send', option: { duration: 5 } }] }, 'INVALID_ARGUMENT'],
    [{ actions: [], variables: { a: 1 } }, 'INVALID_VARIABLES'],
    [{ actions: [], variables: ['a'] }, 'INVALID_VARIABLES'],
    [{ actions: [], webhook_uri: 'ftp://a.example' }, 'INVALID_ARGUMENT'],
    [{ actions: [], webhook_method: 'PATCH' }, 'INVALID_ARGUMENT'],
  ])('is refused: %j', async (body, reason) => {
    const answer = await start(body)
    expect(answer.status).toBe(reason.endsWith('NOT_FOUND') ? 404 : 400)
    expect(reasonOf(answer)).toBe(reason)
  })

  test('a refusal names the field of the option', async () => {
    const answer = await start({ actions: [sleep, sleep, { type: 'digits_send', option: { digits: '1x' } }] })
    expect(answer.text).toContain('actions[2].option.digits')
  })

  test('an id that is taken is refused with 409', async () => {
    const id = newUuid()
    expect((await start({ id, actions: [] })).status).toBe(201)
    expect((await start({ id, actions: [] })).status).toBe(409)
  })
})

describe('the end of an activeflow', () => {
  test('an error of an action that matters ends it and is shown', async () => {
    const json = await run({ actions: [{ type: 'fetch_flow', option: { flow_id: newUuid() } }, set('a', 'b')] })
    expect(json).toMatchObject({ status: 'ended', error: expect.stringMatching(/^fetch_flow: there is no flow/) })
    expect(executed(json)).toEqual(['fetch_flow'])
  })

  test('an error of another is passed over', async () => {
    const json = await run({ actions: [set('', 'x'), set('a', 'b')] })
    expect(json).toMatchObject({ status: 'ended', error: '', variables: { a: 'b' } })
  })

  test('stop ends it, answers the object, and may be repeated', async () => {
    const { id } = await run({ actions: [{ type: 'block' }, set('a', 'b')] })
    const stopped = await stop(String(id))
    expect(stopped.status).toBe(200)
    expect(stopped.json).toMatchObject({ id, status: 'ended', error: '', current_action: { type: 'block' } })
    const again = await stop(String(id))
    expect({ status: again.status, json: again.json }).toEqual({ status: 200, json: stopped.json })
  })

  test('starts the flow on completion, at most five in a row, each knowing the one before', async () => {
    const flow = await api.ask('POST', '/v1.0/flows', { body: { actions: [set('a', 'b')] } })
    const flowId = text(flow, 'id')
    await api.ask('PUT', `/v1.0/flows/${flowId}`, { body: { on_complete_flow_id: flowId } })
    const first = await run({ flow_id: flowId })
    await api.clock.advance(1000)
    const list = items(await api.ask('GET', '/v1.0/activeflows', { query: { page_size: '100' } }))
    const chain = list.filter((one) => one['flow_id'] === flowId).reverse()
    expect(chain).toHaveLength(6)
    expect(chain.map((one) => one['status'])).toEqual(Array.from({ length: 6 }, () => 'ended'))
    expect(chain[0]?.['id']).toBe(first['id'])
    expect(chain.map((one) => one['reference_activeflow_id'])).toEqual([
      nilUuid,
      ...chain.slice(0, 5).map((one) => one['id']),
    ])
  })

  test('delete stops it, then it is gone', async () => {
    const { id } = await run({ actions: [sleep] })
    const deleted = await api.ask('DELETE', `/v1.0/activeflows/${id}`)
    expect(deleted).toMatchObject({ status: 200, json: { id, status: 'ended' } })
    for (const answer of [await read(String(id)), await stop(String(id))]) {
      expect(answer.status).toBe(404)
      expect(reasonOf(answer)).toBe('ACTIVEFLOW_NOT_FOUND')
    }
    const list = items(await api.ask('GET', '/v1.0/activeflows', { query: { page_size: '100' } }))
    expect(list.map((one) => one['id'])).not.toContain(id)
  })
})
