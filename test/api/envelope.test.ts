import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiUnderTest, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi({ bodyLimit: 2000 })
})
afterAll(() => api.app.close())

const conference = { type: 'conference', name: 'test conference', detail: 'test conference for example' }

describe('error envelope', () => {
  test('carries status, reason, message and request id, and the message at the top level too', async () => {
    const answer = await api.ask('GET', '/v1.0/conferences/0e7112d7-6ddc-47ea-bba5-223a3a55ff79')
    expect(answer.status).toBe(404)
    const message = text(answer, 'message')
    expect(answer.json).toEqual({
      error: {
        status: 'NOT_FOUND',
        reason: 'CONFERENCE_NOT_FOUND',
        message,
        request_id: answer.headers['x-request-id'],
      },
      message,
    })
  })

  test.each([
    ['GET', '/v1.0/queues'],
    ['GET', '/nowhere'],
    ['PATCH', '/v1.0/conferences'],
    ['POST', '/v1.0/me'],
    ['DELETE', '/v1.0/conferences'],
  ] as const)('answers %s %s with 404 ROUTE_NOT_FOUND', async (method, path) => {
    const answer = await api.ask(method, path)
    expect([answer.status, reasonOf(answer)]).toEqual([404, 'ROUTE_NOT_FOUND'])
  })

  test.each(['nonsense', '00000000-0000-0000-0000-000000000000', '%20', 'x'.repeat(300)])(
    'refuses %s as an id',
    async (id) => {
      const answer = await api.ask('GET', `/v1.0/conferences/${id}`)
      expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_ID'])
    },
  )

  test('names another reason for a bad id of direct-hash-regenerate', async () => {
    const answer = await api.ask('POST', '/v1.0/conferences/nonsense/direct-hash-regenerate')
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_REQUEST_PARAMETER'])
  })

  test('answers a path that cannot be decoded in the envelope', async () => {
    const answer = await api.ask('GET', '/v1.0/conferences/%zz')
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_REQUEST_PARAMETER'])
    expect(answer.headers['x-request-id']).toMatch(/^req_/)
  })

  test('finds an id in upper case', async () => {
    const id = text(await api.ask('POST', '/v1.0/conferences', { body: conference }), 'id')
    expect((await api.ask('GET', `/v1.0/conferences/${id.toUpperCase()}`)).status).toBe(200)
  })
})

describe('request id', () => {
  test.each(['abc-DEF_123', 'x'.repeat(64)])('echoes %s', async (id) => {
    const answer = await api.ask('GET', '/ping', { headers: { 'x-request-id': id } })
    expect(answer.headers['x-request-id']).toBe(id)
  })

  test.each(['with space', 'ümlaut', 'x'.repeat(65), ''])('replaces "%s" by one of its own', async (id) => {
    const answer = await api.ask('GET', '/ping', { headers: { 'x-request-id': id } })
    expect(answer.headers['x-request-id']).toMatch(/^req_[A-Z2-7]{26}$/)
  })
})

describe('request bodies', () => {
  test.each([
    ['application/json'],
    ['application/x-www-form-urlencoded'],
    ['text/plain; charset=utf-8'],
    ['multipart/form-data'],
    ['no media type at all'],
    [undefined],
  ])('are JSON under content type %s', async (type) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const answer = await api.ask('POST', '/v1.0/conferences', { body: conference, headers })
    expect([answer.status, answer.json['name']]).toEqual([200, 'test conference'])
  })

  test('are needed where a resource is made', async () => {
    const answer = await api.ask('POST', '/v1.0/conferences')
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_JSON_BODY'])
    expect(text(answer, 'message')).toContain('"type":"conference"')
  })

  test('are not needed, and not read, where nothing is asked for', async () => {
    const id = text(await api.ask('POST', '/v1.0/conferences', { body: conference }), 'id')
    const path = `/v1.0/conferences/${id}/direct-hash-regenerate`
    expect((await api.ask('POST', path)).status).toBe(200)
    expect((await api.ask('POST', path, { body: '{not json' })).status).toBe(200)
    expect((await api.ask('GET', `/v1.0/conferences/${id}`, { body: 'x' })).status).toBe(200)
  })

  test.each(['{', '[]', '"text"', '5', 'null', 'a=b&c=d', `${'['.repeat(200)}${']'.repeat(200)}`])(
    'are refused when they are %s',
    async (body) => {
      const answer = await api.ask('POST', '/v1.0/conferences', { body })
      expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_JSON_BODY'])
    },
  )

  test('are refused when they are not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"type":"conference","name":"'), Buffer.from([0xff]), Buffer.from('"}')])
    const answer = await api.ask('POST', '/v1.0/conferences', { body })
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_JSON_BODY'])
  })

  test('are refused with 413 when they are too large', async () => {
    const answer = await api.ask('POST', '/v1.0/conferences', { body: { ...conference, detail: 'x'.repeat(3000) } })
    expect([answer.status, reasonOf(answer)]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  test('cannot smuggle a prototype or unknown columns in', async () => {
    const body = `{"type":"conference","name":"a","__proto__":{"admin":true},"data":{"\\u005f_proto__":{"x":1},"y":2},"direct_hash":"mine"}`
    const answer = await api.ask('POST', '/v1.0/conferences', { body })
    expect(answer.json['data']).toEqual({ y: 2 })
    expect(answer.json['direct_hash']).not.toBe('mine')
  })

  test.each([
    [{ name: 'no type' }, 'INVALID_ARGUMENT', 'type is missing: add "type": "conference"'],
    [{ type: 'party' }, 'INVALID_ARGUMENT', 'type must be one of'],
    [{ type: 7 }, 'INVALID_ARGUMENT', 'type must be one of'],
    [{ type: null }, 'INVALID_ARGUMENT', 'type is missing'],
    [{ ...conference, timeout: 'long' }, 'INVALID_JSON_BODY', 'timeout must be an integer'],
    [{ ...conference, timeout: -1 }, 'INVALID_ARGUMENT', 'timeout must be >= 0'],
    [{ ...conference, pre_flow_id: 'abc' }, 'INVALID_ARGUMENT', 'pre_flow_id must be a UUID, or an empty string'],
    [{ ...conference, data: [] }, 'INVALID_JSON_BODY', 'data must be an object'],
  ])('name the field and the fix for %j', async (body, reason, message) => {
    const answer = await api.ask('POST', '/v1.0/conferences', { body })
    expect([answer.status, reasonOf(answer)]).toEqual([400, reason])
    expect(text(answer, 'message')).toContain(message)
  })
})

describe('requests that no route can see', () => {
  test.each([
    ['GARBAGE\r\n\r\n', 400, 'INVALID_ARGUMENT'],
    ['GET /v1.0/me HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n', 400, 'INVALID_ARGUMENT'],
    [`GET /ping HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'INVALID_ARGUMENT'],
    ['PURGE /v1.0/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, 'ROUTE_NOT_FOUND'],
    ['PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, 'ROUTE_NOT_FOUND'],
  ])('%j are answered in the envelope', async (request, status, reason) => {
    const own = await startApi()
    await own.app.listen({ host: '127.0.0.1', port: 0 })
    const raw = await exchange(portOf(own.app.server.address()), request)
    expect(raw).toContain(`HTTP/1.1 ${status} `)
    const envelope = JSON.parse(raw.slice(raw.indexOf('\r\n\r\n')))
    expect(envelope).toMatchObject({ error: { reason }, message: envelope.error.message })
    expect(raw.toLowerCase()).toContain(`x-request-id: ${envelope.error.request_id.toLowerCase()}`)
    await own.app.close()
  })
})

test('a caller that is not understood and stays does not keep the server from ending', async () => {
  const own = await startApi()
  await own.app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect({ port: portOf(own.app.server.address()), host: '127.0.0.1', allowHalfOpen: true })
  socket.write('GARBAGE\r\n\r\n')
  await once(socket, 'data')
  await own.app.close()
  socket.destroy()
})

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address ? address.port : 0

/** Sends bytes to a port of this machine and answers all that comes back. */
async function exchange(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

describe('headers', () => {
  test('allow every origin to read, without cookies', async () => {
    const answer = await api.ask('OPTIONS', '/v1.0/conferences', {
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    expect(answer.headers['access-control-max-age']).toBe('43200')
  })

  test('come with refusals too', async () => {
    const answer = await api.ask('GET', '/v1.0/me', { key: '', headers: { origin: 'https://elsewhere.example' } })
    expect(answer.status).toBe(401)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })
})

describe('ping', () => {
  test('answers pong without a credential', async () => {
    const answer = await api.ask('GET', '/ping', { key: '' })
    expect([answer.status, answer.json]).toEqual([200, { message: 'pong' }])
  })

  test('answers 503 before everything listens', async () => {
    const starting = await startApi({ ready: () => false })
    const answer = await starting.ask('GET', '/ping', { key: '' })
    expect([answer.status, reasonOf(answer)]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    await starting.app.close()
  })
})

describe('log', () => {
  test('has one line per request with its id and without credentials', async () => {
    api.logged.length = 0
    await api.ask('GET', '/v1.0/me', {
      headers: { 'x-request-id': 'my-request' },
      query: { token: 'a-token', page: '1' },
    })
    expect(api.logged).toHaveLength(1)
    expect(api.logged[0]).toMatchObject({ request_id: 'my-request', method: 'GET', status: 401 })
    const line = JSON.stringify(api.logged)
    expect(line).not.toContain('a-token')
    expect(line).not.toContain(api.first.accesskey)
  })
})
