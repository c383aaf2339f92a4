// Where a request inside a dialog goes (RFC 3261 §12.2.1.1): route set, strict routers, and the flow, since a core cannot resolve names.
import ipaddr from 'ipaddr.js'
import { defaultPort, isReliable, type Transport, type TransportFlow } from './flow.ts'
import { isIpv6, sameHost } from './host.ts'
import type { Header } from './message.ts'
import { parseNameAddr } from './name-addr.ts'
import { formatUri, parseUri, type SipUri } from './uri.ts'

export interface Routed {
  readonly uri: string
  readonly routes: readonly Header[]
}

const route = (value: string): Header => ({ name: 'Route', value })

/** Request-URI and Route headers for a remote target and a route set. */
export function routed(remoteTarget: string, routeSet: readonly string[]): Routed {
  const first = uriOf(routeSet[0])
  if (first === undefined) return { uri: remoteTarget, routes: [] }
  if (first.params.has('lr')) return { uri: remoteTarget, routes: routeSet.map(route) }
  return { uri: requestUri(first), routes: [...routeSet.slice(1), `<${remoteTarget}>`].map(route) }
}

/** A URI as a Request-URI may hold it: without headers and `method` (§19.1.1). */
export function requestUri(uri: SipUri): string {
  const params = new Map(uri.params)
  params.delete('method')
  return formatUri({ ...uri, params, headers: new Map() })
}

/** The URI of a Contact, Route or Record-Route value; undefined when there is none or it is no SIP URI. */
export function uriOf(value: string | undefined): SipUri | undefined {
  const uri = value === undefined ? undefined : parseUri(parseNameAddr(value)?.uri ?? '')
  return uri?.scheme === 'sip' || uri?.scheme === 'sips' ? uri : undefined
}

const isNumeric = (host: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(host) || isIpv6(host)

/** The transport that a URI asks for; undefined for one that we lack. `sips:` and `transport=tls` both mean TLS (§26.2.2, RFC 5630 §3). */
export function transportOf({ scheme, params }: SipUri): Transport | undefined {
  const named = params.get('transport')?.toUpperCase()
  if (scheme === 'sips') return named === undefined || named === 'TCP' || named === 'TLS' ? 'TLS' : undefined
  if (scheme !== 'sip') return undefined
  return named === undefined ? 'UDP' : transports.find((transport) => transport === named)
}

const transports: readonly Transport[] = ['UDP', 'TCP', 'TLS']

/** Where a URI with a numeric host points; undefined for names and for transports that we lack. */
export function numericFlow(uri: SipUri | undefined, secure = false): TransportFlow | undefined {
  const transport = uri && transportOf(uri)
  if (uri === undefined || transport === undefined) return undefined
  const host = uri.params.get('maddr') ?? uri.host
  if (!isNumeric(host)) return undefined
  const used = secure ? 'TLS' : transport
  const remoteName = used === 'TLS' && !isNumeric(uri.host) ? { remoteName: uri.host } : {}
  return { transport: used, remoteAddress: host, remotePort: uri.port ?? defaultPort(used), ...remoteName }
}

export interface FlowQuestion {
  readonly remoteTarget: string
  readonly routeSet: readonly string[]
  /** The flow that the far end's latest message in the dialog came by. */
  readonly lastFlow: TransportFlow
  /** Connections known to be closed are not used again. */
  readonly lastFlowLost: boolean
}

/** Whether requests may leave for this numeric address because a message names it. */
export type Reaches = (address: string) => boolean

/**
 * The flow of the next request. With a route set: its first hop when numeric. Without: the last flow, because the Contact of a peer
 * behind NAT leads nowhere; when Contact and last flow agree in the address, the port of the Contact. What went by TLS never goes
 * by anything else. An address other than the last flow's must be one that `reaches` admits, or the last flow is kept: else whoever calls
 * could aim our re-INVITEs at a gateway that trusts us.
 */
export function nextFlow(question: FlowQuestion, reaches: Reaches): TransportFlow {
  const { lastFlow, lastFlowLost } = question
  const wanted = wantedFlow(question)
  if (sameHost(wanted.remoteAddress, lastFlow.remoteAddress) || reaches(wanted.remoteAddress)) return wanted
  return lastFlowLost ? unopened(lastFlow) : lastFlow
}

function wantedFlow(question: FlowQuestion): TransportFlow {
  const { lastFlow, lastFlowLost } = question
  const hop = question.routeSet.length > 0 ? uriOf(question.routeSet[0]) : parseUri(question.remoteTarget)
  const target = numericFlow(hop, lastFlow.transport === 'TLS')
  if (isReliable(lastFlow.transport) && !lastFlowLost) {
    const elsewhere =
      question.routeSet.length > 0 && target !== undefined && !sameHost(target.remoteAddress, lastFlow.remoteAddress)
    return elsewhere ? target : lastFlow
  }
  if (target === undefined) return unopened(lastFlow)
  if (isReliable(lastFlow.transport)) return overStream(target, lastFlow)
  if (question.routeSet.length > 0) return target
  return sameHost(target.remoteAddress, lastFlow.remoteAddress) && target.transport === lastFlow.transport
    ? target
    : lastFlow
}

/** The same place by a new connection; for UDP the flow itself. */
const unopened = ({ connectionId: _, ...flow }: TransportFlow): TransportFlow => flow

/** The target by a new connection in place of the one lost; its certificate must show the same name. */
const overStream = (target: TransportFlow, { transport, remoteName }: TransportFlow): TransportFlow => ({
  ...target,
  transport: target.transport === 'TLS' ? 'TLS' : transport,
  ...(remoteName !== undefined && { remoteName }),
})
