// Who is believed to be an extension or a trunk when an INVITE comes, by host name, digest and source address.
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { TrunkRow } from '../schema/rows.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { InviteIdentity } from './authentication.ts'
import { eventChange } from './commit.ts'
import {
  addCustomer,
  addExtension,
  base,
  extensionRow,
  openRegistrar,
  type RequestParts,
  requestOf,
  trunkRow,
  udp,
  withDigest,
} from './registrations.fixture.ts'

async function open(trunk: Partial<TrunkRow> = {}) {
  const ledger = createMemoryLedger()
  const customerId = await addCustomer(ledger, 1)
  const extension = await addExtension(ledger, extensionRow(ledger, customerId))
  const row = trunkRow(ledger, customerId, trunk)
  const clock = new VirtualClock()
  const { registrations, send } = await openRegistrar(ledger, clock)
  await ledger.commit([{ insert: 'trunk', row }, eventChange('trunk_created', row)])
  const host = `${customerId}.registrar.${base}`
  const invite = (parts: RequestParts, flow: TransportFlow = udp()): Promise<InviteIdentity> =>
    registrations.authenticateInvite({ request: requestOf({ method: 'INVITE', ...parts }), flow })
  /** INVITE, 401, INVITE with the password. */
  const login = async (
    parts: RequestParts,
    options: { username?: string; password?: string } = {},
    flow: TransportFlow = udp(),
  ): Promise<InviteIdentity> => {
    const asked = await invite(parts, flow)
    if (asked.kind !== 'challenge') return asked
    const request = withDigest(requestOf({ method: 'INVITE', ...parts }), asked.headers, options)
    return registrations.authenticateInvite({ request, flow })
  }
  return { ledger, customerId, extension, row, host, registrations, send, clock, invite, login }
}

describe('an INVITE to a registrar domain', () => {
  it('is an extension after digest only, also from the flow that it registered by', async () => {
    const { host, invite, login, extension, customerId, send } = await open()
    const register = requestOf({ uri: `sip:1001@${host}`, contact: '<sip:1001@192.0.2.1>' })
    const { headers } = await send({ flow: udp(), request: register })
    expect((await send({ flow: udp(), request: withDigest(register, headers) })).status).toBe(200)
    const parts = { uri: `sip:1002@${host}`, from: `sip:1001@${host}` }
    expect(await invite(parts)).toMatchObject({ kind: 'challenge', status: 401 })
    expect(await login(parts)).toMatchObject({ kind: 'extension', customerId, extension: { id: extension.id } })
    expect(await login(parts, { password: 'guess' })).toMatchObject({ kind: 'challenge' })
    expect(await login(parts, { username: '4711' })).toMatchObject({ kind: 'challenge' })
  })

  it('is known by its From alone when it dials another host', async () => {
    const { host, login } = await open()
    expect(await login({ uri: 'sip:direct.0123@198.51.100.1', from: `sip:1001@${host}` })).toMatchObject({
      kind: 'extension',
    })
  })

  it('of another customer does not let an extension in', async () => {
    const { ledger, login, customerId } = await open()
    const other = await addCustomer(ledger, 2)
    const parts = { uri: `sip:1002@${other}.registrar.${base}` }
    expect(await login(parts)).toMatchObject({ kind: 'challenge' })
    expect(await login(parts, { username: `1001@${customerId}` })).toMatchObject({ kind: 'challenge' })
  })

  it('is refused when the customer is frozen', async () => {
    const { ledger, login, host, customerId } = await open()
    await ledger.commit([{ update: 'customer', id: customerId, set: { status: 'frozen' } }])
    expect(await login({ uri: `sip:1002@${host}` })).toMatchObject({ kind: 'refuse', status: 403 })
  })

  it('takes Proxy-Authorization as well', async () => {
    const { host, invite, registrations } = await open()
    const parts = { method: 'INVITE', uri: `sip:1002@${host}` }
    const asked = await invite(parts)
    if (asked.kind !== 'challenge') throw new Error('no challenge')
    const { headers, ...request } = withDigest(requestOf(parts), asked.headers)
    const renamed = headers.map((entry) =>
      entry.name === 'Authorization' ? { ...entry, name: 'Proxy-Authorization' } : entry,
    )
    const identity = await registrations.authenticateInvite({ request: { ...request, headers: renamed }, flow: udp() })
    expect(identity).toMatchObject({ kind: 'extension' })
  })
})

describe('an INVITE to any other host', () => {
  const uri = 'sip:1002@198.51.100.1'
  const from = 'sip:1001@198.51.100.1'

  it('is anonymous unless it shows who it is, or a password is required', async () => {
    const { invite, registrations, extension } = await open()
    expect(await invite({ uri, from })).toEqual({ kind: 'anonymous' })
    const request = requestOf({ method: 'INVITE', uri, from })
    const asked = await registrations.authenticateInvite({ request, flow: udp() }, { required: true })
    if (asked.kind !== 'challenge') throw new Error('no challenge')
    const shown = await registrations.authenticateInvite({ request: withDigest(request, asked.headers), flow: udp() })
    expect(shown).toMatchObject({ kind: 'extension', extension: { id: extension.id } })
  })

  it('is asked for its password when its flow registered the extension that it says to be', async () => {
    const { invite, login, send } = await open()
    const register = requestOf({ uri: from, contact: '<sip:1001@192.0.2.1>' })
    const { headers } = await send({ flow: udp(), request: register })
    expect((await send({ flow: udp(), request: withDigest(register, headers) })).status).toBe(200)
    expect(await login({ uri, from })).toMatchObject({ kind: 'extension' })
    expect(await invite({ uri, from }, udp('192.0.2.1', 5062))).toEqual({ kind: 'anonymous' })
    expect(await invite({ uri, from: 'sip:guest@198.51.100.1' })).toEqual({ kind: 'anonymous' })
  })
})

describe('an INVITE to a trunk domain', () => {
  const uri = `sip:+15551234567@acme.trunk.${base}`
  const right = { username: 'gate', password: 'open' }

  it('is the trunk after digest', async () => {
    const { login, row } = await open()
    expect(await login({ uri }, right)).toMatchObject({ kind: 'trunk', trunk: { id: row.id } })
    expect(await login({ uri: uri.toUpperCase().replace('SIP', 'sip') }, right)).toMatchObject({ kind: 'trunk' })
    expect(await login({ uri }, { ...right, password: 'guess' })).toMatchObject({ kind: 'challenge' })
    expect(await login({ uri }, { ...right, username: 'door' })).toMatchObject({ kind: 'challenge' })
    expect(await login({ uri: uri.replace('acme', 'ghost') }, right)).toMatchObject({ kind: 'challenge' })
  })

  it('is the trunk by source address, where that is allowed', async () => {
    const ips = ['198.51.100.0/24', '2001:db8::/32', '203.0.113.5']
    const { invite, login } = await open({ auth_types: ['ip'], allowed_ips: ips })
    for (const source of ['198.51.100.77', '2001:db8::5', '203.0.113.5', '::ffff:198.51.100.77'])
      expect(await invite({ uri }, udp(source)), source).toMatchObject({ kind: 'trunk' })
    for (const source of ['198.51.101.77', '2001:db9::5', '203.0.113.50'])
      expect(await login({ uri }, right, udp(source)), source).toMatchObject({ kind: 'challenge' })
  })

  it('does not look at addresses that are listed without `ip`', async () => {
    const { invite } = await open({ auth_types: ['basic'], allowed_ips: ['198.51.100.0/24'] })
    expect(await invite({ uri }, udp('198.51.100.77'))).toMatchObject({ kind: 'challenge' })
  })

  it('is the trunk by either where both are allowed', async () => {
    const { invite, login } = await open({ auth_types: ['basic', 'ip'], allowed_ips: ['198.51.100.7'] })
    expect(await invite({ uri }, udp('198.51.100.7'))).toMatchObject({ kind: 'trunk' })
    expect(await login({ uri }, right, udp('192.0.2.1'))).toMatchObject({ kind: 'trunk' })
  })

  it('is refused after many wrong passwords, from that address', async () => {
    const { login, clock } = await open()
    const wrong = { ...right, password: 'guess' }
    const guesses = Promise.all(Array.from({ length: 30 }, () => login({ uri }, wrong, udp('203.0.113.66'))))
    await clock.advance(8_000)
    await guesses
    const refused = await login({ uri }, right, udp('203.0.113.66'))
    expect(refused).toMatchObject({ kind: 'refuse', status: 403, headers: [{ name: 'Retry-After' }] })
  })
})
