// Conversation accounts and the LINE set-up, against a LINE that records what it is told.
import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import type { StoredEvent } from '../event/ledger.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import { createConversationAccounts } from './accounts.ts'

const secret = 'channel-secret-1'
const token = 'channel-token-1'
const line = { type: 'line', name: 'bot', secret, token }

async function createWorld() {
  const ledger = createMemoryLedger()
  const registered: string[] = []
  const world = { refusal: undefined as Error | undefined }
  const logged: unknown[] = []
  const write = (...entry: unknown[]): void => void logged.push(entry)
  const log: Log = { debug: write, info: write, warn: write, error: write }
  const accounts = createConversationAccounts({
    ledger,
    log,
    publicUrl: 'https://party.example',
    seal: {
      seal: (text) => `sealed:${Buffer.from(text).toString('base64')}`,
      open: (text) => Buffer.from(text.slice(7), 'base64').toString(),
    },
    line: {
      setEndpoint: async (channelToken, url) => {
        if (world.refusal) throw world.refusal
        registered.push(`${channelToken} ${url}`)
      },
    },
  })
  const events: StoredEvent[] = []
  ledger.subscribe((event) => events.push(event))
  const customerId = newUuid()
  await ledger.commit([
    {
      insert: 'customer',
      row: {
        id: customerId,
        name: 'c',
        detail: '',
        email: '',
        phone_number: '',
        address: '',
        webhook_method: '',
        webhook_uri: '',
        billing_account_id: nilUuid,
        metadata: { rtp_debug: false },
        email_verified: true,
        status: 'active',
        identity_verification_status: '',
        tm_deletion_scheduled: '',
        account_number: 1,
        webhook_secret: 'hook-secret',
        line_secret_sealed: '',
        line_token_sealed: '',
        tm_create: ledger.timestamp(),
        tm_update: '',
        tm_delete: notDeleted,
      },
    },
  ])
  return { accounts, ledger, registered, world, events, customerId, logged }
}

const hook = (id: string): string => `https://party.example/v1.0/conversation/accounts/${id}`

describe('accounts', () => {
  it('registers the hook at LINE, stores sealed secrets and shows none', async () => {
    const { accounts, ledger, registered, events, customerId } = await createWorld()
    const account = await accounts.create(customerId, line)
    expect(account).toEqual({
      id: expect.any(String),
      customer_id: customerId,
      type: 'line',
      name: 'bot',
      detail: '',
      provider_data: '',
      message_flow_id: nilUuid,
      tm_create: expect.any(String),
      tm_update: '',
      tm_delete: notDeleted,
    })
    expect(registered).toEqual([`${token} ${hook(account.id)}`])
    expect(events.map(({ type, data }) => [type, data])).toEqual([['account_created', account]])
    const row = await ledger.get('conversation_account', account.id)
    expect(row?.token_sealed).toMatch(/^sealed:/)
    expect(JSON.stringify(row)).not.toContain(token)
    expect(await accounts.get(customerId, account.id)).toEqual(account)
    expect(await accounts.list(customerId, { limit: 10 })).toEqual([account])
  })

  it('stores nothing when LINE refuses', async () => {
    const { accounts, customerId, world, events } = await createWorld()
    world.refusal = new UserError('LINE_REFUSED', 'no')
    await expect(accounts.create(customerId, line)).rejects.toMatchObject({ code: 'LINE_REFUSED' })
    expect(await accounts.list(customerId, { limit: 10 })).toEqual([])
    expect(events).toEqual([])
  })

  it('does not bother LINE for other types', async () => {
    const { accounts, customerId, registered } = await createWorld()
    const { id } = await accounts.create(customerId, { type: 'sms' })
    await accounts.update(customerId, id, { token: 'x' })
    await accounts.remove(customerId, id)
    expect(registered).toEqual([])
  })

  it.each([
    [{}, /^type must be one of line, sms, whatsapp/],
    [{ type: 'fax' }, /^type/],
    [{ type: 'line', secret }, /^token is missing/],
    [{ type: 'line', token }, /^secret is missing/],
    [{ type: 'line', secret, token: `${token}\n` }, /^token must be/],
    [{ ...line, message_flow_id: 'x' }, /^message_flow_id/],
  ])('refuses %j', async (input, message) => {
    const { accounts, customerId } = await createWorld()
    await expect(accounts.create(customerId, input)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(accounts.create(customerId, input)).rejects.toThrow(message)
  })

  it('changes only what a patch names and registers a new token only', async () => {
    const { accounts, customerId, registered, events, world, ledger } = await createWorld()
    const account = await accounts.create(customerId, line)
    const renamed = await accounts.update(customerId, account.id, { name: 'other', token, secret: '' })
    expect(renamed).toEqual({ ...account, name: 'other', tm_update: renamed.tm_update })
    expect(registered).toHaveLength(1)
    await accounts.update(customerId, account.id, { token: 'token-2' })
    expect(registered[1]).toBe(`token-2 ${hook(account.id)}`)
    expect(events.map(({ type }) => type)).toEqual(['account_created', 'account_updated', 'account_updated'])

    const before = await ledger.get('conversation_account', account.id)
    world.refusal = new UserError('LINE_REFUSED', 'no')
    await expect(accounts.update(customerId, account.id, { token: 'token-3', name: 'z' })).rejects.toThrow('no')
    expect(await ledger.get('conversation_account', account.id)).toEqual(before)
  })

  it('is removed also when LINE keeps the hook, and no secret is logged', async () => {
    const { accounts, customerId, registered, world, events, logged } = await createWorld()
    const first = await accounts.create(customerId, line)
    await accounts.remove(customerId, first.id)
    expect(registered.at(-1)).toBe(`${token} `)
    const second = await accounts.create(customerId, line)
    world.refusal = new UserError('LINE_REFUSED', 'LINE refused with 400: invalid endpoint')
    expect((await accounts.remove(customerId, second.id)).tm_delete).not.toBe(notDeleted)
    expect(events.at(-1)?.type).toBe('account_deleted')
    expect(logged).toHaveLength(1)
    expect(JSON.stringify([logged, events])).not.toMatch(/channel-(token|secret)/)
    for (const attempt of [accounts.get, accounts.remove]) {
      await expect(attempt.call(accounts, customerId, second.id)).rejects.toMatchObject({
        code: 'CONVERSATION_ACCOUNT_NOT_FOUND',
      })
    }
  })

  it('is hidden from other customers', async () => {
    const { accounts, customerId } = await createWorld()
    const { id } = await accounts.create(customerId, line)
    const stranger = newUuid()
    const attempts = [
      accounts.get(stranger, id),
      accounts.update(stranger, id, { name: 'x' }),
      accounts.remove(stranger, id),
      accounts.setup(stranger, { reference_type: 'line', account_id: id }),
    ]
    for (const attempt of attempts)
      await expect(attempt).rejects.toMatchObject({ code: 'CONVERSATION_ACCOUNT_NOT_FOUND' })
    expect(await accounts.list(stranger, { limit: 10 })).toEqual([])
  })
})

describe('set-up of a channel', () => {
  const setup = { reference_type: 'line' }

  it('registers the newest LINE account', async () => {
    const { accounts, customerId, registered } = await createWorld()
    await accounts.create(customerId, line)
    const newest = await accounts.create(customerId, { ...line, token: 'token-2' })
    await accounts.create(customerId, { type: 'sms' })
    expect(await accounts.setup(customerId, setup)).toEqual({
      ...newest,
      reference_type: 'line',
      endpoint: hook(newest.id),
    })
    expect(registered.at(-1)).toBe(`token-2 ${hook(newest.id)}`)
  })

  it('registers the account that is named, with new credentials when they are given', async () => {
    const { accounts, customerId, registered } = await createWorld()
    const older = await accounts.create(customerId, line)
    await accounts.create(customerId, { ...line, token: 'token-2' })
    await accounts.setup(customerId, { ...setup, account_id: older.id })
    expect(registered.at(-1)).toBe(`${token} ${hook(older.id)}`)
    await accounts.setup(customerId, { ...setup, account_id: older.id, token: 'token-3' })
    expect(registered.at(-1)).toBe(`token-3 ${hook(older.id)}`)
    const { id } = await accounts.create(customerId, { type: 'sms' })
    await expect(accounts.setup(customerId, { ...setup, account_id: id })).rejects.toThrow(/of type sms/)
  })

  it('makes an account of credentials in the body, once', async () => {
    const { accounts, customerId } = await createWorld()
    const first = await accounts.setup(customerId, { ...setup, secret, token })
    const again = await accounts.setup(customerId, { ...setup, secret: 'secret-2', token })
    expect(again.id).toBe(first.id)
    expect(await accounts.list(customerId, { limit: 10 })).toHaveLength(1)
    await expect(accounts.setup(customerId, { ...setup, token: 'only' })).rejects.toThrow(/^secret is missing/)
  })

  it('falls back to the credentials of the customer', async () => {
    const { accounts, customerId, registered, ledger } = await createWorld()
    const customer = await accounts.setLineInfo(customerId, { line_secret: secret, line_token: token })
    expect(customer).toMatchObject({ id: customerId, name: 'c' })
    expect(Object.keys(customer).filter((key) => /line|secret|account_number/.test(key))).toEqual([])
    expect(JSON.stringify(await ledger.get('customer', customerId))).not.toMatch(/channel-(token|secret)/)
    const url = `https://party.example/v1.0/conversation/customers/${customerId}/line`
    expect(await accounts.setup(customerId, setup)).toEqual({
      reference_type: 'line',
      customer_id: customerId,
      endpoint: url,
    })
    expect(registered).toEqual([`${token} ${url}`])
  })

  it('says what to create when nothing is configured', async () => {
    const { accounts, customerId } = await createWorld()
    await expect(accounts.setup(customerId, setup)).rejects.toMatchObject({
      code: 'LINE_NOT_CONFIGURED',
      message: expect.stringContaining('POST /v1.0/conversation_accounts'),
    })
  })

  it('has nothing to do for messages and refuses other words', async () => {
    const { accounts, customerId, registered } = await createWorld()
    expect(await accounts.setup(customerId, { reference_type: 'message' })).toEqual({ reference_type: 'message' })
    for (const reference_type of [undefined, '', 'fax', 5]) {
      await expect(accounts.setup(customerId, { reference_type })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'reference_type must be "line" or "message"',
      })
    }
    expect(registered).toEqual([])
  })
})
