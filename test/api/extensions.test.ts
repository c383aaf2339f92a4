import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.app.close())

const password = 's3cret-of-1001'
const create = (body: unknown): Promise<Answer> => api.ask('POST', '/v1.0/extensions', { body })
const eventsOf = async (id: string): Promise<string[]> =>
  (await api.ledger.events(0, 10_000)).filter(({ data }) => data['id'] === id).map(({ type }) => type)

describe('an extension', () => {
  test('is shown with an empty password and a direct hash', async () => {
    const answer = await create({ name: 'desk', detail: 'first floor', extension: '1001', password })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      id: text(answer, 'id'),
      customer_id: api.first.customerId,
      name: 'desk',
      detail: 'first floor',
      extension: '1001',
      domain_name: api.first.customerId,
      username: '1001',
      password: '',
      direct_hash: expect.stringMatching(/^[0-9a-f]{12}$/),
      tm_create: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    const stored = await api.ledger.get('extension', text(answer, 'id'))
    expect(stored?.password_sealed).toMatch(/^v1\./)
    expect(JSON.stringify([stored, await api.ledger.events(0, 1000)])).not.toContain(password)
  })

  test('is there once for each customer', async () => {
    expect((await create({ extension: '1002', password })).status).toBe(200)
    const again = await create({ extension: '1002', password })
    expect([again.status, reasonOf(again)]).toEqual([409, 'ALREADY_EXISTS'])
    expect(again.text).toContain('extension \\"1002\\" exists already')
    expect(again.text).not.toContain('registrar_key')
  })

  test('may be made anew after it was deleted', async () => {
    const first = await create({ extension: '1003', password })
    const deleted = await api.ask('DELETE', `/v1.0/extensions/${text(first, 'id')}`)
    expect([deleted.status, deleted.json['tm_delete'] === '9999-01-01 00:00:00.000000']).toEqual([200, false])
    expect((await create({ extension: '1003', password })).status).toBe(200)
    const gone = await api.ask('GET', `/v1.0/extensions/${text(first, 'id')}`)
    expect([gone.status, reasonOf(gone)]).toEqual([404, 'EXTENSION_NOT_FOUND'])
  })

  test.each([
    [{ password }, 'extension is missing', 400],
    [{ extension: '1004' }, 'password is missing', 400],
    [{ extension: '', password }, 'extension must be', 400],
    [{ extension: 'direct.abc', password }, 'extension must be', 400],
    [{ extension: '+4930123456', password }, 'extension must be', 400],
    [{ extension: 'a b', password }, 'extension must be', 400],
    [{ extension: '1004', password: '12345' }, 'password must be 6 to 128', 400],
    [{ extension: '1004', password: 'two\nlines' }, 'password must be', 400],
    [{ extension: 1004, password }, 'extension must be a string', 400],
  ])('is refused as %j', async (body, message, status) => {
    const answer = await create(body)
    expect([answer.status, text(answer, 'message')]).toEqual([status, expect.stringContaining(message)])
    expect(answer.text).not.toContain('12345')
  })

  test('keeps what an update leaves out, and the password when it is empty', async () => {
    const id = text(await create({ extension: '1005', password, name: 'a', detail: 'b' }), 'id')
    const sealed = (await api.ledger.get('extension', id))?.password_sealed
    const renamed = await api.ask('PUT', `/v1.0/extensions/${id}`, {
      body: { name: 'c', password: '', extension: '9999' },
    })
    expect(renamed.json).toMatchObject({ name: 'c', detail: 'b', extension: '1005', password: '' })
    expect((await api.ledger.get('extension', id))?.password_sealed).toBe(sealed)
    await api.ask('PUT', `/v1.0/extensions/${id}`, { body: { password: 'another one' } })
    expect((await api.ledger.get('extension', id))?.password_sealed).not.toBe(sealed)
    expect(await eventsOf(id)).toEqual(['extension_created', 'extension_updated', 'extension_updated'])
  })

  test('gets another direct hash, and loses it when it is deleted', async () => {
    const made = await create({ extension: '1006', password })
    const path = `/v1.0/extensions/${text(made, 'id')}`
    const resolve = (hash: string) => api.ledger.find('direct', { where: { hash } })
    const old = text(made, 'direct_hash')
    expect(await resolve(old)).toMatchObject([{ resource_type: 'extension', resource_id: text(made, 'id') }])
    const fresh = text(await api.ask('POST', `${path}/direct-hash-regenerate`), 'direct_hash')
    expect(fresh).not.toBe(old)
    expect([(await resolve(old)).length, (await resolve(fresh)).length]).toEqual([0, 1])
    expect((await api.ask('GET', path)).json['direct_hash']).toBe(fresh)
    await api.ask('DELETE', path)
    expect(await resolve(fresh)).toEqual([])
    expect((await api.ask('POST', `${path}/direct-hash-regenerate`)).status).toBe(404)
  })
})

test('extensions are listed page by page, newest first', async () => {
  const own = await startApi()
  for (const extension of ['1', '2', '3']) await own.ask('POST', '/v1.0/extensions', { body: { extension, password } })
  const first = await own.ask('GET', '/v1.0/extensions', { query: { page_size: '2' } })
  expect(items(first).map((item) => item['extension'])).toEqual(['3', '2'])
  const query = { page_size: '2', page_token: text(first, 'next_page_token') }
  expect(items(await own.ask('GET', '/v1.0/extensions', { query })).map((item) => item['extension'])).toEqual(['1'])
  await own.app.close()
})

test('another customer sees none of it, and may use the same extension', async () => {
  const id = text(await create({ extension: '2001', password }), 'id')
  const token = await api.login()
  const asAdmin = { key: '', query: { token } }
  const customer = text(await api.ask('POST', '/v1.0/customers', { ...asAdmin, body: { name: 'other' } }), 'id')
  const body = { customer_id: customer, reason: 'looking from outside' }
  const other = {
    key: '',
    query: { token: text(await api.ask('POST', '/auth/delegate', { ...asAdmin, body }), 'token') },
  }
  for (const [method, path] of [
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['POST', '/direct-hash-regenerate'],
  ] as const) {
    const answer = await api.ask(method, `/v1.0/extensions/${id}${path}`, { ...other, body: {} })
    expect([method, answer.status, reasonOf(answer)]).toEqual([method, 404, 'EXTENSION_NOT_FOUND'])
  }
  expect(items(await api.ask('GET', '/v1.0/extensions', other))).toEqual([])
  const own = await api.ask('POST', '/v1.0/extensions', { ...other, body: { extension: '2001', password } })
  expect([own.status, own.json['customer_id']]).toEqual([200, customer])
})
