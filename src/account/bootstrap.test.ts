import { expect, test } from 'vitest'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import { createAccounts } from './accounts.ts'
import { bootstrapAccounts } from './bootstrap.ts'

const clock = { wallMicros: () => Date.UTC(2026, 0, 1) * 1000 }

test('the first start makes a customer, an agent and an access key that work; later starts make nothing', async () => {
  const ledger = createMemoryLedger()
  const first = await bootstrapAccounts(ledger)
  expect(first).toMatchObject({ created: true, username: 'admin@localhost' })
  expect(first.password).toMatch(/^[A-Za-z0-9]{20}$/)
  expect(first.accesskey).toMatch(/^vb_[A-Za-z0-9]{32}$/)
  const again = await bootstrapAccounts(ledger, { password: 'ignored now' })
  expect(again).toEqual({ created: false, customerId: first.customerId, username: 'admin@localhost' })
  for (const table of ['customer', 'agent', 'accesskey'] as const) expect(await ledger.find(table, {})).toHaveLength(1)
  const { login, authenticator } = createAccounts(ledger, clock)
  const { token } = await login.login(first.username, first.password ?? '')
  expect(await authenticator.authenticate({ kind: 'token', value: token })).toMatchObject({ permission: 65535 })
  const byKey = await authenticator.authenticate({ kind: 'accesskey', value: first.accesskey ?? '' })
  expect(byKey).toMatchObject({ kind: 'accesskey', permission: 32, customerId: first.customerId })
})

test('given values are taken', async () => {
  const ledger = createMemoryLedger()
  const accesskey = `vb_${'k'.repeat(32)}`
  expect(await bootstrapAccounts(ledger, { password: 'my password', accesskey })).toMatchObject({
    password: 'my password',
    accesskey,
  })
  const [row] = await ledger.find('accesskey', {})
  expect(row).toMatchObject({ token_prefix: 'vb_kkkkkkkk', tm_expire: '9999-01-01 00:00:00.000000' })
})

test('tokens outlive a restart, since their key is in the ledger', async () => {
  const ledger = createMemoryLedger()
  const { username, password = '' } = await bootstrapAccounts(ledger)
  const { token } = await createAccounts(ledger, clock).login.login(username, password)
  const restarted = createAccounts(ledger, clock).authenticator
  expect((await restarted.authenticate({ kind: 'token', value: token })).kind).toBe('agent')
})
