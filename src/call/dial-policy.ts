// Which hosts outbound calls may reach (PARTYLINE_DIAL_ALLOW) and how a `sip:` or `sips:` destination becomes a place to send an INVITE to.
// Closed by default: a server that dials anything it is told to is a toll-fraud machine.
import ipaddr from 'ipaddr.js'
import { UserError } from '../base/errors.ts'
import { defaultPort, type Transport, type TransportFlow } from '../sip/flow.ts'
import { transportOf } from '../sip/route.ts'
import { parseUri, type SipUri } from '../sip/uri.ts'
import type { DialTarget, ResolveHost } from './ports.ts'

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()

export class DialPolicy {
  readonly #hosts: ReadonlySet<string>
  readonly #networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]
  /** Whether calls may go by TLS. */
  readonly tls: boolean

  /** @param entries host names, addresses and CIDR networks, already checked by config */
  constructor(entries: readonly string[], { tls = false }: { readonly tls?: boolean } = {}) {
    this.tls = tls
    this.#hosts = new Set(entries.filter((entry) => !ipaddr.isValidCIDR(entry)).map((entry) => bare(entry)))
    this.#networks = entries.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry))
  }

  /** Whether the host, written so or resolved to this address, may be reached. */
  allows(host: string, address: string): boolean {
    if (this.#hosts.has(bare(host)) || this.#hosts.has(bare(address))) return true
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return this.#networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
}

/** `user@host[;params]` with or without `sip:` as a URI, or a UserError that names `field`. */
function sipTarget(target: string, field: string): SipUri & { readonly text: string; readonly transport: Transport } {
  const text = /^sips?:/i.test(target) ? target : `sip:${target}`
  const uri = parseUri(text)
  if (uri === undefined || uri.host === '' || /[\s<>"]/.test(text)) {
    throw new UserError('INVALID_ARGUMENT', `${field} "${target}" is not a SIP address; write it as sip:user@host`)
  }
  const transport = transportOf(uri)
  if (transport === undefined) {
    const asked = uri.params.get('transport')
    const usable = uri.scheme === 'sips' ? 'tls' : 'udp, tcp or tls'
    throw new UserError('INVALID_ARGUMENT', `${field} asks for transport "${asked}"; use ${usable}`)
  }
  return { ...uri, text, transport }
}

export interface DialRequest {
  readonly target: string
  /** Name of the request field, for errors. */
  readonly field: string
}

/** Resolves a destination and checks it against the policy. Throws UserError naming the field, and the setting when refused. */
export async function dialTarget(request: DialRequest, policy: DialPolicy, resolve: ResolveHost): Promise<DialTarget> {
  const uri = sipTarget(request.target, request.field)
  if (uri.transport === 'TLS' && !policy.tls) {
    throw new UserError(
      'INVALID_ARGUMENT',
      `${request.field} asks for TLS, which is not set up; give the server PARTYLINE_TLS_CERT and PARTYLINE_TLS_KEY`,
    )
  }
  const addresses = await resolve(bare(uri.host)).catch(() => {
    throw new UserError('INVALID_ARGUMENT', `${request.field}: the host "${uri.host}" cannot be resolved`)
  })
  const address = addresses.find((candidate) => policy.allows(uri.host, candidate))
  if (address === undefined) {
    throw new UserError(
      'DESTINATION_NOT_ALLOWED',
      `${request.field}: calls to "${uri.host}" are not allowed; add the host or its network to PARTYLINE_DIAL_ALLOW`,
    )
  }
  const named = uri.transport === 'TLS' && !ipaddr.isValid(bare(uri.host))
  const destination: TransportFlow = {
    transport: uri.transport,
    remoteAddress: address,
    remotePort: uri.port ?? defaultPort(uri.transport),
    ...(named && { remoteName: bare(uri.host) }),
  }
  const withoutPassword = uri.password === undefined ? uri.text : uri.text.replace(`:${uri.password}@`, '@')
  if (uri.user === undefined || uri.password === undefined) return { requestUri: withoutPassword, destination }
  return {
    requestUri: withoutPassword,
    destination,
    credentials: { username: unescaped(uri.user), password: unescaped(uri.password) },
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
