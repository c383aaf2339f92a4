// How a telephone number is reached: the customer's routes to its country, then its routes to everywhere, then the same of the
// default customer. A provider is tried once; one that does not answer is tried last. Operators admit providers by making them.
import { OperationalError, UserError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import type { DialTarget, OutboundRoutes, ResolveHost } from '../call/ports.ts'
import type { Ledger } from '../event/ledger.ts'
import type { ProviderRow, RouteRow } from '../schema/rows.ts'
import { defaultPort } from '../sip/flow.ts'
import type { Header } from '../sip/message.ts'
import { transportOf } from '../sip/route.ts'
import { defaultCustomerId } from './dial-routes.ts'
import { isVirtual, parseE164 } from './e164.ts'
import { dialUri, providerHost } from './provider-uri.ts'

export interface OutboundRoutesOptions {
  readonly ledger: Ledger
  readonly resolve: ResolveHost
  readonly log: Log
}

export const createOutboundRoutes = (options: OutboundRoutesOptions): OutboundRoutes => ({
  waysTo: (customerId, number, field) => waysTo(options, customerId, { number, field }),
})

async function waysTo(
  { ledger, resolve, log }: OutboundRoutesOptions,
  customerId: string,
  wanted: { readonly number: string; readonly field: string },
): Promise<readonly DialTarget[]> {
  const number = checkNumber(wanted.number, wanted.field)
  const providers = await providersFor(ledger, customerId, number)
  if (providers.length === 0) {
    throw new UserError(
      'DESTINATION_NOT_ALLOWED',
      `${wanted.field} "${number}" cannot be called: no route leads there; an operator adds one with POST /providers and POST /routes`,
      { details: [{ field: wanted.field }] },
    )
  }
  const ways = await Promise.all(
    providers.map((provider) =>
      wayThrough(provider, number, resolve).catch((error: unknown) => {
        log.warn(
          { err: error, provider_id: provider.id, hostname: provider.hostname },
          'the host of a provider does not resolve',
        )
        return undefined
      }),
    ),
  )
  const usable = ways.filter((way) => way !== undefined)
  if (usable.length > 0) return usable
  throw new OperationalError(`${wanted.field} "${number}": no host name of its providers resolves`, { retryable: true })
}

function checkNumber(text: string, field: string): string {
  const number = parseE164(text)
  if (number === undefined)
    throw invalid(field, `${field} "${text}" is not a telephone number; write a plus, the country code and the rest`)
  if (isVirtual(number)) throw invalid(field, `${field} "${number}" is a virtual number, which no carrier reaches`)
  return number
}

/** In the order of failover, each once. */
async function providersFor(ledger: Ledger, customerId: string, number: string): Promise<ProviderRow[]> {
  const fallback = await defaultCustomerId(ledger)
  const owners = [...new Set([customerId, fallback])]
  const routes = await Promise.all(owners.map((owner) => ledger.find('route', { where: { customer_id: owner } })))
  const ids = [...new Set(routes.flatMap((own) => inOrder(own, number)).map((route) => route.provider_id))]
  const rows = await Promise.all(ids.map((id) => ledger.get('provider', id)))
  const live = rows.filter((row) => row !== undefined).filter((row) => row.tm_delete === notDeleted)
  const ill = (row: ProviderRow): boolean => row.health_status === 'unhealthy'
  return [...live.filter((row) => !ill(row)), ...live.filter(ill)]
}

/** One customer's routes to a number: the longest prefix first and `all` last, the lowest priority number first within each, then the oldest. */
function inOrder(routes: readonly RouteRow[], number: string): RouteRow[] {
  const width = (route: RouteRow): number => (route.target === 'all' ? 0 : route.target.length)
  return routes
    .filter((route) => route.target === 'all' || number.startsWith(route.target))
    .sort((a, b) => width(b) - width(a) || a.priority - b.priority || (a.tm_create < b.tm_create ? -1 : 1))
}

async function wayThrough(provider: ProviderRow, number: string, resolve: ResolveHost): Promise<DialTarget> {
  const headers: Header[] = Object.entries(provider.tech_headers).map(([name, value]) => ({ name, value }))
  return {
    requestUri: dialUri(provider, number),
    destination: (await providerFlows(provider, resolve)).first,
    ...(headers.length === 0 ? {} : { headers }),
  }
}

/** Where a provider is: the flow to its first address, and all of them. Rejects when its host name does not resolve. */
export async function providerFlows(provider: ProviderRow, resolve: ResolveHost) {
  const uri = providerHost(provider.hostname)
  const transport = uri && transportOf(uri)
  if (uri === undefined || transport === undefined) throw new UserError('INVALID_ARGUMENT', 'hostname is no SIP host')
  const host = uri.host.toLowerCase()
  const addresses = await resolve(host)
  const [remoteAddress] = addresses
  if (remoteAddress === undefined) throw new OperationalError(`the host name ${host} has no address`)
  const named = transport === 'TLS' && remoteAddress !== host ? { remoteName: host } : {}
  const first = { transport, remoteAddress, remotePort: uri.port ?? defaultPort(transport), ...named }
  return { first, addresses }
}

const invalid = (field: string, message: string): UserError =>
  new UserError('INVALID_ARGUMENT', message, { details: [{ field }] })
