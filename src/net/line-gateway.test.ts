// The LINE gateway against a local server in LINE's place.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createLineGateway } from './line-gateway.ts'

const token = 'channel-token-1'
const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function serve(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => answer(request, body, response))
  })
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const refusing = (status: number, body: string) =>
  serve((_, __, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body))

const attempt = async (baseUrl: string, timeoutMs?: number): Promise<unknown> => {
  const gateway = createLineGateway({ baseUrl, ...(timeoutMs !== undefined && { timeoutMs }) })
  return gateway.setEndpoint(token, 'https://party.example/hook').then(
    () => 'accepted',
    (error: unknown) => error,
  )
}

describe('setEndpoint', () => {
  it('sends the address with the channel token', async () => {
    const seen: unknown[] = []
    const baseUrl = await serve(({ method, url, headers }, body, response) => {
      seen.push({ method, url, authorization: headers.authorization, body: JSON.parse(body) })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    expect(await attempt(baseUrl)).toBe('accepted')
    expect(seen).toEqual([
      {
        method: 'PUT',
        url: '/v2/bot/channel/webhook/endpoint',
        authorization: `Bearer ${token}`,
        body: { endpoint: 'https://party.example/hook' },
      },
    ])
  })

  it("hands on LINE's words without the token", async () => {
    const baseUrl = await refusing(401, JSON.stringify({ message: `Authentication failed for ${token}` }))
    const error = await attempt(baseUrl)
    expect(error).toMatchObject({
      code: 'LINE_REFUSED',
      message: 'LINE refused with 401: Authentication failed for ***',
    })
  })

  it('copes with an answer that is no JSON', async () => {
    expect(await attempt(await refusing(400, '<html>'))).toMatchObject({
      message: 'LINE refused with 400: no reason given',
    })
  })

  it('tells a failing LINE from a refusing one', async () => {
    const error = await attempt(await refusing(503, '{"message":"busy"}'))
    expect(error).toMatchObject({ kind: 'operational', retryable: true, message: 'LINE failed with 503: busy' })
  })

  it('gives up when LINE does not answer', async () => {
    const baseUrl = await serve(() => undefined)
    expect(await attempt(baseUrl, 50)).toMatchObject({
      kind: 'operational',
      message: 'LINE did not answer within 50 ms',
    })
  })

  it('says when LINE cannot be reached', async () => {
    const baseUrl = await serve(() => undefined)
    for (const close of closers.splice(0)) close()
    expect(await attempt(baseUrl)).toMatchObject({
      kind: 'operational',
      message: `LINE cannot be reached at ${baseUrl}`,
    })
  })
})
