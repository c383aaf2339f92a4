import { beforeEach, describe, expect, test } from 'vitest'
import { newAgentRow } from '../account/agent-view.ts'
import { newDirectHash, newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { InboundRoute, InboundRoutes } from '../call/ports.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { ConferenceRow, FlowRow } from '../schema/rows.ts'
import { insertDirect } from './directs.ts'
import { baseDomain, createInboundRoutes } from './inbound-routes.ts'
import type { CallerIdentity } from './ports.ts'
import {
  addCustomer,
  addExtension,
  base,
  extensionRow,
  openRegistrar,
  requestOf,
  udp,
  withDigest,
} from './registrations.fixture.ts'
import { flowFrom, invite, openRouting, password } from './routing.fixture.ts'

type House = Awaited<ReturnType<typeof openRouting>>

let house: House
let customer: string
let inbound: InboundRoutes
/** Who the next caller turns out to be. */
let caller: CallerIdentity
let asked: number

beforeEach(async () => {
  house = await openRouting()
  customer = await house.customer()
  caller = { kind: 'anonymous' }
  asked = 0
  inbound = createInboundRoutes({
    ledger: house.ledger,
    baseDomain: 'example.com',
    authenticate: async () => {
      asked += 1
      return caller
    },
    isProvider: (address) => address === '203.0.113.5',
  })
})

const from = (uri: string, headers?: Record<string, string>, address = '192.0.2.1'): Promise<InboundRoute> =>
  inbound.route({ request: invite(uri, headers), flow: flowFrom(address) })
const refusal = (status: number, guess = false) => ({ ok: false, status, guess })
const connect = (type: string, target: string) => [
  {
    type: 'connect',
    option: { destinations: [expect.objectContaining({ type, target })], early_media: true, relay_reason: true },
  },
]
const join = (id: string) => [
  { type: 'answer', option: {} },
  { type: 'conference_join', option: { conference_id: id } },
]

async function conference(customerId = customer): Promise<ConferenceRow> {
  const row: ConferenceRow = {
    id: newUuid(),
    customer_id: customerId,
    type: 'conference',
    status: 'progressing',
    name: '',
    detail: '',
    data: {},
    timeout: 0,
    pre_flow_id: nilUuid,
    post_flow_id: nilUuid,
    conferencecall_ids: [],
    recording_id: nilUuid,
    recording_ids: [],
    transcribe_id: nilUuid,
    transcribe_ids: [],
    direct_hash: newDirectHash(),
    tm_end: '',
    tm_timeout: '',
    tm_create: house.ledger.timestamp(),
    tm_update: '',
    tm_delete: notDeleted,
  }
  const owner = { customer_id: customerId, resource_type: 'conference', resource_id: row.id } as const
  await house.ledger.commit([{ insert: 'conference', row }, insertDirect(house.ledger, owner, row.direct_hash)])
  return row
}

async function flow(customerId = customer): Promise<FlowRow> {
  const row: FlowRow = {
    id: newUuid(),
    customer_id: customerId,
    type: 'flow',
    name: '',
    detail: '',
    actions: [],
    direct_hash: newDirectHash(),
    on_complete_flow_id: nilUuid,
    persistent: true,
    tm_create: house.ledger.timestamp(),
    tm_update: '',
    tm_delete: notDeleted,
  }
  const owner = { customer_id: customerId, resource_type: 'flow', resource_id: row.id } as const
  await house.ledger.commit([{ insert: 'flow', row }, insertDirect(house.ledger, owner, row.direct_hash)])
  return row
}

async function agent(customerId = customer) {
  const row = { ...newAgentRow(customerId, 'ada', house.ledger.timestamp()), direct_hash: newDirectHash() }
  const owner = { customer_id: customerId, resource_type: 'agent', resource_id: row.id } as const
  await house.ledger.commit([{ insert: 'agent', row }, insertDirect(house.ledger, owner, row.direct_hash)])
  return row
}

/** From now on the caller is this extension. */
async function asExtension(extension = '1001') {
  const { id } = await house.extensions.create(customer, { extension, password, name: 'desk' })
  const row = await house.ledger.get('extension', id)
  if (row === undefined) throw new Error('no extension')
  caller = { kind: 'extension', customerId: customer, extension: row }
  return row
}

async function asTrunk(domainName = 'office') {
  const { id } = await house.trunks.create(customer, { domain_name: domainName, allowed_ips: ['192.0.2.1'] })
  const row = await house.ledger.get('trunk', id)
  if (row === undefined) throw new Error('no trunk')
  caller = { kind: 'trunk', trunk: row }
  return row
}

describe('a direct hash, by any host that reaches the server and in any case', () => {
  test.each(['sip.example.com', '198.51.100.7:5060', 'DIRECT.example.org', 'x.registrar.example.com'])(
    'leads to its conference by %s',
    async (host) => {
      const { id, direct_hash: hash } = await conference()
      expect(await from(`sip:direct.${hash.toUpperCase()}@${host}`)).toEqual({
        ok: true,
        customerId: customer,
        flowId: '',
        actions: join(id),
        conferenceId: id,
        source: { type: 'sip', target: 'alice@192.0.2.1', target_name: 'Alice', name: '', detail: '' },
        destination: expect.objectContaining({ type: 'sip', target: `direct.${hash.toUpperCase()}@${host}` }),
      })
      expect(asked).toBe(0)
    },
  )

  test('leads to flow, extension and agent', async () => {
    const { id, direct_hash: hash } = await flow()
    expect(await from(`sip:direct.${hash}@sip.example.com`)).toMatchObject({ ok: true, flowId: id, actions: [] })
    const extension = await house.extensions.create(customer, { extension: '1001', password })
    expect(await from(`sip:direct.${extension.direct_hash}@h`)).toMatchObject({ actions: connect('extension', '1001') })
    const ada = await agent()
    expect(await from(`sip:direct.${ada.direct_hash}@h`)).toMatchObject({ actions: connect('agent', ada.id) })
  })

  test('that is wrong or was replaced is a guess', async () => {
    const extension = await house.extensions.create(customer, { extension: '1001', password })
    await house.extensions.regenerateHash(customer, extension.id)
    for (const hash of [extension.direct_hash, '000000000000', 'xyz', ''])
      expect(await from(`sip:direct.${hash}@sip.example.com`)).toMatchObject(refusal(404, true))
  })

  test('of a customer that is shut out leads nowhere', async () => {
    const { direct_hash: hash } = await conference()
    for (const [status, ok] of [
      ['frozen', false],
      ['deleted', false],
      ['initial', true],
    ] as const) {
      await house.ledger.commit([{ update: 'customer', id: customer, set: { status } }])
      expect(await from(`sip:direct.${hash}@h`)).toMatchObject(ok ? { ok } : refusal(403))
    }
  })
})

describe('conference.<base>', () => {
  test('joins the conference in the user part', async () => {
    const { id } = await conference()
    expect(await from(`sip:${id.toUpperCase()}@CONFERENCE.example.com`)).toMatchObject({
      ok: true,
      customerId: customer,
      actions: join(id),
      conferenceId: id,
    })
  })

  test('knows neither ended nor unknown ones', async () => {
    const { id } = await conference()
    await house.ledger.commit([{ update: 'conference', id, set: { tm_delete: house.ledger.timestamp() } }])
    for (const user of [id, newUuid(), 'room'])
      expect(await from(`sip:${user}@conference.example.com`)).toMatchObject(refusal(404, true))
  })
})

describe('a number', () => {
  test.each(['pstn.example.com', 'sip.example.com', '198.51.100.7'])('runs its flow by %s', async (host) => {
    const { id } = await flow()
    await house.numbers.create(customer, { number: '+4930123456', call_flow_id: id, name: 'hotline' })
    for (const user of ['+4930123456', '4930123456', '+49-30-123456;npdi'])
      expect(await from(`sip:${user}@${host}`, { From: '<sip:+4940777@c>' })).toEqual({
        ok: true,
        customerId: customer,
        flowId: id,
        actions: [],
        source: expect.objectContaining({ type: 'tel', target: '+4940777' }),
        destination: expect.objectContaining({ type: 'tel', target: '+4930123456', target_name: 'hotline' }),
      })
    expect(asked).toBe(0)
  })

  test('without a flow takes the call and ends it at once', async () => {
    await house.numbers.create(customer, { number: '+4930123456' })
    expect(await from('sip:+4930123456@pstn.example.com')).toMatchObject({ ok: true, flowId: '', actions: [] })
  })

  test('whose flow was deleted takes no calls', async () => {
    const { id } = await flow()
    await house.numbers.create(customer, { number: '+4930123456', call_flow_id: id })
    await house.ledger.commit([{ update: 'flow', id, set: { tm_delete: house.ledger.timestamp() } }])
    expect(await from('sip:+4930123456@pstn.example.com')).toMatchObject(refusal(480))
  })

  test('that nobody has is a guess, unless a provider delivers it', async () => {
    for (const host of ['pstn.example.com', 'sip.example.com', '198.51.100.7']) {
      expect(await from(`sip:+4930999999@${host}`)).toMatchObject(refusal(404, true))
      expect(await from(`sip:+4930999999@${host}`, {}, '203.0.113.5')).toMatchObject(refusal(404, false))
    }
    expect(await from('sip:alice@198.51.100.7')).toMatchObject(refusal(404, false))
  })

  test('shows the asserted identity of a provider, and of nobody else', async () => {
    await house.numbers.create(customer, { number: '+4930123456' })
    const headers = { 'P-Asserted-Identity': '"Bob" <tel:+15550100>' }
    const source = async (address: string, more: Record<string, string> = {}) => {
      const route = await from('sip:+4930123456@pstn.example.com', { ...headers, ...more }, address)
      return route.ok ? route.source : undefined
    }
    expect(await source('203.0.113.5')).toMatchObject({ type: 'tel', target: '+15550100', target_name: 'Bob' })
    expect(await source('192.0.2.1')).toMatchObject({ type: 'sip', target: 'alice@192.0.2.1' })
    expect(await source('203.0.113.5', { Privacy: 'id' })).toMatchObject({ type: 'sip', target: 'alice@192.0.2.1' })
  })
})

describe('a registered phone', () => {
  const host = () => `${customer}.registrar.example.com`

  test.each([
    ['+49 30 123456', 'tel', '+4930123456'],
    ['tel:+4930123456', 'tel', '+4930123456'],
    ['004930123456', 'tel', '+4930123456'],
    ['line:U123', 'line', 'U123'],
    ['sip%3Abob%40example.org', 'sip', 'bob@example.org'],
    ['1002', 'extension', '1002'],
    ['extension:1002', 'extension', '1002'],
  ])('that dials %s is connected to %s %s', async (user, type, target) => {
    await asExtension()
    await house.extensions.create(customer, { extension: '1002', password })
    const uri = `sip:${user.replaceAll(' ', '')}@${host()}`
    expect(await from(uri)).toMatchObject({
      ok: true,
      customerId: customer,
      actions: connect(type, target),
      source: { type: 'extension', target: '1001', target_name: 'desk' },
      destination: { type, target },
    })
  })

  test('reaches agents and conferences of its own customer only', async () => {
    await asExtension()
    const [ada, room] = [await agent(), await conference()]
    expect(await from(`sip:agent:${ada.id}@${host()}`)).toMatchObject({ ok: true, actions: connect('agent', ada.id) })
    expect(await from(`sip:conference:${room.id}@${host()}`)).toMatchObject({ ok: true, actions: join(room.id) })
    const foreign = await conference(house.first)
    const [spy] = await house.ledger.find('agent', { where: { customer_id: house.first } })
    for (const user of [`conference:${foreign.id}`, `agent:${spy?.id}`, 'agent:x', '1999', 'tel:12'])
      expect(await from(`sip:${user}@${host()}`)).toMatchObject(refusal(404))
  })

  test('reaches virtual numbers of anybody, without a carrier', async () => {
    await asExtension()
    const { id } = await flow(house.first)
    await house.numbers.create(house.first, { number: '+899123456789', call_flow_id: id })
    expect(await from(`sip:+899123456789@${host()}`)).toMatchObject({
      ok: true,
      customerId: house.first,
      flowId: id,
      source: { type: 'extension', target: '1001' },
    })
    expect(await from(`sip:+899123456780@${host()}`)).toMatchObject(refusal(404))
  })

  test('may call by another host, but not by the domain of another customer or of a trunk', async () => {
    await asExtension()
    await house.extensions.create(customer, { extension: '1002', password })
    expect(await from('sip:1002@198.51.100.7')).toMatchObject({ ok: true, actions: connect('extension', '1002') })
    for (const domain of [`${house.first}.registrar.example.com`, 'office.trunk.example.com'])
      expect(await from(`sip:1002@${domain}`)).toMatchObject(refusal(403))
  })

  test('of a customer that is shut out calls nobody', async () => {
    await asExtension()
    await house.ledger.commit([{ update: 'customer', id: customer, set: { status: 'frozen' } }])
    expect(await from(`sip:+4930123456@${host()}`)).toMatchObject(refusal(403))
  })
})

describe('a trunk', () => {
  test('dials telephone numbers, as whom it asserts', async () => {
    await asTrunk()
    const headers = { 'P-Asserted-Identity': '<sip:+4930777@office>' }
    expect(await from('sip:004940123456@OFFICE.trunk.example.com', headers)).toMatchObject({
      ok: true,
      customerId: customer,
      actions: connect('tel', '+4940123456'),
      source: { type: 'tel', target: '+4930777' },
      destination: { type: 'tel', target: '+4940123456' },
    })
  })

  test('shows a number that its customer owns, the asserted one if it is', async () => {
    await asTrunk()
    for (const number of ['+4930111', '+4930222']) await house.numbers.create(customer, { number })
    await house.numbers.create(house.first, { number: '+4930777' })
    for (const [asserted, target] of [
      ['+4930222', '+4930222'],
      ['+4930777', '+4930111'],
    ]) {
      const headers = { 'P-Asserted-Identity': `<sip:${asserted}@office>` }
      expect(await from('sip:+4940123456@office.trunk.example.com', headers)).toMatchObject({
        source: { type: 'tel', target: asserted },
        actions: [{ type: 'connect', option: { source: { type: 'tel', target } } }],
      })
    }
  })

  test('dials nothing else, and by no other domain', async () => {
    await asTrunk()
    for (const user of ['1001', 'alice', '4940123456'])
      expect(await from(`sip:${user}@office.trunk.example.com`)).toMatchObject(refusal(404))
    for (const host of ['home.trunk.example.com', `${customer}.registrar.example.com`])
      expect(await from(`sip:+4940123456@${host}`)).toMatchObject(refusal(403))
  })
})

describe('a caller who does not show who it is', () => {
  test.each(['x.registrar.example.com', 'office.trunk.example.com'])('is refused by %s', async (host) => {
    expect(await from(`sip:+4930123456@${host}`)).toMatchObject(refusal(403))
  })

  test('is challenged, or told to stay away, as authentication says', async () => {
    const headers = [{ name: 'WWW-Authenticate', value: 'Digest realm="x"' }]
    caller = { kind: 'challenge', status: 401, headers }
    expect(await from('sip:1002@x.registrar.example.com')).toMatchObject({ ...refusal(401), headers })
    caller = { kind: 'refuse', status: 503, reason: 'too many', headers: [{ name: 'Retry-After', value: '9' }] }
    expect(await from('sip:1002@x.registrar.example.com')).toEqual({
      ...refusal(503),
      reason: 'too many',
      headers: [{ name: 'Retry-After', value: '9' }],
    })
  })

  test.each(['tel:+4930123456', 'urn:service:sos', 'sip:%00@h', 'nonsense'])(
    'and dials %s is answered 404',
    async (uri) => {
      expect(await from(uri)).toMatchObject({ ok: false, status: 404 })
    },
  )
})

test('a phone proves by digest that it may dial, and then reaches its neighbour', async () => {
  const ledger = createMemoryLedger()
  const customerId = await addCustomer(ledger, 1)
  for (const extension of ['1001', '1002']) await addExtension(ledger, extensionRow(ledger, customerId, { extension }))
  const { registrations } = await openRegistrar(ledger)
  const routes = createInboundRoutes({
    ledger,
    baseDomain: base,
    authenticate: (incoming) => registrations.authenticateInvite(incoming),
    isProvider: () => false,
  })
  const host = `${customerId}.registrar.${base}`
  const request = requestOf({ method: 'INVITE', uri: `sip:1002@${host}`, from: `sip:1001@${host}` })
  const asked = await routes.route({ request, flow: udp() })
  expect(asked).toMatchObject(refusal(401))
  const headers = asked.ok ? [] : (asked.headers ?? [])
  expect(await routes.route({ request: withDigest(request, headers), flow: udp() })).toMatchObject({
    ok: true,
    customerId,
    actions: connect('extension', '1002'),
    source: { type: 'extension', target: '1001' },
  })
})

test('the base domain is what follows sip.', () => {
  expect(['sip.voipbin.net', 'SIP.localhost', 'pbx.example.com', 'sip.'].map(baseDomain)).toEqual([
    'voipbin.net',
    'localhost',
    'pbx.example.com',
    'sip.',
  ])
})
