// Who calls: an extension or a trunk, proved by digest or, for trunks, by source address; or nobody in particular (RFC 3261 §22.2).
// The host names of the request say which proof is due (authentication-domains.ts); no request is believed for the flow it came by.
import ipaddr from 'ipaddr.js'
import type { Clock } from '../base/time.ts'
import type { ExtensionRow, TrunkRow } from '../schema/rows.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Header } from '../sip/message.ts'
import { type Claimed, credentialsFor, type DigestDenial, type DigestGate } from './authentication-digest.ts'
import type { Directory, Secret } from './authentication-directory.ts'
import { classOfUris, type Domains, partyUri, requestUriOf, userOf } from './authentication-domains.ts'
import type { IncomingRequest } from './ports.ts'

type Denial =
  | { readonly kind: 'challenge'; readonly status: number; readonly headers: readonly Header[] }
  | { readonly kind: 'refuse'; readonly status: number; readonly reason: string; readonly headers: readonly Header[] }

export type ExtensionIdentity =
  | { readonly kind: 'extension'; readonly customerId: string; readonly extension: ExtensionRow }
  | Denial

/** A `CallerIdentity` of ports.ts, with the headers of a refusal too. */
export type InviteIdentity =
  | ExtensionIdentity
  | { readonly kind: 'trunk'; readonly trunk: TrunkRow }
  | { readonly kind: 'anonymous' }

export interface AuthenticationOptions {
  readonly directory: Directory
  readonly gate: DigestGate
  readonly domains: Domains
  readonly clock: Clock
  /** Whether a phone that registered as an extension of this name did so by this flow. */
  readonly isRegisteredBy: (flow: TransportFlow, extension: string) => boolean
}

/** Refusals that are held back at the same time; beyond, they go out at once. */
const mostHeldBack = 1000

export class Authentication {
  readonly #options: AuthenticationOptions
  /** Refusals that wait; calling one lets it go. */
  readonly #heldBack = new Set<() => void>()

  constructor(options: AuthenticationOptions) {
    this.#options = options
  }

  /**
   * Who sends an INVITE. By a host name of a registrar or trunk in Request-URI, From or To (trunks: Request-URI or To) a proof is due. By
   * any other host a caller who shows none is anonymous, unless it says to be the extension that its flow registered.
   * @param required asks anonymous callers for an extension's password too
   */
  async authenticateInvite(incoming: IncomingRequest, { required = false } = {}): Promise<InviteIdentity> {
    const { request, flow } = incoming
    const { domains, isRegisteredBy } = this.#options
    const [requestUri, from, to] = [requestUriOf(request), partyUri(request, 'From'), partyUri(request, 'To')]
    const dialled = classOfUris(domains, [requestUri, to])
    if (dialled.kind === 'trunk') return this.#trunk(incoming, dialled.domain)
    const host = classOfUris(domains, [requestUri, from, to])
    if (host.kind === 'registrar') return this.#extension(incoming, host.customerId)
    const shows = credentialsFor(incoming, domains.commonRealm) !== undefined
    if (!shows && !required && !isRegisteredBy(flow, userOf(from))) return { kind: 'anonymous' }
    return this.#extension(incoming, undefined)
  }

  /** Who sends a REGISTER: an extension that names itself in To, or nobody we serve. */
  async authenticateRegister(incoming: IncomingRequest): Promise<ExtensionIdentity> {
    const { request } = incoming
    const [requestUri, from, to] = [requestUriOf(request), partyUri(request, 'From'), partyUri(request, 'To')]
    const host = classOfUris(this.#options.domains, [to, from, requestUri])
    if (host.kind === 'trunk') return refuse('trunks do not register')
    const identity = await this.#extension(incoming, host.kind === 'registrar' ? host.customerId : undefined)
    if (identity.kind !== 'extension' || identity.extension.extension === userOf(to)) return identity
    return refuse('an extension registers nobody but itself')
  }

  /** Lets go of every refusal that is held back. */
  close(): void {
    for (const release of [...this.#heldBack]) release()
  }

  async #extension(incoming: IncomingRequest, customerId: string | undefined): Promise<ExtensionIdentity> {
    const { directory, gate, domains, clock } = this.#options
    await directory.settled()
    const answer = gate.check<ExtensionRow>({
      incoming,
      party: userOf(partyUri(incoming.request, 'From')),
      realm: customerId === undefined ? domains.commonRealm : domains.registrarRealm(customerId),
      now: clock.now(),
      claimed: (username) => this.#claimedExtension(username, customerId),
    })
    if (!answer.ok) return this.#denial(answer)
    const extension = answer.owner
    if (!(await directory.isActive(extension.customer_id))) return refuse('the account is not active')
    return { kind: 'extension', customerId: extension.customer_id, extension }
  }

  /** `<extension>`, `<extension>@<customer id>`, or with the whole host name. Without a customer, an extension that only one has. */
  #claimedExtension(username: string, realmOf: string | undefined): Claimed<ExtensionRow> {
    const { directory, domains } = this.#options
    const at = username.lastIndexOf('@')
    const name = at < 0 ? username : username.slice(0, at)
    const domain = at < 0 ? undefined : username.slice(at + 1).toLowerCase()
    const host = domains.classOf(domain ?? '')
    const named = host.kind === 'registrar' ? host.customerId : domain
    const customerId = named ?? realmOf
    if (customerId === undefined) return { key: `*/${name}`, owner: ownerOf(directory.onlyExtension(name)) }
    const fits = realmOf === undefined || realmOf === customerId
    return {
      key: `${customerId}/${name}`,
      owner: fits ? ownerOf(directory.extension(customerId, name)) : undefined,
    }
  }

  /** By address, or else by digest; which of the two a trunk allows is not told to anybody else. */
  async #trunk(incoming: IncomingRequest, domain: string): Promise<InviteIdentity> {
    const { directory, gate, domains, clock } = this.#options
    await directory.settled()
    const found = directory.trunk(domain)
    let trunk = found?.row
    if (trunk === undefined || !trunk.auth_types.includes('ip') || !isAmong(incoming.flow, trunk.allowed_ips)) {
      const answer = gate.check<TrunkRow>({
        incoming,
        realm: domains.trunkRealm(domain),
        party: '',
        now: clock.now(),
        claimed: (username) => ({
          key: `${domain}.trunk`,
          owner: trunk?.auth_types.includes('basic') && trunk.username === username ? ownerOf(found) : undefined,
        }),
      })
      if (!answer.ok) return this.#denial(answer)
      trunk = answer.owner
    }
    return (await directory.isActive(trunk.customer_id))
      ? { kind: 'trunk', trunk }
      : refuse('the account is not active')
  }

  async #denial(answer: DigestDenial): Promise<Denial> {
    const { status, headers, delayMs } = answer
    if (delayMs > 0 && this.#heldBack.size < mostHeldBack) await this.#holdBack(delayMs)
    if (status === 401) return { kind: 'challenge', status, headers }
    return { ...refuse('too many failed logins'), status, headers }
  }

  #holdBack(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(delayMs, () => release())
    const release = (): void => {
      timer.cancel()
      this.#heldBack.delete(release)
      resolve()
    }
    this.#heldBack.add(release)
    return promise
  }
}

const refuse = (reason: string) => ({ kind: 'refuse', status: 403, reason, headers: [] }) as const

const ownerOf = <Row>(secret: Secret<Row> | undefined): Claimed<Row>['owner'] =>
  secret && { value: secret.row, password: secret.password }

/** Whether the flow comes from one of these addresses and networks; what is neither is passed over. */
function isAmong({ remoteAddress }: TransportFlow, allowed: readonly string[]): boolean {
  if (!ipaddr.isValid(remoteAddress)) return false
  const source = ipaddr.process(remoteAddress)
  return allowed.some((entry) => {
    if (ipaddr.isValidCIDR(entry)) {
      const [network, bits] = ipaddr.parseCIDR(entry)
      return network.kind() === source.kind() && source.match(network, bits)
    }
    return ipaddr.isValid(entry) && ipaddr.process(entry).toNormalizedString() === source.toNormalizedString()
  })
}
