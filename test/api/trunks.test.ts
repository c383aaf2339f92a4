import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.app.close())

const create = (body: unknown): Promise<Answer> => api.ask('POST', '/v1.0/trunks', { body })
const whole = {
  name: 'office',
  detail: 'the old exchange',
  domain_name: 'Office-1',
  auth_types: ['basic', 'ip', 'ip'],
  username: 'pbx',
  password: 's3cret-of-pbx',
  allowed_ips: ['192.0.2.7', '198.51.100.0/24', '2001:DB8::1'],
}

describe('a trunk', () => {
  test('is shown in canonical form and with an empty password', async () => {
    const answer = await create(whole)
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      id: text(answer, 'id'),
      customer_id: api.first.customerId,
      name: 'office',
      detail: 'the old exchange',
      domain_name: 'office-1',
      auth_types: ['basic', 'ip'],
      username: 'pbx',
      password: '',
      allowed_ips: ['192.0.2.7', '198.51.100.0/24', '2001:db8::1'],
      tm_create: expect.any(String),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    expect((await api.ledger.get('trunk', text(answer, 'id')))?.password_sealed).toMatch(/^v1\./)
    expect(JSON.stringify(await api.ledger.events(0, 1000))).not.toContain(whole.password)
    const again = await create({ ...whole, domain_name: 'OFFICE-1' })
    expect([again.status, reasonOf(again)]).toEqual([409, 'ALREADY_EXISTS'])
  })

  test('tells its types of authentication from what is given', async () => {
    const { auth_types: _, ...rest } = whole
    expect((await create({ ...rest, domain_name: 'both' })).json['auth_types']).toEqual(['basic', 'ip'])
    expect((await create({ domain_name: 'closed' })).json['auth_types']).toEqual([])
    expect((await create({ domain_name: 'source', allowed_ips: ['192.0.2.1'] })).json['auth_types']).toEqual(['ip'])
  })

  test.each([
    [{ name: 'x' }, 'domain_name is missing'],
    [{ ...whole, domain_name: 'a.b' }, 'domain_name must be one DNS label'],
    [{ ...whole, domain_name: '-a' }, 'domain_name must be one DNS label'],
    [{ ...whole, domain_name: 'n1', auth_types: ['md5'] }, 'auth_types[0] must be one of basic, ip'],
    [{ ...whole, domain_name: 'n2', username: '' }, 'username is missing'],
    [{ ...whole, domain_name: 'n3', password: '' }, 'password is missing'],
    [{ ...whole, domain_name: 'n4', allowed_ips: [] }, 'allowed_ips is missing'],
    [
      { ...whole, domain_name: 'n5', allowed_ips: ['192.0.2.7', 'pbx.example.com'] },
      'allowed_ips[1] "pbx.example.com"',
    ],
    [{ ...whole, domain_name: 'n6', allowed_ips: ['0.0.0.0/0'] }, 'allowed_ips[0] "0.0.0.0/0" is too wide'],
    [{ ...whole, domain_name: 'n7', allowed_ips: ['::/0'] }, 'is too wide'],
    [{ ...whole, domain_name: 'n8', username: 'a"b' }, 'username must be'],
  ])('is refused as %j', async (body, message) => {
    const answer = await create(body)
    expect([answer.status, text(answer, 'message')]).toEqual([400, expect.stringContaining(message)])
    expect(answer.text).not.toContain(whole.password)
  })

  test('keeps what an update leaves out, and never an authentication that lacks its means', async () => {
    const id = text(await create({ ...whole, domain_name: 'changing' }), 'id')
    const path = `/v1.0/trunks/${id}`
    const renamed = await api.ask('PUT', path, { body: { name: 'new', password: '', domain_name: 'elsewhere' } })
    expect(renamed.json).toMatchObject({ name: 'new', detail: whole.detail, domain_name: 'changing', username: 'pbx' })
    const broken = await api.ask('PUT', path, { body: { allowed_ips: [] } })
    expect([broken.status, text(broken, 'message')]).toEqual([400, expect.stringContaining('allowed_ips is missing')])
    const narrowed = await api.ask('PUT', path, { body: { allowed_ips: [], auth_types: ['basic'] } })
    expect(narrowed.json).toMatchObject({ auth_types: ['basic'], allowed_ips: [] })
    expect((await api.ask('DELETE', path)).status).toBe(200)
    const gone = await api.ask('GET', path)
    expect([gone.status, reasonOf(gone)]).toEqual([404, 'TRUNK_NOT_FOUND'])
    const events = (await api.ledger.events(0, 1000)).filter(({ data }) => data['id'] === id)
    expect(events.map(({ type }) => type)).toEqual(['trunk_created', 'trunk_updated', 'trunk_updated', 'trunk_deleted'])
    expect((await create({ ...whole, domain_name: 'changing' })).status).toBe(200)
  })
})

test('trunks are listed newest first', async () => {
  const names = items(await api.ask('GET', '/v1.0/trunks')).map((item) => item['domain_name'])
  expect([names[0], names.at(-1)]).toEqual(['changing', 'office-1'])
})
