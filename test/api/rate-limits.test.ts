import { expect, test } from 'vitest'
import { noLimits, reasonOf, startApi, text } from './api-under-test.ts'

test('one address may try 20 log-ins at once and 10 a second after that', async () => {
  const api = await startApi({ limits: { customer: noLimits.customer } })
  const guess = (ip: string) => api.ask('POST', '/auth/login', { key: '', ip, body: '{' })
  for (let index = 0; index < 20; index += 1) expect((await guess('192.0.2.1')).status).toBe(400)
  const refused = await guess('192.0.2.1')
  expect([refused.status, reasonOf(refused), refused.headers['retry-after']]).toEqual([429, 'RATE_LIMIT_EXCEEDED', '1'])
  expect(refused.json['error']).toMatchObject({ status: 'RESOURCE_EXHAUSTED', details: [{ limited_by: 'ip' }] })
  expect(typeof refused.json['message']).toBe('string')
  expect((await guess('192.0.2.2')).status).toBe(400)
  expect((await api.ask('GET', '/v1.0/me', { ip: '192.0.2.1' })).status).toBe(200)
  await api.clock.advance(0.1 * 1000)
  expect((await guess('192.0.2.1')).status).toBe(400)
  expect((await guess('192.0.2.1')).status).toBe(429)
  await api.app.close()
})

test('the alias of the log-in route shares its limit', async () => {
  const api = await startApi({ limits: { ...noLimits, auth: { rate: 1, burst: 1 } } })
  expect((await api.ask('POST', '/auth/login', { key: '', body: '{' })).status).toBe(400)
  expect((await api.ask('POST', '/v1.0/auth/login', { key: '', body: '{' })).status).toBe(429)
  await api.app.close()
})

test('all credentials of a customer share one limit, and another customer has its own', async () => {
  const api = await startApi({ limits: { ...noLimits, customer: { rate: 0.5, burst: 4 } } })
  const query = { token: await api.login() }
  const other = text(await api.ask('POST', '/v1.0/customers', { key: '', query, body: {} }), 'id')
  const delegation = { customer_id: other, reason: 'testing the limits' }
  const delegate = {
    token: text(await api.ask('POST', '/auth/delegate', { key: '', query, body: delegation }), 'token'),
  }
  expect((await api.ask('GET', '/v1.0/me')).status).toBe(200)
  expect((await api.ask('GET', '/v1.0/me', { key: '', query })).status).toBe(200)
  const refused = await api.ask('GET', '/v1.0/me')
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2'])
  expect(refused.json['error']).toMatchObject({ details: [{ limited_by: 'customer' }] })
  expect((await api.ask('GET', '/v1.0/me', { key: '', query: delegate })).status).toBe(200)
  await api.app.close()
})

test('what a stranger asks does not count against a customer', async () => {
  const api = await startApi({ limits: { ...noLimits, customer: { rate: 1, burst: 1 } } })
  for (let index = 0; index < 5; index += 1)
    expect((await api.ask('GET', '/v1.0/me', { key: 'vb_wrong' })).status).toBe(401)
  expect((await api.ask('GET', '/v1.0/me')).status).toBe(200)
  await api.app.close()
})

test('a rate of 0 is no limit', async () => {
  const api = await startApi()
  for (let index = 0; index < 500; index += 1) expect((await api.ask('GET', '/v1.0/me')).status).toBe(200)
  await api.app.close()
})
