import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiUnderTest, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.app.close())

test('the line channel is set up as the tutorial does it, once there are credentials', async () => {
  const setUp = () => api.ask('POST', '/v1.0/conversations/setup', { body: { reference_type: 'line' } })
  expect(reasonOf(await setUp())).toBe('LINE_NOT_CONFIGURED')
  await api.ask('POST', '/v1.0/conversation_accounts', {
    body: { type: 'line', secret: 'the-secret', token: 'the-token' },
  })
  const answer = await setUp()
  expect([answer.status, answer.json['reference_type']]).toEqual([200, 'line'])
  expect(answer.text).not.toMatch(/the-secret|the-token|sealed/)
})

test.each([{}, { reference_type: 'pigeon' }, { reference_type: 'line', account_id: 'x' }])(
  'set-up with %j is refused',
  async (body) => {
    const answer = await api.ask('POST', '/v1.0/conversations/setup', { body })
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_ARGUMENT'])
  },
)

test('an account never shows its secrets', async () => {
  const body = { type: 'line', name: 'n', secret: 'the-secret', token: 'the-token' }
  const made = await api.ask('POST', '/v1.0/conversation_accounts', { body })
  expect(made.status).toBe(200)
  const path = `/v1.0/conversation_accounts/${text(made, 'id')}`
  const changed = await api.ask('PUT', path, { body: { name: 'm', secret: 'the-secret' } })
  const read = await api.ask('GET', path)
  const listed = await api.ask('GET', '/v1.0/conversation_accounts')
  for (const answer of [made, changed, read, listed]) {
    expect(answer.status).toBe(200)
    expect(answer.text).not.toMatch(/the-secret|the-token|sealed/)
  }
})

test('line credentials of a customer are set by its admin', async () => {
  const body = { line_secret: 's', line_token: 't' }
  const answer = await api.ask('PUT', `/v1.0/customers/${api.first.customerId}/line_info`, { body })
  expect([answer.status, answer.json['id']]).toEqual([200, api.first.customerId])
  expect(answer.text).not.toContain('line_')
  const foreign = await api.ask('PUT', '/v1.0/customers/17039950-eab0-421d-a5f5-05acd1ac6801/line_info', { body })
  expect([foreign.status, reasonOf(foreign)]).toEqual([404, 'CUSTOMER_NOT_FOUND'])
})
