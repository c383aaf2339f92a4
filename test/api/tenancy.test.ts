// Another customer's id looks like one that does not exist: on every route with an id, taken from the route data itself.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAccounts } from '../../src/account/accounts.ts'
import { nilUuid } from '../../src/base/ids.ts'
import { address } from '../../src/call/call-row.ts'
import { newGroupcallRow } from '../../src/call/groupcall-row.ts'
import { createMemoryLedger } from '../../src/event/memory-ledger.ts'
import { hasId, type Route } from '../../src/http/route.ts'
import { allRoutes } from '../../src/http/routes/all.ts'
import { newRecordingRow } from '../../src/recording/recording-row.ts'
import type { TableName } from '../../src/schema/rows.ts'
import { settle, VirtualClock } from '../virtual-clock.ts'
import { type Answer, type ApiUnderTest, items, startApi, text } from './api-under-test.ts'
import { addConferencecall, servicesUnderTest } from './services-under-test.ts'

const nobody = '0e7112d7-6ddc-47ea-bba5-223a3a55ff79'

function everyRoute(): Route[] {
  const clock = new VirtualClock()
  const ledger = createMemoryLedger({ clock })
  return allRoutes({
    accounts: createAccounts(ledger, clock),
    services: servicesUnderTest(ledger, clock),
    ready: () => true,
  })
}

const routes = everyRoute().filter((route) => route.access !== 'public')
const name = (route: Route): string => `${route.method} ${route.path}`
const withId = routes.filter(hasId)
/** Collections without an owner: for super admins only, who see all customers. */
const isOperators = (route: Route): boolean => route.access !== 'public' && route.access.bits === 1

let api: ApiUnderTest
/** A resource of the victim per collection, by the first two segments of the path. */
let victims: Map<string, string>
/** The victim's rows before anybody else asked for them. */
let before: unknown[]
/** Admin key of the other customer. */
let stranger: string

/** A customer with an agent that has every customer permission, by its token, and an access key. */
async function tenant(username: string): Promise<{ id: string; key: string }> {
  const admin = { token: await api.login() }
  const ask = (token: string, path: string, body: unknown) => api.ask('POST', path, { key: '', query: { token }, body })
  const id = text(await ask(admin.token, '/v1.0/customers', { name: username }), 'id')
  const delegated = text(
    await ask(admin.token, '/auth/delegate', { customer_id: id, reason: 'filling the matrix' }),
    'token',
  )
  return { id, key: text(await ask(delegated, '/v1.0/accesskeys', {}), 'token') }
}

const collections: Record<string, unknown> = {
  '/v1.0/agents': { username: 'victim', password: 'correct horse battery' },
  '/v1.0/accesskeys': {},
  '/v1.0/conferences': { type: 'conference' },
  '/v1.0/calls': { destinations: [{ target: 'a@b' }] },
  '/v1.0/flows': {},
  '/v1.0/activeflows': { actions: [] },
  '/v1.0/conversation_accounts': { type: 'line', secret: 's', token: 't' },
  '/v1.0/extensions': { extension: '1001', password: 'correct horse battery' },
  '/v1.0/trunks': { domain_name: 'victim' },
  '/v1.0/numbers': { number: '+493012345678' },
}

beforeAll(async () => {
  api = await startApi()
  const victim = await tenant('victim')
  stranger = (await tenant('stranger')).key
  victims = new Map([['/v1.0/customers', victim.id]])
  for (const [path, body] of Object.entries(collections)) {
    victims.set(path, text(await api.ask('POST', path, { key: victim.key, body }), 'id'))
  }
  const operator = { key: '', query: { token: await api.login() } }
  const hostname = 'sip.example.com'
  const provider = text(await api.ask('POST', '/v1.0/providers', { ...operator, body: { hostname } }), 'id')
  const route = { customer_id: victim.id, provider_id: provider, target: 'all' }
  victims.set('/v1.0/providers', provider)
  victims.set('/v1.0/routes', text(await api.ask('POST', '/v1.0/routes', { ...operator, body: route }), 'id'))
  const participant = await addConferencecall(api.ledger, victim.id, victims.get('/v1.0/conferences') ?? nilUuid)
  victims.set('/v1.0/conferencecalls', participant.id)
  for (const [path, id] of await addBareRows(victim.id)) victims.set(path, id)
  await settle()
  before = await victimRows()
})
afterAll(() => api.app.close())

/** Of those that only calls make. */
async function addBareRows(customerId: string): Promise<[path: string, id: string][]> {
  const at = api.ledger.timestamp()
  const none = { activeflowId: '', onEndFlowId: '', ownerType: '', ownerId: nilUuid }
  const recording = newRecordingRow({
    ...none,
    customerId,
    referenceType: 'call',
    referenceId: nilUuid,
    format: 'wav',
    at,
  })
  const groupcall = newGroupcallRow({
    customerId,
    flowId: nilUuid,
    source: address('sip', ''),
    destinations: [],
    masterCallId: nilUuid,
    masterGroupcallId: nilUuid,
    ringMethod: 'ring_all',
    answerMethod: '',
    variables: {},
    anonymous: '',
    at,
  })
  await api.ledger.commit([
    { insert: 'recording', row: recording },
    { insert: 'groupcall', row: { ...groupcall, status: 'hangup' } },
  ])
  return [
    ['/v1.0/recordings', recording.id],
    ['/v1.0/recordingfiles', recording.id],
    ['/v1.0/groupcalls', groupcall.id],
  ]
}

const tables: Record<string, TableName> = {
  '/v1.0/groupcalls': 'groupcall',
  '/v1.0/recordings': 'recording',
  '/v1.0/recordingfiles': 'recording',
  '/v1.0/agents': 'agent',
  '/v1.0/accesskeys': 'accesskey',
  '/v1.0/conferences': 'conference',
  '/v1.0/conferencecalls': 'conferencecall',
  '/v1.0/calls': 'call',
  '/v1.0/flows': 'flow',
  '/v1.0/activeflows': 'activeflow',
  '/v1.0/conversation_accounts': 'conversation_account',
  '/v1.0/customers': 'customer',
  '/v1.0/extensions': 'extension',
  '/v1.0/trunks': 'trunk',
  '/v1.0/numbers': 'number',
  '/v1.0/providers': 'provider',
  '/v1.0/routes': 'route',
}

async function victimRows(): Promise<unknown[]> {
  const rows: unknown[] = []
  for (const [path, id] of victims) {
    const table = tables[path]
    if (table) rows.push(await api.ledger.get(table, id))
  }
  return rows
}

const collectionOf = (route: Route): string => route.path.split('/').slice(0, 3).join('/')

function ask(route: Route, id: string, key: string): Promise<Answer> {
  const query: Record<string, string> = route.path.endsWith('/media_stream') ? { encapsulation: 'rtp' } : {}
  return api.ask(route.method, route.path.replace('{id}', id), {
    key,
    query,
    ...(route.body ? { body: route.example } : {}),
  })
}

test('the matrix has a resource for every collection with ids', () => {
  expect(withId.length).toBeGreaterThan(40)
  for (const route of withId) expect([name(route), victims.has(collectionOf(route))]).toEqual([name(route), true])
})

describe('with an id of another customer', () => {
  test.each(withId.filter((route) => !isOperators(route)).map((route) => [name(route), route] as const))(
    '%s answers as if there were none',
    async (_, route) => {
      const id = victims.get(collectionOf(route)) ?? ''
      const foreign = await ask(route, id, stranger)
      const missing = await ask(route, nobody, stranger)
      expect(foreign.status).toBe(404)
      const same = (answer: Answer, used: string): string =>
        JSON.stringify(answer.json).replaceAll(used, '…').replaceAll(String(answer.headers['x-request-id']), '…')
      expect(same(foreign, id)).toBe(same(missing, nobody))
    },
  )

  test.each(withId.filter(isOperators).map((route) => [name(route), route] as const))(
    '%s is refused',
    async (_, route) => {
      expect((await ask(route, victims.get(collectionOf(route)) ?? '', stranger)).status).toBe(403)
    },
  )

  test('nothing of the victim was changed or deleted by all this', async () => {
    expect(before).toHaveLength(victims.size)
    expect(await victimRows()).toEqual(before)
  })
})

test.each(
  routes.filter((route) => route.method === 'GET' && !hasId(route)).map((route) => [name(route), route] as const),
)('%s shows nothing of another customer', async (_, route) => {
  const answer = await ask(route, '', stranger)
  for (const id of victims.values()) expect(answer.text).not.toContain(id)
  if (answer.status === 200 && 'result' in answer.json)
    for (const item of items(answer)) expect(item['customer_id']).not.toBe(victims.get('/v1.0/customers'))
})

test.each(routes.map((route) => [name(route), route] as const))('%s needs a credential', async (_, route) => {
  expect((await ask(route, nobody, '')).status).toBe(401)
})
