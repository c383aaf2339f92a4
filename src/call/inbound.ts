// Where an incoming INVITE goes: `direct.<hash>` in the user part of the request URI names a conference or a flow.
// Any host that reached this server is accepted.
import type { Ledger } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { SipRequest } from '../sip/message.ts'
import { header } from '../sip/message.ts'
import { parseNameAddr } from '../sip/name-addr.ts'
import { decodedUser, parseUri } from '../sip/uri.ts'
import { address } from './call-row.ts'
import type { PlannedAction } from './ports.ts'

/** What to do with an INVITE: run a flow of a customer, or refuse with a status. */
export type InboundRoute =
  | {
      readonly ok: true
      readonly customerId: string
      readonly flowId: string
      readonly actions: readonly PlannedAction[]
      /** The conference that the call is bound for, when it is known already. */
      readonly conferenceId?: string
    }
  /** `guess` marks the wrong hashes that the guard against guessing counts. */
  | { readonly ok: false; readonly status: number; readonly reason: string; readonly guess: boolean }

const refuse = (status: number, reason: string, guess = false): InboundRoute => ({ ok: false, status, reason, guess })

const directUser = /^direct\.([0-9a-f]{12})$/i

export async function routeInbound(request: SipRequest, ledger: Ledger): Promise<InboundRoute> {
  const uri = parseUri(request.uri)
  const user = (uri && decodedUser(uri)) ?? ''
  const hash = directUser.exec(user)?.[1]?.toLowerCase()
  if (hash === undefined) return refuse(404, 'no such destination', user.toLowerCase().startsWith('direct.'))
  const [direct] = await ledger.find('direct', { where: { hash }, limit: 1 })
  if (direct === undefined) return refuse(404, 'unknown direct hash', true)
  const customer = await ledger.get('customer', direct.customer_id)
  if (customer?.status !== 'active' && customer?.status !== 'initial') return refuse(403, 'the account is not active')
  const { customer_id: customerId, resource_id } = direct
  if (direct.resource_type === 'flow') return { ok: true, customerId, flowId: resource_id, actions: [] }
  if (direct.resource_type === 'conference') {
    const actions = [
      { type: 'answer', option: {} },
      { type: 'conference_join', option: { conference_id: resource_id } },
    ]
    return { ok: true, customerId, flowId: '', actions, conferenceId: resource_id }
  }
  return refuse(480, `dialling a ${direct.resource_type} by its hash is not available on this server`)
}

/** The address in From or To as the API shows it. */
export function partyAddress(request: SipRequest, name: 'From' | 'To'): Address {
  const parsed = parseNameAddr(header(request, name) ?? '')
  return address('sip', (parsed?.uri ?? '').replace(/^sips?:/i, ''), parsed?.displayName ?? '')
}

export const dialledAddress = (request: SipRequest): Address => address('sip', request.uri.replace(/^sips?:/i, ''))
