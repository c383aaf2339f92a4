import { beforeEach, expect, test } from 'vitest'
import { OperationalError, UserError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import type { OutboundRoutes } from '../call/ports.ts'
import { createCallerNumbers } from './caller-numbers.ts'
import { createOutboundRoutes } from './outbound-routes.ts'
import { openRouting } from './routing.fixture.ts'

type House = Awaited<ReturnType<typeof openRouting>>

let house: House
let customer: string
let outbound: OutboundRoutes

beforeEach(async () => {
  house = await openRouting()
  customer = await house.customer()
  outbound = createOutboundRoutes({
    ledger: house.ledger,
    log: silentLog,
    resolve: async (host) => {
      if (host === 'gone.example') throw new Error('no such name')
      return /^\d/.test(host) ? [host] : ['203.0.113.5', '203.0.113.6']
    },
  })
})

const provider = async (hostname: string): Promise<string> => (await house.providers.create({ hostname })).id
const hosts = async (number: string, customerId = customer): Promise<string[]> =>
  (await outbound.waysTo(customerId, number, 'field')).map(({ requestUri }) => requestUri.split('@')[1] ?? '')
const route = (providerId: string, target: string, more: { customer_id?: string; priority?: number } = {}) =>
  house.routes.create({ provider_id: providerId, target, customer_id: customer, ...more })

test('routes to the country come first, then routes to everywhere, then those of the first customer', async () => {
  const ids = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => provider(`${name}.example`)))
  const [a = '', b = '', c = '', d = '', e = '', f = '', g = ''] = ids
  await route(f, 'all', { customer_id: house.first })
  await route(e, '+49', { customer_id: house.first, priority: 9 })
  await route(d, 'all', { priority: 0 })
  await route(c, '+49', { priority: 2 })
  await route(b, '+49', { priority: 1 })
  await route(a, '+4930', { priority: 5 })
  await route(g, '+1', { priority: 0 })
  expect(await hosts('+4930123456')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.example`))
  expect(await hosts('+4940123456')).toEqual(['b', 'c', 'd', 'e', 'f'].map((name) => `${name}.example`))
  expect(await hosts('+4930123456', house.first)).toEqual(['e.example', 'f.example'])
})

test('a provider is tried once, a sick one last, a deleted one never', async () => {
  const [a, b, gone] = [await provider('a.example'), await provider('b.example'), await provider('c.example')]
  for (const [id, target] of [
    [gone, '+49'],
    [a, '+49'],
    [b, '+49'],
    [a, 'all'],
  ] as const)
    await route(id, target)
  await house.providers.remove(gone)
  expect(await hosts('+4930123456')).toEqual(['a.example', 'b.example'])
  await house.ledger.commit([{ update: 'provider', id: a, set: { health_status: 'unhealthy' } }])
  expect(await hosts('+4930123456')).toEqual(['b.example', 'a.example'])
})

test('a call goes to the host of the provider with its prefix, postfix and headers', async () => {
  const made = await house.providers.create({
    hostname: 'Carrier.example:5070;transport=tls',
    tech_prefix: '99#',
    tech_postfix: ';tag',
    tech_headers: { 'X-Account': '7' },
  })
  await route(made.id, 'all')
  expect(await outbound.waysTo(customer, '+49 30 123456', 'field')).toEqual([
    {
      requestUri: 'sip:99#+4930123456;tag@Carrier.example:5070;transport=tls',
      destination: {
        transport: 'TLS',
        remoteAddress: '203.0.113.5',
        remotePort: 5070,
        remoteName: 'carrier.example',
      },
      headers: [{ name: 'X-Account', value: '7' }],
    },
  ])
})

test('a provider whose host does not resolve is passed over; when none resolves, it is not the caller who is wrong', async () => {
  await route(await provider('gone.example'), '+49')
  await expect(outbound.waysTo(customer, '+4930123456', 'field')).rejects.toThrow(OperationalError)
  await route(await provider('192.0.2.9'), 'all')
  expect(await outbound.waysTo(customer, '+4930123456', 'field')).toEqual([
    {
      requestUri: 'sip:+4930123456@192.0.2.9',
      destination: { transport: 'UDP', remoteAddress: '192.0.2.9', remotePort: 5060 },
    },
  ])
})

test.each([
  ['+4930123456', 'DESTINATION_NOT_ALLOWED', 'no route leads there'],
  ['030123456', 'INVALID_ARGUMENT', 'is not a telephone number'],
  ['+899123456789', 'INVALID_ARGUMENT', 'virtual number'],
])('without a way to %s the error names the field', async (number, code, message) => {
  const failed = await outbound.waysTo(customer, number, 'destinations[0].target').catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(UserError)
  expect(failed).toMatchObject({ code, details: [{ field: 'destinations[0].target' }] })
  expect(String(failed)).toMatch(`destinations[0].target "${number}"`)
  expect(String(failed)).toMatch(message)
})

test('a call shows a number of its own customer', async () => {
  const callers = createCallerNumbers({ ledger: house.ledger })
  expect(await callers.numberFor(customer, '+15550100')).toBe('')
  await house.numbers.create(customer, { number: '+899123456789' })
  expect(await callers.numberFor(customer, '+899123456789')).toBe('')
  for (const number of ['+15550101', '+15550102']) await house.numbers.create(customer, { number })
  await house.numbers.create(house.first, { number: '+15550103' })
  expect(await callers.numberFor(customer, '+1 555 0102')).toBe('+15550102')
  expect(await callers.numberFor(customer, '+15550103')).toBe('+15550101')
  expect(await callers.numberFor(customer, 'alice@example.com')).toBe('+15550101')
})
