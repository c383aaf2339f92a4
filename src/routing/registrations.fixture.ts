// A registrar on a ledger in memory, and phones that speak to it without a network.

import { newCustomerRow } from '../account/customers.ts'
import { newUuid } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { type Clock, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { CustomerRow, ExtensionRow, TrunkRow } from '../schema/rows.ts'
import { answerChallenge } from '../sip/digest.ts'
import { DigestVerifier } from '../sip/digest-verifier.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Header, SipRequest } from '../sip/message.ts'
import { eventChange } from './commit.ts'
import { createRegistrations } from './registrations.ts'

export const base = 'pbx.example'

const seal = (password: string): string => `sealed ${password}`

export function extensionRow(ledger: Ledger, customerId: string, fields: Partial<ExtensionRow> = {}): ExtensionRow {
  const { extension = '1001' } = fields
  return {
    id: newUuid(),
    customer_id: customerId,
    name: '',
    detail: '',
    extension,
    domain_name: customerId,
    username: extension,
    direct_hash: '',
    password_sealed: seal('secret'),
    registrar_key: `${customerId}/${extension}`,
    tm_create: ledger.timestamp(),
    tm_update: '',
    tm_delete: notDeleted,
    ...fields,
  }
}

export function trunkRow(ledger: Ledger, customerId: string, fields: Partial<TrunkRow> = {}): TrunkRow {
  return {
    id: newUuid(),
    customer_id: customerId,
    name: '',
    detail: '',
    domain_name: 'acme',
    auth_types: ['basic'],
    username: 'gate',
    allowed_ips: [],
    password_sealed: seal('open'),
    tm_create: ledger.timestamp(),
    tm_update: '',
    tm_delete: notDeleted,
    ...fields,
  }
}

export async function addCustomer(ledger: Ledger, number: number, status: CustomerRow['status'] = 'active') {
  const row = { ...newCustomerRow(ledger.timestamp(), number), status }
  await ledger.commit([{ insert: 'customer', row }])
  return row.id
}

export const addExtension = async (ledger: Ledger, row: ExtensionRow): Promise<ExtensionRow> => {
  await ledger.commit([{ insert: 'extension', row }, eventChange('extension_created', row)])
  return row
}

export const changeExtension = async (ledger: Ledger, row: ExtensionRow, set: Partial<ExtensionRow>): Promise<void> => {
  await ledger.commit([{ update: 'extension', id: row.id, set }, eventChange('extension_updated', row)])
}

export const setPassword = (ledger: Ledger, row: ExtensionRow, password: string): Promise<void> =>
  changeExtension(ledger, row, { password_sealed: seal(password) })

export interface Answer {
  readonly status: number
  readonly headers: readonly Header[]
}

export interface RegisterTry {
  readonly flow: TransportFlow
  readonly request: SipRequest
}

const standingClock: Clock = {
  now: () => 0,
  wallMicros: () => Date.UTC(2026, 0, 1) * 1000,
  after: () => ({ cancel() {} }),
}

/** @param clock one that the test moves; it stands still unless given */
export async function openRegistrar(ledger: Ledger, clock: Clock = standingClock) {
  const answers = new Map<string, Answer>()
  const registrations = createRegistrations({
    ledger,
    log: silentLog,
    base,
    unseal: (text) => {
      if (!text.startsWith('sealed ')) throw new Error('not sealed')
      return text.slice('sealed '.length)
    },
    respond: ({ requestId, status, headers = [] }) => void answers.set(requestId, { status, headers }),
    digest: new DigestVerifier({ key: new Uint8Array(16) }),
    clock,
  })
  await registrations.start()
  const send = async ({ request, flow }: RegisterTry): Promise<Answer> => {
    const requestId = newUuid()
    await registrations.onRequest({ kind: 'request', sessionId: '', requestId, request, flow })
    return answers.get(requestId) ?? { status: 0, headers: [] }
  }
  return { registrations, ledger, send }
}

export const udp = (remoteAddress = '192.0.2.1', remotePort = 5060): TransportFlow => ({
  transport: 'UDP',
  remoteAddress,
  remotePort,
})

export interface RequestParts {
  readonly method?: string
  readonly uri: string
  readonly from?: string
  readonly to?: string
  readonly contact?: string
  readonly cseq?: number
  readonly headers?: readonly Header[]
}

export function requestOf(parts: RequestParts): SipRequest {
  const { method = 'REGISTER', uri, to = uri, from = to, contact, cseq = 1, headers = [] } = parts
  const fields: Header[] = [
    { name: 'Via', value: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1' },
    { name: 'From', value: `<${from}>;tag=1` },
    { name: 'To', value: `<${to}>` },
    { name: 'Call-ID', value: 'call' },
    { name: 'CSeq', value: `${cseq} ${method}` },
    ...(contact === undefined ? [] : [{ name: 'Contact', value: contact }]),
    ...headers,
  ]
  return { kind: 'request', method, uri, headers: fields, body: new Uint8Array(0) }
}

/** The same request with an answer to these challenges. */
export function withDigest(
  request: SipRequest,
  challenges: readonly Header[],
  { username = '1001', password = 'secret', nc = 1 } = {},
): SipRequest {
  const { method, uri, body } = request
  const answer = answerChallenge({ challenges, method, uri, username, password, body, cnonce: 'c', nc })
  return answer === undefined ? request : { ...request, headers: [...request.headers, answer] }
}

export const valuesOf = ({ headers }: Pick<Answer, 'headers'>, name: string): string[] =>
  headers.filter((entry) => entry.name === name).map(({ value }) => value)
