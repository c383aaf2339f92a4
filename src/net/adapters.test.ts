import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AdapterKind } from '../flow/ports.ts'
import { createAdapters } from './adapters.ts'
import { createManualClock, never, startLocalServer } from './web-client.fixture.ts'

const adapters = (url: string, more: { secret?: string } = {}) =>
  createAdapters({ endpoints: new Map<AdapterKind, string>([['message', url]]), clock: createManualClock(), ...more })

const payload = {
  action: 'message_send',
  option: { text: 'ü' },
  activeflow_id: 'a',
  customer_id: 'c',
  reference_id: 'r',
  call: null,
  variables: { name: 'value' },
}

describe('adapters', () => {
  it('are there for the kinds that are configured', async () => {
    const { has, ask } = adapters('http://127.0.0.1:9')
    expect([has('message'), has('email')]).toEqual([true, false])
    await expect(ask('email', payload, never)).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  it('are asked by POST and answer with variables and actions', async () => {
    await using server = await startLocalServer((_, response) => {
      const reply = { variables: { sent: true, count: 2, id: 'x' }, actions: [{ type: 'hangup' }], more: 1 }
      response.end(JSON.stringify(reply))
    })
    const reply = await adapters(`${server.url}/sms`).ask('message', payload, never)
    expect(reply).toEqual({
      variables: { sent: 'true', count: '2', id: 'x' },
      actions: [{ type: 'hangup', option: {} }],
    })
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/sms',
      headers: { 'content-type': expect.stringContaining('application/json') },
    })
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({
      kind: 'message',
      action: 'message_send',
      option: { text: 'ü' },
      activeflow_id: 'a',
      customer_id: 'c',
      reference_id: 'r',
      call: null,
      variables: { name: 'value' },
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      time: '2027-01-15 08:00:00.000000',
    })
  })

  it('can check who asks', async () => {
    await using server = await startLocalServer((_, response) => void response.writeHead(204).end())
    expect(await adapters(server.url, { secret: 'key' }).ask('message', payload, never)).toEqual({
      variables: {},
      actions: [],
    })
    await adapters(server.url).ask('message', payload, never)
    const [signed, plain] = server.seen
    const expected = createHmac('sha256', 'key')
      .update(signed?.body ?? '')
      .digest('hex')
    expect(signed?.headers['x-partyline-signature']).toBe(`sha256=${expected}`)
    expect(plain?.headers['x-partyline-signature']).toBeUndefined()
  })

  it.each([
    [422, '{"error":"no such number"}', 'user', 'answered 422: no such number'],
    [404, 'gone', 'user', 'answered 404: gone'],
    [500, '', 'operational', 'answered 500'],
    [302, '', 'operational', 'answered 302'],
    [200, 'nonsense', 'peer', 'something other than'],
    [200, '{"variables":[1]}', 'peer', '/variables'],
    [200, '{"actions":[{"option":{}}]}', 'peer', '/actions/0'],
  ])('fail with %d and %s as a %s error', async (status, body, kind, message) => {
    await using server = await startLocalServer((_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(body)
    })
    const asked = adapters(server.url).ask('message', payload, never)
    await expect(asked).rejects.toMatchObject({ kind })
    await expect(asked).rejects.toThrow(message)
    expect(server.seen).toHaveLength(1)
  })

  it('are given thirty seconds, and are not asked twice', async () => {
    await using server = await startLocalServer(() => undefined)
    const clock = createManualClock()
    const asked = createAdapters({ endpoints: new Map([['ai', server.url]]), clock }).ask('ai', payload, never)
    await server.reached(1)
    clock.advance(30_000)
    await expect(asked).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    expect(server.seen).toHaveLength(1)
  })
})
