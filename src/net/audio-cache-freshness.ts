// How long a response may be used again without asking (RFC 9111 §4.2), and what to ask with afterwards (§4.3).
import type { IncomingHttpHeaders } from 'node:http'

export interface Freshness {
  /** Milliseconds from the moment of the response. */
  readonly freshMs: number
  /** Whether it may be kept for others at all (§5.2.2.5). */
  readonly storable: boolean
  /** Whether an old copy may serve while the origin fails (§4.2.4). */
  readonly usableStale: boolean
}

/** Without any word of the origin: enough for a crowd that comes at the same time, and soon forgotten. */
const defaultFreshMs = 60_000
const longestHeuristicMs = 3_600_000
const longestFreshMs = 30 * 86_400_000

/** Directives of Cache-Control (§5.2), in lower case; '' for those without an argument. */
function directivesOf(header: string | undefined): ReadonlyMap<string, string> {
  const pairs = (header ?? '').split(',').map((part): [string, string] => {
    const [name = '', ...value] = part.split('=')
    return [name.trim().toLowerCase(), value.join('=').trim().replace(/^"|"$/g, '')]
  })
  return new Map(pairs)
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

function instant(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

/** @param nowMs wall clock, for responses without a Date */
export function freshnessOf(headers: IncomingHttpHeaders, nowMs: number): Freshness {
  const directives = directivesOf(headers['cache-control'])
  const storable = !directives.has('no-store')
  const usableStale =
    storable && !['no-cache', 'must-revalidate', 'proxy-revalidate'].some((name) => directives.has(name))
  if (!storable || directives.has('no-cache')) return { freshMs: 0, storable, usableStale }
  const age = (seconds(headers.age) ?? 0) * 1000
  const freshMs = Math.max(0, Math.min(longestFreshMs, lifetimeMs(headers, directives, nowMs) - age))
  return { freshMs, storable, usableStale }
}

function lifetimeMs(headers: IncomingHttpHeaders, directives: ReadonlyMap<string, string>, nowMs: number): number {
  const maxAge = seconds(directives.get('s-maxage')) ?? seconds(directives.get('max-age'))
  if (maxAge !== undefined) return maxAge * 1000
  const date = instant(headers.date) ?? nowMs
  // An Expires that is no date, such as 0, is in the past (§5.3).
  if (headers.expires !== undefined) return (instant(headers.expires) ?? 0) - date
  const modified = instant(headers['last-modified'])
  if (modified === undefined) return defaultFreshMs
  return Math.max(defaultFreshMs, Math.min(longestHeuristicMs, (date - modified) / 10))
}

/** Validators of a stored response. */
export interface Validators {
  /** Empty for none. */
  readonly etag: string
  readonly lastModified: string
}

/** The header fields of a conditional request; none when the response had no validator. */
export function conditionsOf({ etag, lastModified }: Validators): Readonly<Record<string, string>> {
  if (etag !== '') return { 'if-none-match': etag }
  return lastModified === '' ? {} : { 'if-modified-since': lastModified }
}
