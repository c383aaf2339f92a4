import { expect, test } from 'vitest'
import { closingChanges } from './closing.ts'
import { eventTypes, openRouting, password } from './routing.fixture.ts'

test('the numbers and names of a deleted customer are free again', async () => {
  const { ledger, first, customer, extensions, trunks, numbers, providers, routes } = await openRouting()
  const closing = await customer()
  const number = { number: '+4930123456' }
  const trunk = { domain_name: 'office' }
  const kept = await numbers.create(first, { number: '+4930123457' })
  const extension = await extensions.create(closing, { extension: '1001', password })
  const made = [extension.id, (await trunks.create(closing, trunk)).id, (await numbers.create(closing, number)).id]
  const { id: provider_id } = await providers.create({ hostname: '192.0.2.1' })
  await routes.create({ customer_id: closing, provider_id, target: 'all' })
  await ledger.commit(await closingChanges(ledger, closing, ledger.timestamp()))
  expect((await Promise.all(made.map((id) => eventTypes(ledger, id)))).map((types) => types.at(-1))).toEqual([
    'extension_deleted',
    'trunk_deleted',
    'number_deleted',
  ])
  expect(JSON.stringify(await ledger.events(0, 1000))).not.toContain('sealed')
  expect([await routes.list('', { limit: 9 }), await numbers.list(closing, { limit: 9 })]).toEqual([[], []])
  expect(await ledger.find('direct', { where: { hash: extension.direct_hash } })).toEqual([])
  expect((await numbers.get(first, kept.id)).status).toBe('active')
  await numbers.create(first, number)
  await trunks.create(first, trunk)
})
