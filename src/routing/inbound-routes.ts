// Where an INVITE goes, by the host of its request URI: direct hashes and numbers for everybody, all else for extensions and trunks
// that have shown who they are. Any host that reaches the server counts as `sip.<base>`.

import { isUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import { address } from '../call/call-row.ts'
import { dialledAddress } from '../call/party-address.ts'
import type { InboundRoute, InboundRoutes, PlannedAction } from '../call/ports.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { DirectRow, ExtensionRow, NumberRow, TrunkRow } from '../schema/rows.ts'
import { parseUri } from '../sip/uri.ts'
import { callerAddress, dialledUser } from './addresses.ts'
import { createDomains, type Domains, type HostClass } from './authentication-domains.ts'
import { type CallerNumbers, createCallerNumbers } from './caller-numbers.ts'
import { deliveredNumbers, dialledNumber, isVirtual, looksDialled } from './e164.ts'
import { extensionByNumber } from './extensions.ts'
import { ownedNumber } from './numbers.ts'
import { phoneDestination } from './phone-destination.ts'
import type { Authenticate, CallerIdentity, IncomingRequest } from './ports.ts'

export interface InboundRoutesOptions {
  readonly ledger: Ledger
  /** What follows `sip.`, `registrar.` and the like in the server's own host names. */
  readonly baseDomain: string
  readonly authenticate: Authenticate
  /** Whether a source address is one of a provider. */
  readonly isProvider: (address: string) => boolean
}

/** The base of the host names of a server that calls itself `sipDomain`: without its `sip.`. */
export const baseDomain = (sipDomain: string): string => sipDomain.toLowerCase().replace(/^sip\.(?=.)/, '')

export const createInboundRoutes = (options: InboundRoutesOptions): InboundRoutes => new Router(options)

type Refusal = Extract<InboundRoute, { readonly ok: false }>
type Parties = { readonly source: Address; readonly destination: Address }

const directUser = /^direct\.([0-9a-f]{12})$/i

const refuse = (status: number, reason: string, guess = false): Refusal => ({ ok: false, status, reason, guess })

/** Answers, and stays in the conference. */
const joining = (conferenceId: string): readonly PlannedAction[] => [
  { type: 'answer', option: {} },
  { type: 'conference_join', option: { conference_id: conferenceId } },
]

/** Rings somebody; the caller hears what the far end sends before it answers, and ends for the far end's reason. */
const connecting = (destination: Address, source?: Address): readonly PlannedAction[] => [
  {
    type: 'connect',
    option: { ...(source && { source }), destinations: [destination], early_media: true, relay_reason: true },
  },
]

class Router implements InboundRoutes {
  readonly #options: InboundRoutesOptions
  readonly #domains: Domains
  readonly #callers: CallerNumbers

  constructor(options: InboundRoutesOptions) {
    this.#options = options
    this.#domains = createDomains(options.baseDomain)
    this.#callers = createCallerNumbers(options)
  }

  async route(incoming: IncomingRequest): Promise<InboundRoute> {
    const { request, flow } = incoming
    const host = parseUri(request.uri)?.host.toLowerCase() ?? ''
    const user = dialledUser(request.uri)
    const trusted = this.#options.isProvider(flow.remoteAddress)
    const parties = { source: callerAddress(request, { trusted }), destination: dialledAddress(request) }
    if (/^direct\./i.test(user)) return this.#toDirect(user, parties)
    if (host === this.#named('conference')) return this.#toConference(user, parties)
    const hostClass = this.#domains.classOf(host)
    if (hostClass.kind === 'other') {
      const number = await this.#owned(user)
      if (number !== undefined) return this.#toNumber(number, parties.source)
      if (host === this.#named('pstn')) return refuse(404, 'unknown number', !trusted)
    }
    const identity = await this.#options.authenticate(incoming)
    if (identity.kind === 'extension') {
      if (!fits(hostClass, { kind: 'registrar', customerId: identity.customerId }))
        return refuse(403, 'an extension called by the domain of somebody else')
      return this.#fromExtension(identity, user)
    }
    if (identity.kind === 'trunk') {
      if (!fits(hostClass, { kind: 'trunk', domain: identity.trunk.domain_name }))
        return refuse(403, 'a trunk called by the domain of somebody else')
      return this.#fromTrunk(identity.trunk, user, callerAddress(request, { trusted: true }))
    }
    const unknown = refuse(404, 'no such destination', looksDialled(user) && !trusted)
    return unidentified(
      identity,
      hostClass.kind === 'other' ? unknown : refuse(403, 'the caller does not show who it is'),
    )
  }

  #named(label: string): string {
    return `${label}.${this.#options.baseDomain}`
  }

  async #toDirect(user: string, parties: Parties): Promise<InboundRoute> {
    const hash = directUser.exec(user)?.[1]?.toLowerCase()
    const [direct] = hash === undefined ? [] : await this.#options.ledger.find('direct', { where: { hash }, limit: 1 })
    if (direct === undefined) return refuse(404, 'unknown direct hash', true)
    const { customer_id: customerId, resource_type: type, resource_id: id } = direct
    if (type === 'flow') return this.#run(customerId, { flowId: id, ...parties })
    if (type === 'conference') return this.#run(customerId, { actions: joining(id), conferenceId: id, ...parties })
    const destination = await this.#ownerOf(direct)
    if (destination === undefined) return refuse(404, `the ${type} of the direct hash is gone`)
    return this.#run(customerId, { actions: connecting(destination), ...parties })
  }

  /** The address of the extension or agent behind a hash. */
  async #ownerOf({ resource_type: type, resource_id: id }: DirectRow): Promise<Address | undefined> {
    const { ledger } = this.#options
    if (type === 'extension') {
      const row = await ledger.get('extension', id)
      return row?.tm_delete === notDeleted ? address('extension', row.extension, row.name) : undefined
    }
    const row = await ledger.get('agent', id)
    return row?.tm_delete === notDeleted ? address('agent', row.id, row.name) : undefined
  }

  async #toConference(id: string, parties: Parties, customerId?: string): Promise<InboundRoute> {
    const row = isUuid(id) ? await this.#options.ledger.get('conference', id.toLowerCase()) : undefined
    if (
      row === undefined ||
      row.tm_delete !== notDeleted ||
      (customerId !== undefined && row.customer_id !== customerId)
    )
      return refuse(404, 'unknown conference', customerId === undefined)
    return this.#run(row.customer_id, { actions: joining(row.id), conferenceId: row.id, ...parties })
  }

  async #owned(user: string): Promise<NumberRow | undefined> {
    for (const number of deliveredNumbers(user)) {
      const row = await ownedNumber(this.#options.ledger, number)
      if (row !== undefined) return row
    }
    return undefined
  }

  /** A number without a flow takes the call and ends it at once: an empty list of actions. */
  async #toNumber(row: NumberRow, source: Address): Promise<InboundRoute> {
    const parties = { source, destination: address('tel', row.number, row.name) }
    if (row.call_flow_id === nilUuid) return this.#run(row.customer_id, { actions: [], ...parties })
    const flow = await this.#options.ledger.get('flow', row.call_flow_id)
    if (flow?.customer_id !== row.customer_id || flow.tm_delete !== notDeleted)
      return refuse(480, 'the flow of the number was deleted')
    return this.#run(row.customer_id, { flowId: flow.id, ...parties })
  }

  async #fromExtension(
    { customerId, extension }: { readonly customerId: string; readonly extension: ExtensionRow },
    user: string,
  ): Promise<InboundRoute> {
    const source = address('extension', extension.extension, extension.name)
    const wanted = phoneDestination(user)
    if (wanted === undefined) return refuse(404, 'no such destination')
    if (wanted.type === 'conference')
      return this.#toConference(wanted.target, { source, destination: wanted }, customerId)
    if (wanted.type === 'tel') return this.#dial(customerId, wanted.target, source)
    const destination = wanted.type === 'extension' ? await this.#reachable(customerId, wanted) : wanted
    if (destination === undefined) return refuse(404, 'no such extension')
    if (destination.type === 'tel') return this.#dial(customerId, destination.target, source)
    if (destination.type === 'agent' && !(await this.#isOwnAgent(customerId, destination.target)))
      return refuse(404, 'no such agent')
    return this.#run(customerId, { actions: connecting(destination), source, destination })
  }

  /** The extension of that name; failing that, the number that was dialled with `00`. */
  async #reachable(customerId: string, wanted: Address): Promise<Address | undefined> {
    const row = await extensionByNumber(this.#options.ledger, customerId, wanted.target)
    if (row !== undefined) return address('extension', row.extension, row.name)
    const number = dialledNumber(wanted.target)
    return number === undefined ? undefined : address('tel', number)
  }

  async #isOwnAgent(customerId: string, id: string): Promise<boolean> {
    const row = isUuid(id) ? await this.#options.ledger.get('agent', id.toLowerCase()) : undefined
    return row?.customer_id === customerId && row.tm_delete === notDeleted
  }

  async #fromTrunk(trunk: TrunkRow, user: string, source: Address): Promise<InboundRoute> {
    const number = dialledNumber(user)
    if (number === undefined) return refuse(404, 'a trunk may dial numbers with plus and country code only')
    return this.#dial(trunk.customer_id, number, source)
  }

  /** To a telephone number, as one that the customer owns. Virtual ones are on this server, whosever they are. */
  async #dial(customerId: string, number: string, source: Address): Promise<InboundRoute> {
    const destination = address('tel', number)
    if (isVirtual(number)) {
      const row = await ownedNumber(this.#options.ledger, number)
      return row === undefined ? refuse(404, 'unknown number') : this.#toNumber(row, source)
    }
    const shown = await this.#callers.numberFor(customerId, source.target)
    const actions = connecting(destination, shown === '' ? undefined : address('tel', shown, source.target_name))
    return this.#run(customerId, { actions, source, destination })
  }

  /** Only customers in good standing have calls. */
  async #run(
    customerId: string,
    plan: Parties & {
      readonly flowId?: string
      readonly actions?: readonly PlannedAction[]
      readonly conferenceId?: string
    },
  ): Promise<InboundRoute> {
    const customer = await this.#options.ledger.get('customer', customerId)
    if (customer?.status !== 'active' && customer?.status !== 'initial') return refuse(403, 'the account is not active')
    return { ok: true, customerId, flowId: '', actions: [], ...plan }
  }
}

/** Whether somebody with this domain may call by a host of that class. */
const fits = (host: HostClass, own: HostClass): boolean =>
  host.kind === 'other' || JSON.stringify(host) === JSON.stringify(own)

type Unidentified = Exclude<CallerIdentity, { readonly kind: 'extension' | 'trunk' }>

/** @param anonymous what to answer to somebody who shows nothing */
function unidentified(identity: Unidentified, anonymous: Refusal): Refusal {
  if (identity.kind === 'challenge')
    return { ...refuse(identity.status, 'the caller must show who it is'), headers: identity.headers }
  if (identity.kind === 'refuse')
    return { ...refuse(identity.status, identity.reason), ...(identity.headers && { headers: identity.headers }) }
  return anonymous
}
