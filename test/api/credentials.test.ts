import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiUnderTest, type AskOptions, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
let token: string
let key: string
beforeAll(async () => {
  api = await startApi()
  token = await api.login()
  key = api.first.accesskey ?? ''
})
afterAll(() => api.app.close())

const ask = (options: AskOptions) => api.ask('GET', '/v1.0/me', { key: '', ...options })

describe('credentials', () => {
  test('are accepted in all five places, and as an access key in the header', async () => {
    const forms: AskOptions[] = [
      { cookies: { token } },
      { query: { token } },
      { headers: { authorization: `Bearer ${token}` } },
      { cookies: { accesskey: key } },
      { query: { accesskey: key } },
      { headers: { authorization: `Bearer ${key}` } },
    ]
    for (const form of forms) expect((await ask(form)).status).toBe(200)
  })

  test('are looked for in a fixed order, and a bad one is not made good by a later one', async () => {
    const places: ((value: string) => AskOptions)[] = [
      (value) => ({ cookies: { token: value } }),
      (value) => ({ query: { token: value } }),
      (value) => ({ headers: { authorization: `Bearer ${value}` } }),
      (value) => ({ cookies: { accesskey: value } }),
      (value) => ({ query: { accesskey: value } }),
    ]
    const good = (index: number): string => (index < 3 ? token : key)
    for (const [first, place] of places.entries()) {
      for (const [second, other] of places.entries()) {
        if (second <= first) continue
        const merged = (a: AskOptions, b: AskOptions): AskOptions => ({
          cookies: { ...a.cookies, ...b.cookies },
          query: { ...a.query, ...b.query },
          headers: { ...a.headers, ...b.headers },
        })
        const bad = await ask(merged(place('bad'), other(good(second))))
        expect([first, second, bad.status, reasonOf(bad)]).toEqual([first, second, 401, 'INVALID_CREDENTIALS'])
        expect((await ask(merged(place(good(first)), other('bad')))).status).toBe(200)
        expect((await ask(merged(place(''), other(good(second))))).status).toBe(200)
      }
    }
  })

  test.each([
    ['none', {}, 'AUTHENTICATION_REQUIRED'],
    ['an empty one', { query: { token: '' } }, 'AUTHENTICATION_REQUIRED'],
    ['Basic', { headers: { authorization: 'Basic YTpi' } }, 'AUTHENTICATION_REQUIRED'],
    ['bearer in lower case', { headers: { authorization: 'bearer x' } }, 'AUTHENTICATION_REQUIRED'],
    ['rubbish', { query: { token: 'a.b.c' } }, 'INVALID_CREDENTIALS'],
    ['an unknown key', { query: { accesskey: `vb_${'a'.repeat(32)}` } }, 'INVALID_CREDENTIALS'],
  ])('of the kind "%s" are refused', async (_name, options, reason) => {
    const answer = await ask(options)
    expect([answer.status, reasonOf(answer)]).toEqual([401, reason])
  })

  test('cannot swap their names: an access key is no token', async () => {
    expect((await ask({ query: { token: key } })).status).toBe(401)
    expect((await ask({ query: { accesskey: token } })).status).toBe(401)
  })

  test('signed by somebody else, or not at all, are refused', async () => {
    const [, payload] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32))
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    for (const bad of [forged, unsigned]) expect((await ask({ query: { token: bad } })).status).toBe(401)
  })

  test('are checked before the body and the id', async () => {
    expect((await api.ask('PUT', '/v1.0/conferences/nonsense', { key: '', body: '{' })).status).toBe(401)
  })
})

describe('log-in', () => {
  test('answers a token with the claims of an agent, and sets it as a cookie', async () => {
    const body = { username: api.first.username, password: api.first.password }
    const answer = await api.ask('POST', '/auth/login', { body, key: '' })
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json).sort()).toEqual(['token', 'username'])
    expect(answer.headers['set-cookie']).toBe(
      `token=${text(answer, 'token')}; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Strict`,
    )
    const [, payload] = text(answer, 'token').split('.')
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
    expect(claims).toMatchObject({
      type: 'agent',
      agent: { username: 'admin@localhost', permission: 65535 },
      expire: '2026-01-08T00:00:00.000000Z',
    })
    expect(JSON.stringify(claims)).not.toContain('argon2')
  })

  test('works under the versioned prefix too', async () => {
    const body = { username: api.first.username, password: api.first.password }
    expect((await api.ask('POST', '/v1.0/auth/login', { body, key: '' })).status).toBe(200)
  })

  test.each([
    [{ username: 'admin@localhost', password: 'wrong' }, 401, 'INVALID_CREDENTIALS'],
    [{ username: 'nobody', password: 'wrong' }, 401, 'INVALID_CREDENTIALS'],
    [{ username: 'admin@localhost' }, 400, 'INVALID_ARGUMENT'],
    ['{', 400, 'INVALID_JSON_BODY'],
    [undefined, 400, 'INVALID_JSON_BODY'],
  ])('with %j is refused', async (body, status, reason) => {
    const answer = await api.ask('POST', '/auth/login', { body, key: '' })
    expect([answer.status, reasonOf(answer), typeof answer.json['message']]).toEqual([status, reason, 'string'])
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('says the same of an unknown user and of a wrong password', async () => {
    const bodies = [
      { username: 'admin@localhost', password: 'wrong' },
      { username: 'nobody', password: 'wrong' },
    ]
    const answers = await Promise.all(bodies.map((body) => api.ask('POST', '/auth/login', { body, key: '' })))
    expect(answers[0]?.json['message']).toBe(answers[1]?.json['message'])
  })
})

describe('tokens', () => {
  test('end after seven days', async () => {
    const own = await startApi()
    const query = { token: await own.login() }
    await own.clock.advance((7 * 86_400 - 1) * 1000)
    expect((await own.ask('GET', '/v1.0/me', { key: '', query })).status).toBe(200)
    await own.clock.advance(2 * 1000)
    expect((await own.ask('GET', '/v1.0/me', { key: '', query })).status).toBe(401)
    await own.app.close()
  })

  test('end with the agent, with its password, and follow its permission', async () => {
    const own = await startApi()
    const admin = { token: await own.login() }
    const made = await own.ask('POST', '/v1.0/agents', {
      query: admin,
      key: '',
      body: { username: 'bob', password: 'bobs password', permission: 32 },
    })
    expect(made.status).toBe(201)
    const path = `/v1.0/agents/${text(made, 'id')}`
    const login = async (password: string) => ({
      token: text(await own.ask('POST', '/auth/login', { key: '', body: { username: 'bob', password } }), 'token'),
    })
    const asBob = async (query: { token: string }) =>
      (await own.ask('GET', '/v1.0/conferences', { key: '', query })).status

    const first = await login('bobs password')
    expect(await asBob(first)).toBe(200)
    await own.ask('PUT', `${path}/permission`, { query: admin, key: '', body: { permission: 16 } })
    expect(await asBob(first)).toBe(403)
    await own.ask('PUT', `${path}/permission`, { query: admin, key: '', body: { permission: 32 } })
    expect(
      (await own.ask('PUT', `${path}/password`, { query: first, key: '', body: { password: 'a new password' } }))
        .status,
    ).toBe(200)
    expect(await asBob(first)).toBe(401)
    const second = await login('a new password')
    expect(await asBob(second)).toBe(200)
    expect((await own.ask('DELETE', path, { query: admin, key: '' })).status).toBe(200)
    expect(await asBob(second)).toBe(401)
    const again = await own.ask('POST', '/auth/login', {
      key: '',
      body: { username: 'bob', password: 'a new password' },
    })
    expect(again.status).toBe(401)
    await own.app.close()
  })
})

describe('who am I', () => {
  test('shows the agent to an agent', async () => {
    const { json } = await ask({ query: { token } })
    expect(json).toMatchObject({ username: 'admin@localhost', permission: 65535, customer_id: api.first.customerId })
    expect(json).not.toHaveProperty('password_hash')
  })

  test('shows an access key in the shape of an agent', async () => {
    const { json } = await ask({ query: { accesskey: key } })
    expect(json).toMatchObject({ username: 'first key', name: 'first key', permission: 32, status: 'available' })
    for (const field of ['id', 'tm_create']) expect(json[field]).toEqual(expect.any(String))
    expect(json).not.toHaveProperty('token_hash')
  })
})

describe('boot', () => {
  test('refuses a hash that exists and one that does not in the same words', async () => {
    const made = await api.ask('POST', '/v1.0/conferences', { body: { type: 'conference' } })
    const ask = (hash: string) => api.ask('POST', '/auth/boot', { key: '', body: { direct_hash: `direct.${hash}` } })
    const answers = [await ask(text(made, 'direct_hash')), await ask('000000000000')]
    for (const answer of answers) expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_ARGUMENT'])
    expect(answers[0]?.json['message']).toBe(answers[1]?.json['message'])
  })
})

test.each(['signup', 'password-forgot', 'password-reset', 'email-verify'])(
  'POST /auth/%s is refused, not faked',
  async (name) => {
    const answer = await api.ask('POST', `/auth/${name}`, { key: '', body: {} })
    expect([answer.status, reasonOf(answer)]).toEqual([501, 'NOT_IMPLEMENTED'])
  },
)
