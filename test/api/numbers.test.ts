import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nilUuid } from '../../src/base/ids.ts'
import { type Answer, type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
let flowId = ''
beforeAll(async () => {
  api = await startApi()
  flowId = text(await api.ask('POST', '/v1.0/flows', { body: { name: 'greeting', actions: [] } }), 'id')
})
afterAll(() => api.app.close())

const create = (body: unknown): Promise<Answer> => api.ask('POST', '/v1.0/numbers', { body })
const eventsOf = async (id: string): Promise<string[]> =>
  (await api.ledger.events(0, 10_000)).filter(({ data }) => data['id'] === id).map(({ type }) => type)

describe('a number', () => {
  test('of any carrier is registered as owned', async () => {
    const answer = await create({ number: '+49 (30) 1234-5678', name: 'hotline', call_flow_id: flowId.toUpperCase() })
    expect(answer.status).toBe(200)
    const at = text(answer, 'tm_create')
    expect(answer.json).toEqual({
      id: text(answer, 'id'),
      customer_id: api.first.customerId,
      number: '+493012345678',
      type: 'normal',
      call_flow_id: flowId,
      message_flow_id: nilUuid,
      name: 'hotline',
      detail: '',
      status: 'active',
      t38_enabled: false,
      emergency_enabled: false,
      metadata: {},
      tm_purchase: at,
      tm_renew: at,
      tm_create: at,
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    const again = await create({ number: '+493012345678' })
    expect([again.status, reasonOf(again), text(again, 'message')]).toEqual([
      409,
      'ALREADY_EXISTS',
      'number +493012345678 is registered on this server already',
    ])
  })

  test('of the virtual range is one without being called so', async () => {
    const body = { number: '+899123456789', type: '', call_flow_id: '', message_flow_id: '' }
    expect((await create(body)).json).toMatchObject({ type: 'virtual', call_flow_id: nilUuid })
  })

  test.each([
    [{}, 'number is missing'],
    [{ number: '030123456' }, 'number "030123456" is not E.164'],
    [{ number: '+0301234567' }, 'is not E.164'],
    [{ number: '+1234567890123456' }, 'is not E.164'],
    [{ number: '+493012345679', type: 'virtual' }, '+899 and nine digits'],
    [{ number: '+89912345678' }, '+899 and nine digits'],
    [{ number: '+899123456780', type: 'normal' }, 'type must be "virtual"'],
    [{ number: '+899000123456' }, '+899000, which is reserved'],
    [{ number: '+493012345679', type: 'gold' }, 'type must be one of'],
    [{ number: '+493012345679', call_flow_id: 'x' }, 'call_flow_id must be a UUID'],
    [{ number: '+493012345679', message_flow_id: '0e7112d7-6ddc-47ea-bba5-223a3a55ff79' }, 'message_flow_id "0e7112d7'],
  ])('is refused as %j', async (body, message) => {
    const answer = await create(body)
    expect([answer.status, text(answer, 'message')]).toEqual([400, expect.stringContaining(message)])
  })

  test('keeps what an update leaves out', async () => {
    const id = text(await create({ number: '+15550100', name: 'a', detail: 'b', call_flow_id: flowId }), 'id')
    const path = `/v1.0/numbers/${id}`
    expect((await api.ask('PUT', path, { body: { name: 'c', number: '+15550199' } })).json).toMatchObject({
      name: 'c',
      detail: 'b',
      number: '+15550100',
      call_flow_id: flowId,
    })
    const flows = await api.ask('PUT', `${path}/flow_ids`, { body: { message_flow_id: flowId } })
    expect(flows.json).toMatchObject({ call_flow_id: flowId, message_flow_id: flowId })
    const without = await api.ask('PUT', `${path}/flow_ids`, { body: { call_flow_id: '', message_flow_id: nilUuid } })
    expect(without.json).toMatchObject({ call_flow_id: nilUuid, message_flow_id: nilUuid })
    const metadata = await api.ask('PUT', `${path}/metadata`, { body: { rtp_debug: true } })
    expect(metadata.json['metadata']).toEqual({ rtp_debug: true })
    const renewed = await api.ask('POST', `${path}/renew`, { body: { tm_renew: '2026-02-01T00:00:00Z' } })
    expect(renewed.json['tm_renew']).toBe('2026-02-01 00:00:00.000000')
    const now = await api.ask('POST', `${path}/renew`)
    expect(now.json['tm_renew']).toBe(now.json['tm_update'])
    const wrong = await api.ask('POST', `${path}/renew`, { body: { tm_renew: 'soon' } })
    expect([wrong.status, text(wrong, 'message')]).toEqual([400, expect.stringContaining('tm_renew must be')])
    expect(await eventsOf(id)).toEqual([
      'number_created',
      ...Array.from({ length: 4 }, () => 'number_updated'),
      'number_renewed',
      'number_renewed',
    ])
  })

  test('that is given up is free again', async () => {
    const id = text(await create({ number: '+15550101' }), 'id')
    const deleted = await api.ask('DELETE', `/v1.0/numbers/${id}`)
    expect([deleted.status, deleted.json['status']]).toEqual([200, 'deleted'])
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['PUT', '/flow_ids'],
      ['POST', '/renew'],
    ] as const) {
      const gone = await api.ask(method, `/v1.0/numbers/${id}${path}`, { body: {} })
      expect([method, path, gone.status, reasonOf(gone)]).toEqual([method, path, 404, 'NUMBER_NOT_FOUND'])
    }
    expect((await create({ number: '+15550101' })).status).toBe(200)
  })
})

test('numbers that nobody has are offered, and can be taken as they are', async () => {
  const answer = await api.ask('GET', '/v1.0/available_numbers', { query: { page_size: '5' } })
  const offered = items(answer)
  expect(offered).toHaveLength(5)
  expect(answer.json['next_page_token']).toBe('')
  for (const item of offered) {
    expect(item).toMatchObject({ type: 'virtual', number: expect.stringMatching(/^\+899(?!000)\d{9}$/) })
    expect((await create({ number: item['number'] })).status).toBe(200)
  }
  for (const query of [{ type: 'normal' }, { country_code: 'US' }])
    expect(items(await api.ask('GET', '/v1.0/available_numbers', { query }))).toEqual([])
})

describe('renewing all numbers', () => {
  test('is for operators', async () => {
    const answer = await api.ask('POST', '/v1.0/numbers/renew', { body: { tm_renew: '2026-02-01 00:00:00' } })
    expect(answer.status).toBe(403)
  })

  test('takes those renewed before the time given, more than one step of them', async () => {
    const own = await startApi()
    const ask = async (body?: unknown) =>
      own.ask('POST', '/v1.0/numbers/renew', { key: '', query: { token: await own.login() }, body })
    for (let index = 0; index < 150; index += 1)
      await own.ask('POST', '/v1.0/numbers', { body: { number: `+1555${String(index).padStart(6, '0')}` } })
    await own.clock.advance(86_400_000)
    const late = await own.ask('POST', '/v1.0/numbers', { body: { number: '+15559999999' } })
    const renewed = items(await ask({ tm_renew: '2026-01-01 12:00:00' }))
    expect(renewed).toHaveLength(150)
    expect(renewed.map((item) => item['id'])).not.toContain(text(late, 'id'))
    for (const item of renewed) expect(String(item['tm_renew']) >= '2026-01-02').toBe(true)
    expect(items(await ask({ tm_renew: '2026-01-01 12:00:00' }))).toEqual([])
    expect(items(await ask())).toHaveLength(151)
    const logged = (await own.ledger.events(0, 10_000)).filter(({ type }) => type === 'number_renewed')
    expect(logged).toHaveLength(301)
    await own.app.close()
  })
})
