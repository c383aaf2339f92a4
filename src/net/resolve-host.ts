// Host names of SIP URIs to numeric addresses, by the system's resolver (A and AAAA records; RFC 3263 §4.2 without SRV).
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'

/** Resolver for a server bound to `bindIp`: an IPv4-only server is given IPv4 addresses only. Rejects when nothing is found. */
export function createHostResolver(bindIp: string): (host: string) => Promise<string[]> {
  const family = isIPv6(bindIp) ? 0 : 4
  return async (host) => {
    if (isIP(host) !== 0) return [host]
    const found = await lookup(host, { all: true, family })
    return found.map(({ address }) => address)
  }
}
