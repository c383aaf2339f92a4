// The Contact values of a REGISTER as bindings to be (RFC 3261 §10.3 step 7, RFC 5626 §6), and of its answer (§10.3 step 8).
import { type Parameters, parseDecimal, quote, unquote } from './grammar.ts'
import { type Header, header, headers, type SipRequest } from './message.ts'
import { formatNameAddr, parseNameAddr } from './name-addr.ts'
import { parseUri, uriEquals } from './uri.ts'

/** Where an address-of-record can be reached for a while. */
export interface Binding {
  /** Contact URI as the phone gave it. */
  readonly uri: string
  /** `+sip.instance` without its quotes; empty when there is none. */
  readonly instanceId: string
  /** 0 when there is none. */
  readonly regId: number
  /** Values of Path, topmost first (RFC 3327). */
  readonly path: readonly string[]
  readonly callId: string
  readonly cseq: number
  /** q-value in thousandths, 0 to 1000. */
  readonly q: number
  /** Milliseconds, the same clock as `now` of `register`. */
  readonly expiresAt: number
}

/** One Contact value; `expires` in seconds as asked for, undefined when it asks for nothing. */
export interface Wish {
  readonly uri: string
  readonly instanceId: string
  readonly regId: number
  readonly q: number
  readonly expires: number | undefined
}

/** What malformed values are taken for (§10.3 step 7), seconds. */
const malformedExpires = 3600
const longestExpires = 2 ** 32 - 1

/** The wishes of all Contacts; undefined when one is no SIP URI or has no grammar. `outbound`: whether reg-id counts (RFC 5626 §6). */
export function wishesOf(request: SipRequest, outbound: boolean): Wish[] | undefined {
  const general = expiresOf(header(request, 'Expires'))
  const wishes: Wish[] = []
  for (const value of headers(request, 'Contact')) {
    const contact = parseNameAddr(value)
    const uri = contact === undefined ? undefined : parseUri(contact.uri)
    if (contact === undefined || (uri?.scheme !== 'sip' && uri?.scheme !== 'sips')) return undefined
    const instanceId = unquote(contact.params.get('+sip.instance') ?? '')
    wishes.push({
      uri: contact.uri,
      instanceId,
      regId: outbound && instanceId !== '' ? regIdOf(contact.params) : 0,
      q: qOf(contact.params.get('q')),
      expires: expiresOf(contact.params.get('expires')) ?? general,
    })
  }
  return wishes
}

const expiresOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : (parseDecimal(text.trim(), longestExpires) ?? malformedExpires)

const regIdOf = (params: Parameters): number => parseDecimal(params.get('reg-id') ?? '', 2 ** 31 - 1) ?? 0

function qOf(text: string | undefined): number {
  return text !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text)
    ? Math.round(Number(text) * 1000)
    : 1000
}

/** Whether a Contact means this binding: by instance and reg-id where it has both, else by its URI (RFC 5626 §6, RFC 3261 §19.1.4). */
export function isSameBinding(wish: Pick<Wish, 'uri' | 'instanceId' | 'regId'>, binding: Binding): boolean {
  if (wish.regId > 0 || binding.regId > 0) return wish.regId === binding.regId && wish.instanceId === binding.instanceId
  const [left, right] = [parseUri(wish.uri), parseUri(binding.uri)]
  return left !== undefined && right !== undefined && uriEquals(left, right)
}

/** A binding as Contact of an answer, with the seconds that it has left. */
export function contactHeader(binding: Binding, now: number): Header {
  const params = new Map([['expires', String(Math.max(0, Math.ceil((binding.expiresAt - now) / 1000)))]])
  if (binding.q !== 1000) params.set('q', (binding.q / 1000).toString())
  if (binding.instanceId !== '') params.set('+sip.instance', quote(binding.instanceId))
  if (binding.regId > 0) params.set('reg-id', String(binding.regId))
  return { name: 'Contact', value: formatNameAddr({ uri: binding.uri, params }) }
}
