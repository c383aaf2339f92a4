// One Via value (RFC 3261 §20.42, RFC 3581 for rport).
import { formatParameters, isToken, type Parameters, parseDecimal, parseParameters } from './grammar.ts'
import { formatHostPort, parseHostPort } from './host.ts'

export interface Via {
  /** Absent for the usual 2.0. */
  readonly version?: string
  /** Upper case: UDP, TCP, TLS, WS… */
  readonly transport: string
  /** sent-by, IPv6 without brackets. */
  readonly host: string
  readonly port?: number
  /** All parameters as written, the three below included. */
  readonly params: Parameters
  readonly branch?: string
  /** `requested` when the parameter has no value yet. */
  readonly rport?: number | 'requested'
  /** Numeric address, IPv6 without brackets. */
  readonly received?: string
}

const protocolPattern = /^SIP[ \t]*\/[ \t]*(\d+\.\d+)[ \t]*\/[ \t]*([^\s/;,]+)[ \t]+(?=\S)/i

/** Parses one value; undefined when it is malformed. Any version number is taken, because even a 505 must find its way back. */
export function parseVia(text: string): Via | undefined {
  const trimmed = text.trim()
  const protocol = protocolPattern.exec(trimmed)
  const transport = protocol?.[2]
  if (!protocol || transport === undefined || !isToken(transport)) return undefined
  const rest = trimmed.slice(protocol[0].length)
  const semicolon = rest.indexOf(';')
  const sentBy = parseHostPort(semicolon < 0 ? rest : rest.slice(0, semicolon))
  const params = parseParameters(semicolon < 0 ? '' : rest.slice(semicolon))
  if (sentBy === undefined || params === undefined) return undefined
  const wellKnown = readWellKnown(params)
  const version = protocol[1] === '2.0' ? {} : { version: protocol[1] ?? '' }
  return wellKnown && { ...version, transport: transport.toUpperCase(), ...sentBy, params, ...wellKnown }
}

function readWellKnown(params: Parameters): Pick<Via, 'branch' | 'rport' | 'received'> | undefined {
  const branch = params.get('branch')
  const received = params.get('received')?.replace(/^\[(.*)\]$/, '$1')
  const rportText = params.get('rport')
  const rport = rportText === '' ? 'requested' : rportText && parseDecimal(rportText, 65_535)
  if (rportText !== undefined && rport === undefined) return undefined
  return { ...(branch && { branch }), ...(rport && { rport }), ...(received && { received }) }
}

/** Writes a Via value; `rport` and `received` come from their parameters, `withResponseAddress` sets them. */
export const formatVia = (via: Pick<Via, 'version' | 'transport' | 'host' | 'port' | 'params'>): string =>
  `SIP/${via.version ?? '2.0'}/${via.transport} ${formatHostPort(via)}${formatParameters(via.params)}`

/** What a server writes into the topmost Via of a request it received (RFC 3261 §18.2.1, RFC 3581 §4). */
export function withResponseAddress(via: Via, source: { readonly address: string; readonly port: number }): Via {
  const params = new Map(via.params)
  const rport = via.rport === undefined ? undefined : source.port
  if (rport !== undefined) params.set('rport', String(rport))
  if (rport === undefined && via.host === source.address) return via
  params.set('received', source.address)
  return { ...via, params, received: source.address, ...(rport !== undefined && { rport }) }
}
