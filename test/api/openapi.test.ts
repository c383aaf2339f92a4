// The published document describes what the server does: every route is in it, and real answers fit it.
import { Compile } from 'typebox/schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAccounts } from '../../src/account/accounts.ts'
import { createMemoryLedger } from '../../src/event/memory-ledger.ts'
import { allRoutes } from '../../src/http/routes/all.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { type Answer, type ApiUnderTest, startApi, text } from './api-under-test.ts'
import { addConferencecall, servicesUnderTest } from './services-under-test.ts'

type Json = Record<string, unknown>

let api: ApiUnderTest
let document: Json
beforeAll(async () => {
  api = await startApi()
  const answer = await api.ask('GET', '/openapi.json', { key: '' })
  expect(answer.status).toBe(200)
  document = answer.json
})
afterAll(() => api.app.close())

/** The value at a JSON pointer such as `#/components/schemas/Call`. */
function at(pointer: string): unknown {
  let node: unknown = document
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    node = isJson(node) ? node[key] : undefined
  }
  return node
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null

function* nodes(value: unknown): Generator<Json> {
  if (!isJson(value)) return
  if (!Array.isArray(value)) yield value
  for (const item of Object.values(value)) yield* nodes(item)
}

const routes = (() => {
  const clock = new VirtualClock()
  const ledger = createMemoryLedger({ clock })
  return allRoutes({
    accounts: createAccounts(ledger, clock),
    services: servicesUnderTest(ledger, clock),
    ready: () => true,
  })
})()

const pointerStep = (path: string): string => path.replaceAll('~', '~0').replaceAll('/', '~1')

describe('the document', () => {
  test('is OpenAPI 3.1 with a title, a version and a server', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Partyline', version: '0.0.0' },
      servers: [{ url: 'http://localhost:8080' }],
    })
  })

  test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('has %s', (_, route) => {
    const operation = at(`#/paths/${pointerStep(route.path)}/${route.method.toLowerCase()}`)
    expect(operation).toMatchObject({ operationId: route.operation, tags: [route.tag] })
    const responses = isJson(operation) ? operation['responses'] : undefined
    expect(Object.keys(isJson(responses) ? responses : {})).toEqual(
      expect.arrayContaining([String(route.status ?? 200), '429', '500']),
    )
  })

  test('has no route but those of the server, and no operation id twice', () => {
    const paths = document['paths']
    const operations = Object.values(isJson(paths) ? paths : {}).flatMap((item) =>
      Object.values(isJson(item) ? item : {}),
    )
    expect(operations).toHaveLength(routes.length)
    expect(new Set(routes.map((route) => route.operation)).size).toBe(routes.length)
  })

  test('refers to nothing that is not there', () => {
    const references = [...nodes(document)].map((node) => node['$ref']).filter((ref) => ref !== undefined)
    expect(references.length).toBeGreaterThan(100)
    for (const ref of references) expect([ref, isJson(at(String(ref)))]).toEqual([ref, true])
  })

  test('declares every parameter in a path', () => {
    for (const route of routes) {
      const operation = at(`#/paths/${pointerStep(route.path)}/${route.method.toLowerCase()}`)
      const declared = [...nodes(isJson(operation) ? operation['parameters'] : [])].filter(
        (node) => node['in'] === 'path',
      )
      expect([route.path, declared.map((node) => node['name'])]).toEqual([
        route.path,
        route.path.includes('{id}') ? ['id'] : [],
      ])
    }
  })

  test('shows examples that its own schemas accept', () => {
    const bodies = [...nodes(document['paths'])].filter((node) => 'example' in node && 'schema' in node)
    expect(bodies.length).toBeGreaterThan(20)
    for (const { schema, example } of bodies) expect([example, fits(schema, example)]).toEqual([example, true])
  })
})

/** Whether a value fits a schema of the document. */
function fits(schema: unknown, value: unknown): boolean {
  return Compile({ ...(isJson(schema) ? schema : {}), components: document['components'] }).Check(value)
}

function answerFits(answer: Answer, path: string, method: string): boolean {
  const pointer = `#/paths/${pointerStep(path)}/${method}/responses/${answer.status}/content/application~1json/schema`
  const schema = at(pointer)
  expect([pointer, isJson(schema)]).toEqual([pointer, true])
  return fits(schema, answer.json)
}

describe('real answers fit it', () => {
  const creations: [string, unknown][] = [
    ['/v1.0/conferences', { type: 'conference' }],
    ['/v1.0/calls', { destinations: [{ target: 'a@b' }] }],
    ['/v1.0/flows', { name: 'f', actions: [{ type: 'answer' }] }],
    ['/v1.0/activeflows', { actions: [] }],
    ['/v1.0/accesskeys', {}],
    ['/v1.0/agents', { username: 'x', password: 'correct horse battery', addresses: [{ target: 'a@b' }] }],
    ['/v1.0/conversation_accounts', { type: 'line', secret: 's', token: 't' }],
    ['/v1.0/extensions', { extension: '1001', password: 'correct horse battery' }],
    ['/v1.0/trunks', { domain_name: 'office' }],
    ['/v1.0/numbers', { number: '+493012345678' }],
  ]

  test.each(creations)('%s: create, read, list', async (path, body) => {
    const made = await api.ask('POST', path, { body })
    expect([made.status < 300, answerFits(made, path, 'post')]).toEqual([true, true])
    const read = await api.ask('GET', `${path}/${text(made, 'id')}`)
    expect([read.status, answerFits(read, `${path}/{id}`, 'get')]).toEqual([200, true])
    const list = await api.ask('GET', path)
    expect([list.status, answerFits(list, path, 'get')]).toEqual([200, true])
  })

  test('participant, own customer, who am I, log-in', async () => {
    const row = await addConferencecall(api.ledger, api.first.customerId, api.first.customerId)
    expect(
      answerFits(await api.ask('DELETE', `/v1.0/conferencecalls/${row.id}`), '/v1.0/conferencecalls/{id}', 'delete'),
    ).toBe(true)
    expect(answerFits(await api.ask('GET', '/v1.0/customer'), '/v1.0/customer', 'get')).toBe(true)
    expect(answerFits(await api.ask('GET', '/v1.0/me'), '/v1.0/me', 'get')).toBe(true)
    const body = { username: api.first.username, password: api.first.password }
    expect(answerFits(await api.ask('POST', '/auth/login', { body }), '/auth/login', 'post')).toBe(true)
  })

  test('errors', async () => {
    const missing = await api.ask('GET', `/v1.0/conferences/${api.first.customerId}`)
    expect([missing.status, answerFits(missing, '/v1.0/conferences/{id}', 'get')]).toEqual([404, true])
    const bad = await api.ask('POST', '/v1.0/conferences', { body: {} })
    expect([bad.status, answerFits(bad, '/v1.0/conferences', 'post')]).toEqual([400, true])
    expect(answerFits({ ...bad, json: { error: 'text' } }, '/v1.0/conferences', 'post')).toBe(false)
  })
})

describe('the page for people', () => {
  test('is served with all its parts from this server', async () => {
    expect((await api.ask('GET', '/', { key: '' })).headers['location']).toBe('/docs')
    const page = await api.ask('GET', '/docs', { key: '' })
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(parts.length).toBeGreaterThan(3)
    for (const part of parts) {
      expect(part).not.toMatch(/^(https?:)?\/\//)
      const url = new URL(part, 'http://localhost/docs').pathname
      expect([url, (await api.ask('GET', url, { key: '' })).status]).toEqual([url, 200])
    }
    expect(page.text).not.toMatch(/<script>[^<]/)
  })

  test('shows this document', async () => {
    const shown = await api.ask('GET', '/docs/json', { key: '' })
    expect(shown.json).toEqual(document)
  })
})
