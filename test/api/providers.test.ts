// Providers and routes: what operators set up so that telephone numbers can be called.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

let api: ApiUnderTest
let token = ''
beforeAll(async () => {
  api = await startApi()
  token = await api.login()
})
afterAll(() => api.app.close())

const nobody = '0e7112d7-6ddc-47ea-bba5-223a3a55ff79'
const ask = (method: Method, path: string, body?: unknown, query: Record<string, string> = {}): Promise<Answer> =>
  api.ask(method, path, { key: '', query: { ...query, token }, body })

describe('a provider', () => {
  test('is shown whole, of unknown health', async () => {
    const answer = await ask('POST', '/v1.0/providers', {
      type: 'sip',
      hostname: 'sip.example.com',
      tech_prefix: '1234#',
      tech_postfix: ';x=1',
      tech_headers: { 'X-Account': 'A 7' },
      name: 'carrier',
      detail: 'by post',
      codecs: 'PCMU,PCMA',
    })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      id: text(answer, 'id'),
      type: 'sip',
      hostname: 'sip.example.com',
      tech_prefix: '1234#',
      tech_postfix: ';x=1',
      tech_headers: { 'X-Account': 'A 7' },
      name: 'carrier',
      detail: 'by post',
      metadata: {},
      codecs: 'PCMU,PCMA',
      health_status: 'unknown',
      health_checked_at: '',
      tm_create: expect.any(String),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
  })

  test.each([
    [{}, 'hostname is missing'],
    [{ hostname: '' }, 'hostname "" is no SIP host'],
    [{ hostname: 'a b' }, 'is no SIP host'],
    [{ hostname: 'user@host' }, 'is no SIP host'],
    [{ hostname: 'host;transport=pigeon' }, 'is no SIP host'],
    [{ hostname: 'host;maddr=10.0.0.1' }, 'is no SIP host'],
    [{ hostname: 'host', type: 'h323' }, 'type must be one of'],
    [{ hostname: 'host', tech_prefix: 'a@b' }, 'tech_prefix must be'],
    [{ hostname: 'host', tech_postfix: 'a\r\nX: y' }, 'tech_postfix must be'],
    [{ hostname: 'host', tech_headers: { Via: 'x' } }, 'tech_headers.Via is written by the server itself'],
    [{ hostname: 'host', tech_headers: { 'X-A': 'a\r\nX-B: b' } }, 'tech_headers.X-A must be one line'],
    [{ hostname: 'host', tech_headers: { 'X A': 'a' } }, 'tech_headers.X A is no name'],
    [{ hostname: 'host', tech_headers: { 'X-A': 7 } }, 'tech_headers.X-A must be a string'],
  ])('is refused as %j', async (body, message) => {
    const answer = await ask('POST', '/v1.0/providers', body)
    expect([answer.status, text(answer, 'message')]).toEqual([400, expect.stringContaining(message)])
  })

  test('keeps what an update leaves out; its health is unknown again when it moves', async () => {
    const id = text(await ask('POST', '/v1.0/providers', { hostname: '192.0.2.1:5080', tech_prefix: '9' }), 'id')
    const set = { health_status: 'healthy', health_checked_at: '2026-01-01 00:00:00.000000' } as const
    await api.ledger.commit([{ update: 'provider', id, set }])
    const path = `/v1.0/providers/${id}`
    expect((await ask('PUT', path, { name: 'n', health_status: 'unhealthy' })).json).toMatchObject({
      name: 'n',
      tech_prefix: '9',
      hostname: '192.0.2.1:5080',
      ...set,
    })
    const moved = await ask('PUT', path, { hostname: 'sip.example.com;transport=tcp', tech_prefix: '' })
    expect(moved.json).toMatchObject({ tech_prefix: '', health_status: 'unknown', health_checked_at: '' })
    expect((await ask('DELETE', path)).status).toBe(200)
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const gone = await ask(method, path, {})
      expect([method, gone.status, reasonOf(gone)]).toEqual([method, 404, 'PROVIDER_NOT_FOUND'])
    }
    expect(items(await ask('GET', '/v1.0/providers')).map((item) => item['id'])).not.toContain(id)
  })
})

describe('a route', () => {
  let provider = ''
  beforeAll(async () => {
    provider = text(await ask('POST', '/v1.0/providers', { hostname: 'sip.example.com' }), 'id')
  })
  const create = (body: Record<string, unknown>) => ask('POST', '/v1.0/routes', { provider_id: provider, ...body })

  test('is shown whole, and belongs to the first customer unless it says whose it is', async () => {
    const answer = await create({ name: 'n', detail: 'd', target: '+49', priority: 3 })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      id: text(answer, 'id'),
      customer_id: api.first.customerId,
      name: 'n',
      detail: 'd',
      provider_id: provider,
      priority: 3,
      target: '+49',
      tm_create: expect.any(String),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    const customer = text(await ask('POST', '/v1.0/customers', { name: 'other' }), 'id')
    const theirs = await create({ customer_id: customer.toUpperCase(), target: 'all' })
    expect(theirs.json).toMatchObject({ customer_id: customer, priority: 0, target: 'all' })
    const listed = await ask('GET', '/v1.0/routes', undefined, { customer_id: customer })
    expect(items(listed).map((item) => item['id'])).toEqual([text(theirs, 'id')])
    expect(items(await ask('GET', '/v1.0/routes')).length).toBeGreaterThan(1)
  })

  test.each([
    [{}, 'target is missing'],
    [{ target: '49' }, 'target must be `all`'],
    [{ target: '+' }, 'target must be `all`'],
    [{ target: 'all', provider_id: nobody }, `provider_id "${nobody}" is no provider`],
    [{ target: 'all', provider_id: 'x' }, 'provider_id must be a UUID'],
    [{ target: 'all', customer_id: nobody }, `customer_id "${nobody}" is no customer`],
    [{ target: 'all', priority: -1 }, 'priority must be'],
    [{ target: 'all', priority: '1' }, 'priority must be an integer'],
  ])('is refused as %j', async (body, message) => {
    const answer = await create(body)
    expect([answer.status, text(answer, 'message')]).toEqual([400, expect.stringContaining(message)])
  })

  test('keeps what an update leaves out, also whose it is', async () => {
    const path = `/v1.0/routes/${text(await create({ target: '+1', priority: 5, name: 'a' }), 'id')}`
    const changed = await ask('PUT', path, { target: '+44', customer_id: nobody })
    expect(changed.json).toMatchObject({ target: '+44', priority: 5, name: 'a', customer_id: api.first.customerId })
    const wrong = await ask('PUT', path, { provider_id: nobody })
    expect(wrong.status).toBe(400)
    expect((await ask('DELETE', path)).status).toBe(200)
    const gone = await ask('GET', path)
    expect([gone.status, reasonOf(gone)]).toEqual([404, 'RESOURCE_NOT_FOUND'])
  })
})

test.each(['/v1.0/providers', '/v1.0/routes'])('%s is closed to customers', async (path) => {
  for (const [method, url] of [
    ['GET', path],
    ['POST', path],
    ['GET', `${path}/${nobody}`],
    ['PUT', `${path}/${nobody}`],
    ['DELETE', `${path}/${nobody}`],
  ] as const)
    expect([method, (await api.ask(method, url, { body: {} })).status]).toEqual([method, 403])
})
