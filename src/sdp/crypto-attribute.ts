// Keys for SRTP in session descriptions: the lines a=crypto (RFC 4568 §4, §6, §9). A line that asks for what we do not do is refused as a
// whole, because to overlook a parameter would be to disagree about what is protected.
import type { SrtpKeys } from '../rtp/srtp-key-derivation.ts'
import { isSuite, type SrtpSuite, suiteFacts } from '../rtp/srtp-suite.ts'

/** One line that we can use: `<tag> <suite> inline:<key and salt>`. */
export interface CryptoAttribute extends SrtpKeys {
  readonly tag: number
  /** Packets for which the sender will use the key, when it says (§6.1). */
  readonly lifetime?: number
}

/** Why a line is of no use to us. */
export type CryptoDefect =
  | 'malformed'
  | 'unknown-suite'
  | 'unknown-key-method'
  | 'several-keys'
  | 'key-length'
  | 'lifetime'
  /** Packets would carry an identifier of their key (RFC 3711 §3.1); we do not look for it. */
  | 'mki'
  /** KDR, UNENCRYPTED_SRTP, FEC_ORDER and so on (§6.3), and anything unknown that must not be ignored. */
  | 'session-parameter'

export type CryptoResult =
  | { readonly ok: true; readonly crypto: CryptoAttribute }
  | { readonly ok: false; readonly reason: CryptoDefect }

/** What was agreed with the far end: what it sends under, and the tag to answer with. */
export interface ChosenCrypto {
  readonly tag: number
  readonly suite: SrtpSuite
  readonly remoteKey: Uint8Array
  readonly remoteSalt: Uint8Array
}

const longestLine = 1024
/** Lines looked at in one section. */
const mostLines = 32
/** The lifetime that no suite of ours may exceed (RFC 3711 §9.2, RFC 7714 §14.1). */
const longestLifetime = 2 ** 48

/** Reads the value of one `a=crypto`, the text behind the colon. Never throws. */
export function parseCrypto(value: string): CryptoResult {
  const [tag = '', suite = '', keys = '', ...parameters] =
    value.length > longestLine ? [] : value.trim().split(/[ \t]+/)
  if (!/^(0|[1-9]\d{0,8})$/.test(tag) || suite === '' || keys === '') return refused('malformed')
  if (!isSuite(suite)) return refused('unknown-suite')
  if (keys.includes(';')) return refused('several-keys')
  if (!keys.toLowerCase().startsWith('inline:')) return refused('unknown-key-method')
  if (!parameters.every(mayBeIgnored)) return refused('session-parameter')
  return parseInline(keys.slice('inline:'.length), Number(tag), suite)
}

const refused = (reason: CryptoDefect): CryptoResult => ({ ok: false, reason })

/** The hint at a window size is one (§6.3.7, ours is large); so is what the far end marks as such (§6.3.8). */
const mayBeIgnored = (parameter: string): boolean => /^WSH=\d{1,5}$/i.test(parameter) || parameter.startsWith('-')

function parseInline(text: string, tag: number, suite: SrtpSuite): CryptoResult {
  const [encoded = '', ...rest] = text.split('|')
  if (rest.some((part) => part.includes(':'))) return refused('mki')
  if (rest.length > 1) return refused('malformed')
  const { keyLength, saltLength } = suiteFacts[suite]
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return refused('malformed')
  const octets = new Uint8Array(Buffer.from(encoded, 'base64'))
  if (octets.length !== keyLength + saltLength) return refused('key-length')
  const lifetime = rest[0] === undefined ? undefined : parseLifetime(rest[0])
  if (rest.length === 1 && lifetime === undefined) return refused('lifetime')
  const masterKey = octets.slice(0, keyLength)
  const masterSalt = octets.slice(keyLength)
  return { ok: true, crypto: { tag, suite, masterKey, masterSalt, ...(lifetime !== undefined && { lifetime }) } }
}

/** A count, or a power of two written `2^n`. */
function parseLifetime(text: string): number | undefined {
  const match = /^(?:2\^(\d{1,2})|(\d{1,15}))$/.exec(text)
  const packets = match?.[1] === undefined ? Number(match?.[2]) : 2 ** Number(match[1])
  return packets > 0 && packets <= longestLifetime ? packets : undefined
}

/** The value of `a=crypto` for a key. A lifetime is not stated: the suite's own holds (§6.1). */
export function formatCrypto({ tag, suite, masterKey, masterSalt }: CryptoAttribute): string {
  return `${tag} ${suite} inline:${Buffer.concat([masterKey, masterSalt]).toString('base64')}`
}

/** A new key. `random` gives that many octets from a cryptographic source. */
export function makeCrypto(suite: SrtpSuite, tag: number, random: (length: number) => Uint8Array): CryptoAttribute {
  const { keyLength, saltLength } = suiteFacts[suite]
  return { tag, suite, masterKey: random(keyLength), masterSalt: random(saltLength) }
}

/**
 * The first of an offer's lines, in its order of preference (§5.1.2), with a suite that we support; undefined when there is none. Of lines
 * with the same tag, which an answer could not tell apart, the first counts.
 */
export function chooseCrypto(offered: readonly string[], supported: readonly SrtpSuite[]): ChosenCrypto | undefined {
  const tags = new Set<number>()
  for (const line of offered.slice(0, mostLines)) {
    const parsed = parseCrypto(line)
    if (!parsed.ok) continue
    const { tag, suite, masterKey, masterSalt } = parsed.crypto
    if (!tags.has(tag) && supported.includes(suite)) return { tag, suite, remoteKey: masterKey, remoteSalt: masterSalt }
    tags.add(tag)
  }
  return undefined
}

/** What an answer made of our offer: one line, with tag and suite of one of ours (§5.1.3). Undefined when it is anything else. */
export function matchCrypto(
  offered: readonly CryptoAttribute[],
  answered: readonly string[],
): { readonly local: CryptoAttribute; readonly remote: CryptoAttribute } | undefined {
  const parsed = answered.length === 1 ? parseCrypto(answered[0] ?? '') : refused('malformed')
  if (!parsed.ok) return undefined
  const remote = parsed.crypto
  const local = offered.find(({ tag, suite }) => tag === remote.tag && suite === remote.suite)
  return local && { local, remote }
}
