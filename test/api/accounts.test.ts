import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
let admin: { token: string }
beforeAll(async () => {
  api = await startApi()
  admin = { token: await api.login() }
})
afterAll(() => api.app.close())

const asAdmin = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> =>
  api.ask(method, path, { key: '', query: admin, body })
const asToken = (
  token: string,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> => api.ask(method, path, { key: '', query: { token }, body })

/** A new agent of the first customer and its token. */
async function agent(username: string, permission: number): Promise<{ id: string; token: string }> {
  const password = 'correct horse battery'
  const id = text(await asAdmin('POST', '/v1.0/agents', { username, password, permission }), 'id')
  const token = text(await api.ask('POST', '/auth/login', { key: '', body: { username, password } }), 'token')
  return { id, token }
}

/** A new customer and a token of a delegate for it. */
async function customer(name: string): Promise<{ id: string; token: string }> {
  const id = text(await asAdmin('POST', '/v1.0/customers', { name }), 'id')
  const answer = await asAdmin('POST', '/auth/delegate', { customer_id: id, reason: 'setting up a customer' })
  return { id, token: text(answer, 'token') }
}

describe('access keys', () => {
  test('are shown once, listed without the key, and renamed', async () => {
    const made = await api.ask('POST', '/v1.0/accesskeys', { body: { name: 'dashboard' } })
    expect(made.status).toBe(200)
    const token = text(made, 'token')
    expect(token).toMatch(/^vb_[A-Za-z0-9]{32}$/)
    expect(made.json).toMatchObject({ token_prefix: token.slice(0, 11), tm_expire: '2027-01-01 00:00:00.000000' })
    const path = `/v1.0/accesskeys/${text(made, 'id')}`
    const listed = await api.ask('GET', '/v1.0/accesskeys')
    expect(listed.text).not.toContain(token)
    expect(listed.text).not.toContain('token_hash')
    const renamed = await api.ask('PUT', path, { body: { detail: 'wall', token_hash: 'x', customer_id: 'y' } })
    expect(renamed.json).toMatchObject({ name: 'dashboard', detail: 'wall', customer_id: api.first.customerId })
    expect((await api.ask('GET', '/v1.0/me', { key: token })).status).toBe(200)
  })

  test('are kept as a hash only', async () => {
    const rows = await api.ledger.find('accesskey', {})
    expect(JSON.stringify(rows)).not.toContain(api.first.accesskey)
    for (const row of rows) expect(row.token_hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([1, 86_399, -5])('do not expire in %d seconds', async (expire) => {
    const answer = await api.ask('POST', '/v1.0/accesskeys', { body: { name: 'short', expire } })
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_ARGUMENT'])
  })

  test('are made without a body, and stop working when they expire or are deleted', async () => {
    const own = await startApi()
    const short = text(await own.ask('POST', '/v1.0/accesskeys', { body: { expire: 86_400 } }), 'token')
    const made = await own.ask('POST', '/v1.0/accesskeys')
    const deleted = text(made, 'token')
    const status = async (key: string): Promise<number> => (await own.ask('GET', '/v1.0/me', { key })).status
    expect([await status(short), await status(deleted)]).toEqual([200, 200])
    await own.ask('DELETE', `/v1.0/accesskeys/${text(made, 'id')}`)
    expect([await status(short), await status(deleted)]).toEqual([200, 401])
    const gone = await own.ask('GET', `/v1.0/accesskeys/${text(made, 'id')}`)
    expect([gone.status, reasonOf(gone)]).toEqual([404, 'ACCESSKEY_NOT_FOUND'])
    await own.clock.advance(86_400 * 1000)
    expect(await status(short)).toBe(401)
    expect(await status(own.first.accesskey ?? '')).toBe(200)
    await own.app.close()
  })

  test('are not for managers', async () => {
    const { token } = await agent('manager-of-keys', 64)
    expect((await asToken(token, 'GET', '/v1.0/accesskeys')).status).toBe(403)
    expect((await asToken(token, 'GET', '/v1.0/conferences')).status).toBe(200)
  })
})

describe('agents', () => {
  test('are created with 201 and without their password', async () => {
    const body = {
      username: 'carol',
      password: 'correct horse battery',
      name: 'Carol',
      addresses: [{ target: 'carol@host' }],
    }
    const made = await asAdmin('POST', '/v1.0/agents', body)
    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({ username: 'carol', permission: 16, status: 'offline', ring_method: 'ringall' })
    expect(made.json['addresses']).toEqual([
      { type: 'sip', target: 'carol@host', target_name: '', name: '', detail: '' },
    ])
    expect(made.text).not.toContain('password')
    const row = await api.ledger.get('agent', text(made, 'id'))
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  test('have user names that are unique over all customers', async () => {
    const { token } = await customer('name taker')
    await asAdmin('POST', '/v1.0/agents', { username: 'dave', password: 'correct horse battery' })
    const again = await asToken(token, 'POST', '/v1.0/agents', { username: 'dave', password: 'correct horse battery' })
    expect([again.status, reasonOf(again)]).toEqual([409, 'ALREADY_EXISTS'])
  })

  test.each([
    [{ username: 'e', password: 'short' }, 'password'],
    [{ username: '', password: 'long enough' }, 'username'],
    [{ password: 'long enough' }, 'username'],
    [{ username: 'e', password: 'long enough', permission: 70_000 }, 'permission'],
    [{ username: 'e', password: 'long enough', tag_ids: ['x'] }, 'tag_ids[0]'],
  ])('are refused as %j, naming the field', async (body, field) => {
    const answer = await asAdmin('POST', '/v1.0/agents', body)
    expect(answer.status).toBe(400)
    expect(text(answer, 'message')).toContain(field)
  })

  test('are changed field by field, and what is left out stays', async () => {
    const { id } = await agent('erin', 16)
    const path = `/v1.0/agents/${id}`
    await asAdmin('PUT', path, { name: 'Erin' })
    await asAdmin('PUT', path, { detail: 'front desk', ring_method: 'linear' })
    await asAdmin('PUT', `${path}/status`, { status: 'busy' })
    await asAdmin('PUT', `${path}/tag_ids`, { tag_ids: ['5e4a0680-804e-11ec-8477-2fea5968d85b'] })
    await asAdmin('PUT', `${path}/addresses`, { addresses: [{ type: 'tel', target: '+15551234567' }] })
    const { json } = await asAdmin('GET', path)
    expect(json).toMatchObject({ name: 'Erin', detail: 'front desk', ring_method: 'linear', status: 'busy' })
    expect(json['addresses']).toMatchObject([{ type: 'tel', target: '+15551234567' }])
    const missing = await asAdmin('PUT', `${path}/status`, {})
    expect([missing.status, text(missing, 'message')]).toEqual([400, 'status is missing: add "status": "available"'])
    const by = async (query: string) =>
      items(await asAdmin('GET', `/v1.0/agents?${query}`)).map((item) => item['username'])
    expect(await by('status=busy')).toEqual(['erin'])
    expect(await by('tag_ids=5e4a0680-804e-11ec-8477-2fea5968d85b')).toEqual(['erin'])
    expect((await asAdmin('GET', '/v1.0/agents?tag_ids=x')).status).toBe(400)
  })

  test('get a new direct hash each time, and the old one is gone', async () => {
    const { id } = await agent('frank', 16)
    const regenerate = async () =>
      text(await asAdmin('POST', `/v1.0/agents/${id}/direct-hash-regenerate`), 'direct_hash')
    const old = await regenerate()
    const fresh = await regenerate()
    expect(fresh).toMatch(/^[0-9a-f]{12}$/)
    const rows = await api.ledger.find('direct', { where: { resource_id: id } })
    expect(rows.map((row) => row.hash)).toEqual([fresh])
    expect(fresh).not.toBe(old)
    await asAdmin('DELETE', `/v1.0/agents/${id}`)
    expect(await api.ledger.find('direct', { where: { resource_id: id } })).toEqual([])
  })

  test('with the least permission reach their own record and nothing else', async () => {
    const { id, token } = await agent('grace', 16)
    const other = await agent('heidi', 16)
    const own = `/v1.0/agents/${id}`
    expect((await asToken(token, 'GET', '/v1.0/me')).status).toBe(200)
    expect((await asToken(token, 'GET', own)).status).toBe(200)
    expect((await asToken(token, 'PUT', `${own}/status`, { status: 'available' })).status).toBe(200)
    for (const [method, path, body] of [
      ['GET', '/v1.0/conferences', undefined],
      ['GET', '/v1.0/agents', undefined],
      ['GET', `/v1.0/agents/${other.id}`, undefined],
      ['PUT', `/v1.0/agents/${other.id}/password`, { password: 'taken over!' }],
      ['PUT', `${own}/permission`, { permission: 65535 }],
      ['DELETE', own, undefined],
      ['GET', '/v1.0/customers', undefined],
    ] as const) {
      const answer = await asToken(token, method, path, body)
      expect([method, path, answer.status, reasonOf(answer)]).toEqual([method, path, 403, 'PERMISSION_DENIED'])
    }
  })

  test('that run the server cannot give that up, lest nobody is left who does', async () => {
    const [first] = await api.ledger.find('agent', { where: { username: 'admin@localhost' } })
    const path = `/v1.0/agents/${first?.id}/permission`
    expect(reasonOf(await asAdmin('PUT', path, { permission: 32 }))).toBe('STATE_INVALID')
    expect((await asAdmin('PUT', path, { permission: 65535 })).status).toBe(200)
  })

  test('cannot be raised beyond, or taken over from, those above', async () => {
    const [first] = await api.ledger.find('agent', { where: { username: 'admin@localhost' } })
    const manager = await agent('ivan', 64)
    const adminAgent = await agent('judy', 32)
    const refused: [string, string, 'POST' | 'PUT' | 'DELETE', string, unknown][] = []
    for (const token of [manager.token, adminAgent.token]) {
      refused.push([
        'super admin',
        token,
        'POST',
        '/v1.0/agents',
        { username: 'mallory', password: 'long enough', permission: 1 },
      ])
      refused.push(['password of', token, 'PUT', `/v1.0/agents/${first?.id}/password`, { password: 'taken over' }])
      refused.push(['permission of', token, 'PUT', `/v1.0/agents/${first?.id}/permission`, { permission: 16 }])
      refused.push(['deletion of', token, 'DELETE', `/v1.0/agents/${first?.id}`, undefined])
    }
    refused.push([
      'admin by manager',
      manager.token,
      'PUT',
      `/v1.0/agents/${manager.id}/permission`,
      { permission: 96 },
    ])
    for (const [what, token, method, path, body] of refused) {
      expect([what, (await asToken(token, method, path, body)).status]).toEqual([what, 403])
    }
    const allowed = await asToken(adminAgent.token, 'PUT', `/v1.0/agents/${manager.id}/permission`, { permission: 96 })
    expect(allowed.status).toBe(200)
  })
})

describe('customers', () => {
  test('see themselves with the webhook secret, and change what they name', async () => {
    const self = await api.ask('GET', '/v1.0/customer')
    expect(self.json).toMatchObject({ id: api.first.customerId, status: 'active', metadata: { rtp_debug: false } })
    expect(self.json['webhook_secret']).toMatch(/^.{32}$/)
    expect(self.text).not.toContain('sealed')
    const changed = await api.ask('PUT', '/v1.0/customer', {
      body: { name: 'Example Ltd.', webhook_uri: 'https://example.com/hook' },
    })
    expect(changed.json).toMatchObject({
      name: 'Example Ltd.',
      webhook_uri: 'https://example.com/hook',
      status: 'active',
    })
    expect(changed.json).not.toHaveProperty('webhook_secret')
    const metadata = await api.ask('PUT', '/v1.0/customer/metadata', { body: { rtp_debug: true } })
    expect(metadata.json).toMatchObject({ name: 'Example Ltd.', metadata: { rtp_debug: true } })
    const bad = await api.ask('PUT', '/v1.0/customer', { body: { webhook_uri: 'ftp://x' } })
    expect([bad.status, text(bad, 'message')]).toEqual([400, 'webhook_uri must be an http or https address, or empty'])
  })

  test('are the business of super admins', async () => {
    expect((await api.ask('GET', '/v1.0/customers')).status).toBe(403)
    expect((await asAdmin('GET', '/v1.0/customers')).status).toBe(200)
    const { id } = await customer('second')
    expect(await api.ledger.get('customer', id)).toMatchObject({ name: 'second', account_number: expect.any(Number) })
    const read = await asAdmin('GET', `/v1.0/customers/${id}`)
    expect(read.json).not.toHaveProperty('webhook_secret')
    expect((await asAdmin('PUT', `/v1.0/customers/${id}`, { detail: 'd' })).json).toMatchObject({
      name: 'second',
      detail: 'd',
    })
    expect((await asAdmin('DELETE', `/v1.0/customers/${api.first.customerId}`)).status).toBe(409)
  })

  test('get account numbers that are never given twice', async () => {
    const many = await Promise.all(
      Array.from({ length: 4 }, (_, index) => asAdmin('POST', '/v1.0/customers', { name: `n${index}` })),
    )
    for (const answer of many) expect(answer.status).toBe(200)
    const numbers = (await api.ledger.find('customer', { deleted: true })).map((row) => row.account_number)
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  test('that were deleted let nobody in', async () => {
    const { id, token } = await customer('short-lived')
    await asToken(token, 'POST', '/v1.0/agents', { username: 'ken', password: 'correct horse battery' })
    const key = text(await asToken(token, 'POST', '/v1.0/accesskeys'), 'token')
    expect((await api.ask('GET', '/v1.0/me', { key })).status).toBe(200)
    expect((await asAdmin('DELETE', `/v1.0/customers/${id}`)).json['status']).toBe('deleted')
    expect((await api.ask('GET', '/v1.0/me', { key })).status).toBe(401)
    expect((await asToken(token, 'GET', '/v1.0/me')).status).toBe(401)
    const login = await api.ask('POST', '/auth/login', {
      key: '',
      body: { username: 'ken', password: 'correct horse battery' },
    })
    expect(login.status).toBe(401)
    expect((await asAdmin('GET', `/v1.0/customers/${id}`)).status).toBe(404)
  })
})

describe('closing an account', () => {
  test('freezes it for 30 days, says how to take it back, and takes it back', async () => {
    const own = await startApi()
    const refused = await own.ask('POST', '/auth/unregister', { body: {} })
    expect(refused.status).toBe(400)
    const both = await own.ask('POST', '/auth/unregister', { body: { password: 'x', confirmation_phrase: 'DELETE' } })
    expect(both.status).toBe(400)
    const closed = await own.ask('POST', '/auth/unregister', { body: { confirmation_phrase: 'DELETE' } })
    expect(closed.json).toMatchObject({ status: 'frozen', tm_deletion_scheduled: '2026-01-01 00:00:00.000000' })
    const frozen = await own.ask('GET', '/v1.0/conferences')
    expect([frozen.status, reasonOf(frozen)]).toEqual([403, 'ACCOUNT_FROZEN'])
    expect(frozen.json['error']).toMatchObject({
      details: [
        {
          deletion_scheduled_at: '2026-01-01 00:00:00.000000',
          deletion_effective_at: '2026-01-31 00:00:00.000000',
          recovery_endpoint: 'DELETE /auth/unregister',
        },
      ],
    })
    const token = await own.login()
    expect((await own.ask('DELETE', '/auth/unregister', { key: '', query: { token } })).json['status']).toBe('active')
    expect((await own.ask('GET', '/v1.0/conferences')).status).toBe(200)
    await own.app.close()
  })

  test('takes the password of an agent, and ends after 30 days', async () => {
    const own = await startApi()
    const query = { token: await own.login() }
    const close = (password: string) => own.ask('POST', '/auth/unregister', { key: '', query, body: { password } })
    expect((await close('wrong')).status).toBe(400)
    expect((await close(own.first.password ?? '')).status).toBe(200)
    await own.clock.advance(30 * 86_400 * 1000)
    expect((await own.ask('DELETE', '/auth/unregister')).status).toBe(401)
    expect(await own.accounts.closing.deleteExpired()).toBe(1)
    expect((await own.ledger.get('customer', own.first.customerId))?.status).toBe('deleted')
    await own.app.close()
  })

  test('can be done by a super admin to others', async () => {
    const { id, token } = await customer('late payer')
    expect((await asAdmin('POST', `/v1.0/customers/${id}/freeze`)).json['status']).toBe('frozen')
    expect((await asToken(token, 'GET', '/v1.0/me')).status).toBe(403)
    expect((await asAdmin('POST', `/v1.0/customers/${id}/recover`)).json['status']).toBe('active')
    expect((await asToken(token, 'GET', '/v1.0/me')).status).toBe(200)
  })
})

describe('delegation', () => {
  test('acts as admin of the customer, for eight hours, and cannot be passed on', async () => {
    const { id, token } = await customer('delegated')
    const me = await asToken(token, 'GET', '/v1.0/me')
    expect(me.json).toMatchObject({ customer_id: id, permission: 32 })
    expect((await asToken(token, 'GET', '/v1.0/customers')).status).toBe(403)
    const again = await asToken(token, 'POST', '/auth/delegate', { customer_id: id, reason: 'once more, please' })
    expect(again.status).toBe(403)
  })

  test.each([
    [{ customer_id: 'x', reason: 'a good reason' }, 422],
    [{ customer_id: '5e4a0680-804e-11ec-8477-2fea5968d85b', reason: 'short' }, 422],
    [{ customer_id: '5e4a0680-804e-11ec-8477-2fea5968d85b', reason: 'grün ist die Hoffnung' }, 422],
    [{ customer_id: '5e4a0680-804e-11ec-8477-2fea5968d85b', reason: 'a good reason' }, 404],
    [{ reason: 'a good reason' }, 400],
  ])('with %j answers %d', async (body, status) => {
    expect((await asAdmin('POST', '/auth/delegate', body)).status).toBe(status)
  })

  test('needs a super admin', async () => {
    const body = { customer_id: api.first.customerId, reason: 'a good reason' }
    expect((await api.ask('POST', '/auth/delegate', { body })).status).toBe(403)
  })
})
