// Which SIP URIs mean this server, and whom they name: direct hashes, conferences, extensions and numbers that need no INVITE to ourselves.
import { isUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Address, AddressType } from '../schema/address.ts'
import type { DirectRow } from '../schema/rows.ts'
import type { TransportFlow } from '../sip/flow.ts'
import { decodedUser, type SipUri } from '../sip/uri.ts'
import { address } from './call-row.ts'

export interface OwnAddressOptions {
  readonly ledger: Ledger
  readonly publicIp: string
  /** Ours, and so are `sip.<base>`, `conference.<base>`, `<customer>.registrar.<base>`…: the base is the domain without its `sip.`. */
  readonly sipDomain: string
  readonly sipPorts: readonly number[]
}

/** Whom a URI of ours names. `foreign`: something of another customer, or nothing at all. */
export type OwnTarget =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'flow'; readonly flowId: string }
  | { readonly kind: 'foreign' }

const prefixed: Readonly<Record<string, AddressType>> = {
  agent: 'agent',
  conference: 'conference',
  extension: 'extension',
  tel: 'tel',
  sip: 'sip',
}

export class OwnAddresses {
  readonly #options: OwnAddressOptions
  readonly #base: string

  constructor(options: OwnAddressOptions) {
    this.#options = options
    this.#base = options.sipDomain.toLowerCase().replace(/^sip\.(?=.)/, '')
  }

  /** Whether an INVITE to this URI would come back to us. */
  isOwn({ host, port, scheme }: SipUri): boolean {
    const { publicIp, sipPorts } = this.#options
    const name = host.toLowerCase()
    if (this.#base !== '' && (name === this.#base || name.endsWith(`.${this.#base}`))) {
      const rest = name.slice(0, -this.#base.length)
      if (/^(?:(?:sip|conference|pstn)\.|[^.]+\.(?:registrar|trunk)\.)?$/.test(rest)) return true
    }
    return name === publicIp.toLowerCase() && sipPorts.includes(port ?? (scheme === 'sips' ? 5061 : 5060))
  }

  /** Whether a place to send to is this server. */
  isOurs({ remoteAddress, remotePort }: TransportFlow): boolean {
    const { publicIp, sipPorts } = this.#options
    return remoteAddress === publicIp && sipPorts.includes(remotePort)
  }

  /** Whom a URI of ours names, as this customer may call it. */
  async read(uri: SipUri, customerId: string): Promise<OwnTarget> {
    const user = wholeUser(uri)
    const hash = /^direct\.([0-9a-f]{12})$/i.exec(user)?.[1]?.toLowerCase()
    if (hash !== undefined) return this.#direct(hash, customerId)
    const owner = this.#label(uri.host, 'registrar')
    if (owner !== undefined && owner !== customerId.toLowerCase()) return { kind: 'foreign' }
    if (this.#label(`x.${uri.host}`, 'conference') !== undefined && isUuid(user)) return named('conference', user)
    const colon = user.indexOf(':')
    const type = colon > 0 ? prefixed[user.slice(0, colon).toLowerCase()] : undefined
    if (type !== undefined) return named(type, user.slice(colon + 1))
    if (user === '') return { kind: 'foreign' }
    return named(user.startsWith('+') ? 'tel' : 'extension', user)
  }

  /** `<label>.<kind>.<domain>` → label. */
  #label(host: string, kind: string): string | undefined {
    const suffix = `.${kind}.${this.#base}`
    const name = host.toLowerCase()
    return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined
  }

  async #direct(hash: string, customerId: string): Promise<OwnTarget> {
    const [direct] = await this.#options.ledger.find('direct', { where: { hash }, limit: 1 })
    if (direct === undefined || direct.customer_id !== customerId || direct.tm_delete !== notDeleted)
      return { kind: 'foreign' }
    const { resource_type: type, resource_id: id }: DirectRow = direct
    return type === 'flow' ? { kind: 'flow', flowId: id } : named(type, id)
  }
}

/** `agent:<id>` reads like a user and a password. */
function wholeUser(uri: SipUri): string {
  const user = decodedUser(uri) ?? ''
  return uri.password === undefined ? user : `${user}:${decodedUser({ ...uri, user: uri.password }) ?? ''}`
}

const named = (type: AddressType, target: string): OwnTarget => ({ kind: 'address', address: address(type, target) })
