import { describe, expect, it } from 'vitest'
import type { WebRequest } from '../flow/ports.ts'
import { createManualClock, type LocalServer, never, startLocalServer } from './web-client.fixture.ts'
import { createWebClient, type WebClientOptions } from './web-client.ts'
import { createAddressGuard } from './web-client-guard.ts'

const client = (options: Partial<WebClientOptions> = {}) =>
  createWebClient({ guard: createAddressGuard({ allow: ['127.0.0.1'] }), clock: createManualClock(), ...options })

const get = (url: string, more: Partial<WebRequest> = {}): WebRequest => ({
  url,
  method: 'GET',
  contentType: '',
  body: '',
  customerId: 'one',
  ...more,
})

/** Answers `/3` with a redirection to `/2` and so on; `/0` says so. */
const stairs = (status = 302): Promise<LocalServer> =>
  startLocalServer(({ path }, response) => {
    const left = Number(path.slice(1))
    if (left > 0) response.writeHead(status, { location: `/${left - 1}` }).end()
    else response.end('arrived')
  })

describe('requests of flows', () => {
  it.each(['POST', 'PUT', 'DELETE'] as const)('sends %s with its body and type', async (method) => {
    await using server = await startLocalServer((_, response) => void response.writeHead(201).end('[1]'))
    const request = get(`${server.url}/hook?a=b`, { method, contentType: 'application/json', body: '{"ü":1}' })
    expect(await client().send(request, never)).toEqual({ status: 201, body: '[1]' })
    expect(server.seen).toMatchObject([
      {
        method,
        path: '/hook?a=b',
        body: '{"ü":1}',
        headers: { 'content-type': 'application/json', 'content-length': '8' },
      },
    ])
  })

  it('hands on an error status as an answer', async () => {
    await using server = await startLocalServer((_, response) => void response.writeHead(500).end('broken'))
    expect(await client().send(get(server.url), never)).toEqual({ status: 500, body: 'broken' })
  })

  it('sends nothing inside unless it is allowed', async () => {
    await using server = await startLocalServer((_, response) => void response.end())
    const closed = client({ guard: createAddressGuard({ allow: [] }) })
    await expect(closed.send(get(server.url), never)).rejects.toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' })
    // The same address, written as a number and as a mapped one.
    await expect(closed.send(get(`http://2130706433:${server.port}`), never)).rejects.toThrow('no public address')
    await expect(closed.send(get(`http://[::ffff:127.0.0.1]:${server.port}`), never)).rejects.toThrow(
      'no public address',
    )
    expect(server.seen).toHaveLength(0)
  })

  it('connects to the address that was checked, and asks for it once', async () => {
    await using server = await startLocalServer((_, response) => void response.end('here'))
    const answers = [['127.0.0.1'], ['127.0.0.9']]
    const guard = createAddressGuard({ allow: ['127.0.0.1'], resolve: async () => answers.shift() ?? [] })
    const url = `http://rebinding.example:${server.port}/`
    expect(await client({ guard }).send(get(url), never)).toMatchObject({ body: 'here' })
    expect(server.seen[0]?.headers.host).toBe(`rebinding.example:${server.port}`)
    expect(answers).toHaveLength(1)
  })

  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'nonsense', 'http://', `http://127.0.0.1/${'x'.repeat(9000)}`])(
    'refuses %.30s',
    async (url) => {
      await expect(client().send(get(url), never)).rejects.toMatchObject({ kind: 'user', code: 'INVALID_ARGUMENT' })
    },
  )

  it('tells what no request can carry from a fault', async () => {
    await using server = await startLocalServer((_, response) => void response.end())
    const split = get(server.url, { method: 'POST', contentType: 'text/plain\r\nx-evil: 1', body: 'a' })
    await expect(client().send(split, never)).rejects.toMatchObject({ kind: 'user' })
    const malformed = get(`http://%zz@127.0.0.1:${server.port}/`)
    await expect(client().send(malformed, never)).rejects.toMatchObject({ kind: 'user' })
    expect(server.seen).toHaveLength(0)
  })

  it.each([
    ['switches protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['is no HTTP', 'SSH-2.0-x\r\n'],
    ['is empty', ''],
    ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'],
    ['is compressed unasked', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\na'],
  ])('fails when the answer %s', async (_, answer) => {
    await using server = await startLocalServer((_, response) => void response.socket?.end(answer))
    await expect(client().send(get(server.url), never)).rejects.toMatchObject({ kind: 'operational' })
  })

  it('tells when nobody listens', async () => {
    const server = await startLocalServer(() => undefined)
    await server[Symbol.asyncDispose]()
    await expect(client().send(get(server.url), never)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('redirections', () => {
  it('follows three and no more', async () => {
    await using server = await stairs()
    expect(await client().send(get(`${server.url}/3`), never)).toEqual({ status: 200, body: 'arrived' })
    await expect(client().send(get(`${server.url}/4`), never)).rejects.toThrow('more than 3 times')
  })

  it.each([
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', '{}'],
    [308, 'POST', '{}'],
  ])('after %d repeats a POST as %s', async (status, method, body) => {
    await using server = await stairs(status)
    await client().send(get(`${server.url}/1`, { method: 'POST', contentType: 'text/plain', body: '{}' }), never)
    expect(server.seen[1]).toMatchObject({ method, body })
    expect(server.seen[1]?.headers['content-type']).toBe(method === 'GET' ? undefined : 'text/plain')
  })

  it('checks where they lead', async () => {
    await using inside = await startLocalServer((_, response) => void response.end('secret'))
    const target = `http://inside.example:${inside.port}/`
    await using outside = await startLocalServer(
      (_, response) => void response.writeHead(302, { location: target }).end(),
    )
    const guard = createAddressGuard({ allow: ['outside.example'], resolve: async () => ['127.0.0.1'] })
    const sent = client({ guard }).send(get(`http://outside.example:${outside.port}/`), never)
    await expect(sent).rejects.toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' })
    expect(inside.seen).toHaveLength(0)
  })

  it('follows them to http and https only', async () => {
    await using server = await startLocalServer(
      (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    )
    await expect(client().send(get(server.url), never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('limits', () => {
  it('gives up after ten seconds without a head', async () => {
    await using server = await startLocalServer(() => undefined)
    const clock = createManualClock()
    const sent = client({ clock }).send(get(server.url), never)
    await server.reached(1)
    clock.advance(10_000)
    await expect(sent).rejects.toMatchObject({ kind: 'operational', code: 'REQUEST_TIMEOUT' })
  })

  it('gives up after ten seconds in the middle of a body', async () => {
    await using server = await startLocalServer((_, response) => void response.write('begin'))
    const clock = createManualClock()
    const sent = client({ clock }).send(get(server.url), never)
    await server.reached(1)
    clock.advance(10_000)
    await expect(sent).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
  })

  it('takes a body of a mebioctet and refuses one that is longer', async () => {
    await using server = await startLocalServer(
      ({ path }, response) => void response.end('x'.repeat(Number(path.slice(1)))),
    )
    const { body } = await client().send(get(`${server.url}/1048576`), never)
    expect(body).toHaveLength(1_048_576)
    await expect(client().send(get(`${server.url}/1048577`), never)).rejects.toThrow('more than 1048576 octets')
  })

  it('ends when the flow does', async () => {
    await using server = await startLocalServer(() => undefined)
    const abort = new AbortController()
    const sent = client().send(get(server.url), abort.signal)
    await server.reached(1)
    abort.abort(new Error('hung up'))
    await expect(sent).rejects.toThrow('hung up')
  })

  it('lets one customer wait and refuses more, while another goes on', async () => {
    const held: (() => void)[] = []
    await using server = await startLocalServer(({ path }, response) => {
      if (path === '/other') response.end()
      else held.push(() => response.end())
    })
    const web = client({ limits: { perCustomer: 2, waiting: 1 } })
    const sent = [1, 2, 3].map((count) => web.send(get(`${server.url}/${count}`), never))
    await server.reached(2)
    await expect(web.send(get(`${server.url}/4`), never)).rejects.toMatchObject({ code: 'RATE_LIMIT_EXCEEDED' })
    await web.send(get(`${server.url}/other`, { customerId: 'two' }), never)
    expect(server.seen.map(({ path }) => path)).not.toContain('/3')
    held.shift()?.()
    await server.reached(4)
    for (const end of held) end()
    expect(await Promise.all(sent)).toHaveLength(3)
  })

  it('forgets who gave up waiting', async () => {
    const held: (() => void)[] = []
    await using server = await startLocalServer((_, response) => void held.push(() => response.end()))
    const web = client({ limits: { perCustomer: 1, waiting: 2 } })
    const [abort, first] = [new AbortController(), web.send(get(`${server.url}/1`), never)]
    await server.reached(1)
    const second = web.send(get(`${server.url}/2`), abort.signal)
    const third = web.send(get(`${server.url}/3`), never)
    const gone = expect(second).rejects.toThrow()
    abort.abort()
    await gone
    held.shift()?.()
    await server.reached(2)
    held.shift()?.()
    await Promise.all([first, third])
    expect(server.seen.map(({ path }) => path)).toEqual(['/1', '/3'])
  })
})
