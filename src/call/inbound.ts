// Where an incoming INVITE goes: `direct.<hash>` in the user part of the request URI names a conference or a flow.
// Any host that reached this server is accepted.
import type { Ledger } from '../event/ledger.ts'
import type { SipRequest } from '../sip/message.ts'
import { decodedUser, parseUri } from '../sip/uri.ts'
import { dialledAddress, partyAddress } from './party-address.ts'
import type { InboundRoute, InboundRoutes } from './ports.ts'

const refuse = (status: number, reason: string, guess = false): InboundRoute => ({ ok: false, status, reason, guess })

const directUser = /^direct\.([0-9a-f]{12})$/i

/** Routes by direct hashes alone. */
export const directInbound = (ledger: Ledger): InboundRoutes => ({
  route: ({ request }) => routeInbound(request, ledger),
})

async function routeInbound(request: SipRequest, ledger: Ledger): Promise<InboundRoute> {
  const uri = parseUri(request.uri)
  const user = (uri && decodedUser(uri)) ?? ''
  const hash = directUser.exec(user)?.[1]?.toLowerCase()
  if (hash === undefined) return refuse(404, 'no such destination', user.toLowerCase().startsWith('direct.'))
  const [direct] = await ledger.find('direct', { where: { hash }, limit: 1 })
  if (direct === undefined) return refuse(404, 'unknown direct hash', true)
  const customer = await ledger.get('customer', direct.customer_id)
  if (customer?.status !== 'active' && customer?.status !== 'initial') return refuse(403, 'the account is not active')
  const { customer_id: customerId, resource_id } = direct
  const parties = { source: partyAddress(request, 'From'), destination: dialledAddress(request) }
  if (direct.resource_type === 'flow') return { ok: true, customerId, flowId: resource_id, actions: [], ...parties }
  if (direct.resource_type === 'conference') {
    const actions = [
      { type: 'answer', option: {} },
      { type: 'conference_join', option: { conference_id: resource_id } },
    ]
    return { ok: true, customerId, flowId: '', actions, conferenceId: resource_id, ...parties }
  }
  return refuse(480, `dialling a ${direct.resource_type} by its hash is not available on this server`)
}
