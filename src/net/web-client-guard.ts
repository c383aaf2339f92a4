// Which addresses may be reached for a flow: public ones, and those that the operator allowed (PARTYLINE_WEB_ALLOW).
// Closed by default, because flows are written by customers and the server stands inside a network (server-side request forgery).
import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { OperationalError, UserError } from '../base/errors.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** A numeric address to connect to. */
export interface ReachableAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** All numeric addresses of a name; rejects when there are none. */
export type ResolveName = (hostname: string) => Promise<readonly string[]>

export interface AddressGuard {
  /**
   * The addresses of this host that may be connected to. The caller connects to these and resolves no more, so that no second answer of a name server counts.
   * Throws UserError when none may be, OperationalError when the name has none.
   */
  reachable(hostname: string): Promise<readonly ReachableAddress[]>
}

/** By the system's resolver: /etc/hosts and DNS. */
export const resolveBySystem: ResolveName = async (hostname) => {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

const bare = (hostname: string): string =>
  hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()

/** Public by their ranges, and yet answered inside of a cloud. */
const metadataAddresses: ReadonlySet<string> = new Set(['168.63.129.16'])
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')
/** RFC 6052 §2.1: an IPv4 address behind a translator, in the last 32 bits. */
const translated = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** The IPv4 address that an IPv6 address leads to, or the address itself. */
function unwrapped(address: string): Address {
  const parsed = ipaddr.process(address.replace(/%.*$/, ''))
  if (parsed.kind() === 'ipv4') return parsed
  const six = ipaddr.IPv6.parse(parsed.toString())
  return six.match(translated) ? new ipaddr.IPv4(six.toByteArray().slice(12)) : six
}

/** Whether anybody on the Internet has this address: not loopback, private, link-local, multicast, reserved, tunnelled or a cloud's metadata. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address.replace(/%.*$/, ''))) return false
  const parsed = unwrapped(address)
  if (parsed.range() !== 'unicast' || metadataAddresses.has(parsed.toString())) return false
  return parsed.kind() === 'ipv4' || ipaddr.IPv6.parse(parsed.toString()).match(globalUnicast)
}

/** What the operator allows: host names, addresses and CIDR networks, already checked. */
class AllowList {
  readonly #hosts: ReadonlySet<string>
  readonly #networks: readonly [Address, number][]

  constructor(entries: readonly string[]) {
    this.#hosts = new Set(entries.filter((entry) => !ipaddr.isValidCIDR(entry)).map(bare))
    this.#networks = entries.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry))
  }

  allows(hostname: string, address: string): boolean {
    if (this.#hosts.has(bare(hostname)) || this.#hosts.has(bare(address))) return true
    const parsed = unwrapped(address)
    return this.#networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
}

export interface AddressGuardOptions {
  /** Host names, addresses and CIDR networks that may be reached although they are not public. */
  readonly allow: readonly string[]
  readonly resolve?: ResolveName
}

/** The guard for addresses that customers name. */
export function createAddressGuard({ allow, resolve = resolveBySystem }: AddressGuardOptions): AddressGuard {
  const allowed = new AllowList(allow)
  return {
    async reachable(hostname) {
      const addresses = await addressesOf(hostname, resolve)
      const found = addresses.filter((address) => isPublicAddress(address) || allowed.allows(hostname, address))
      if (found.length > 0) return found.map(asReachable)
      throw new UserError(
        'DESTINATION_NOT_ALLOWED',
        `${bare(hostname)} is no public address and may not be requested; the operator can add it to PARTYLINE_WEB_ALLOW`,
      )
    },
  }
}

/** For addresses that the operator set: they may be anywhere. */
export const openGuard: AddressGuard = {
  reachable: async (hostname) => (await addressesOf(hostname, resolveBySystem)).map(asReachable),
}

async function addressesOf(hostname: string, resolve: ResolveName): Promise<readonly string[]> {
  const host = bare(hostname)
  if (ipaddr.isValid(host)) return [host]
  const found = await resolve(host).catch((error: unknown) => {
    throw new OperationalError(`The host ${host} cannot be resolved`, { retryable: true, cause: error })
  })
  const usable = found.filter((address) => ipaddr.isValid(address.replace(/%.*$/, '')))
  if (usable.length > 0) return usable
  throw new OperationalError(`The host ${host} has no address`, { retryable: true })
}

const asReachable = (address: string): ReachableAddress => ({ address, family: address.includes(':') ? 6 : 4 })
