// A server with default settings on the virtual wire, its API, and a watch over every INVITE that leaves it.
import { createAccounts } from '../../../src/account/accounts.ts'
import { silentLog } from '../../../src/base/log.ts'
import type { DomainSettings } from '../../../src/domain.ts'
import { createApp } from '../../../src/http/app.ts'
import { settingTable } from '../../../src/setting-table.ts'
import type { SipRequest } from '../../../src/sip/message.ts'
import { parseMessage } from '../../../src/sip/parse.ts'
import { noLimits } from '../../api/api-under-test.ts'
import { openHouse, serverAddress } from './house.ts'
import { RawPhone } from './raw-phone.ts'

/** An INVITE as it left the server, inside a dialog or not. */
export interface Sighting {
  readonly to: string
  readonly request: SipRequest
}

export interface Reply {
  readonly status: number
  /** The whole body. */
  readonly json: Record<string, unknown>
  /** Of an error envelope, otherwise undefined. */
  readonly reason: unknown
}

export const defaultDialAllow = (
  settingTable.find(({ name }) => name === 'PARTYLINE_DIAL_ALLOW')?.fallback ?? ''
).split(',')

export type Fort = Awaited<ReturnType<typeof openFort>>

/** @param names host names that resolve; any other is none */
export async function openFort(
  settings: Partial<DomainSettings> = {},
  names: Readonly<Record<string, readonly string[]>> = {},
) {
  const house = await openHouse({
    settings: { dialAllow: defaultDialAllow, ...settings },
    resolve: async (host) => {
      const found = names[host] ?? (/^[\d.]+$|:/.test(host) ? [host] : undefined)
      if (found === undefined) throw new Error(`${host} is not known`)
      return found
    },
  })
  await house.domain.recover()
  const sightings: Sighting[] = []
  house.wire.onSent = ({ from, to, bytes }) => {
    const parsed = parseMessage(bytes)
    if (from !== serverAddress || !parsed.ok || parsed.message.kind !== 'request') return
    if (parsed.message.method === 'INVITE') sightings.push({ to: to.remoteAddress, request: parsed.message })
  }
  const accounts = createAccounts(house.ledger, house.clock)
  const app = await createApp({
    accounts,
    services: house.domain,
    clock: house.clock,
    log: silentLog,
    ready: () => true,
    info: { version: '0.0.0', publicUrl: 'http://localhost:8080' },
    limits: noLimits,
  })
  async function ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    key = house.accesskey,
  ): Promise<Reply> {
    const response = await app.inject({
      method,
      url: `/v1.0${path}`,
      query: { accesskey: key },
      ...(body !== undefined && { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const json: Record<string, unknown> = response.body === '' ? {} : response.json()
    const { error } = json
    const reason = typeof error === 'object' && error !== null && 'reason' in error ? error.reason : undefined
    return { status: response.statusCode, json, reason }
  }
  /** The string field of an answer that must be good. */
  async function made(path: string, body: unknown, field = 'id'): Promise<string> {
    const { status, json } = await ask('POST', path, body)
    const value = json[field]
    if (status > 299 || typeof value !== 'string') throw new Error(`POST ${path}: ${status} ${JSON.stringify(json)}`)
    return value
  }
  /** A new customer, and an access key of its own. */
  async function customer(name: string): Promise<{ id: string; key: string }> {
    const { id } = await accounts.customers.create({ name, email: `${name}@example.com` })
    return { id, key: (await accounts.accesskeys.create(id, {})).token ?? '' }
  }
  const raw = (address: string, answering?: Parameters<typeof RawPhone.open>[2]): Promise<RawPhone> =>
    RawPhone.open(house.wire, { address, server: serverAddress }, answering)
  /** Where INVITEs went, each place once. */
  const reached = (): string[] => [...new Set(sightings.map(({ to }) => to))]
  const close = (): Promise<void> => app.close()
  return { ...house, ask, made, customer, raw, sightings, reached, close }
}
