// Which profiles an audio section may have, and the keys of the secured ones (RFC 3711, RFC 4568 §5.1): what an offer and its answer make of
// their lines a=crypto.
import { allSuites, type SrtpSuite } from '../rtp/srtp-suite.ts'
import { type CryptoAttribute, chooseCrypto, formatCrypto, matchCrypto, parseCrypto } from './crypto-attribute.ts'
import type { Attribute, MediaSection } from './description.ts'
import type { SrtpPlan } from './media-plan.ts'

/** Our key for a suite that the far end offers, with the tag of its line. */
export type LocalCrypto = (suite: SrtpSuite, tag: number) => CryptoAttribute

const plainProfiles: readonly string[] = ['RTP/AVP', 'RTP/AVPF']
const secureProfiles: readonly string[] = ['RTP/SAVP', 'RTP/SAVPF']

/** `refused` is a secured profile whose keys are agreed on in another way than ours (RFC 5764). */
export function securityOf({ protocol }: MediaSection): 'plain' | 'secure' | 'refused' | 'unknown' {
  if (plainProfiles.includes(protocol)) return 'plain'
  if (secureProfiles.includes(protocol)) return 'secure'
  return protocol.includes('SAVP') ? 'refused' : 'unknown'
}

/** Values of the lines a=crypto. Without a secured profile they mean nothing (RFC 4568 §5). */
export const cryptoLines = (section: MediaSection): string[] =>
  securityOf(section) === 'secure'
    ? section.attributes.flatMap(({ name, value = '' }) => (name.toLowerCase() === 'crypto' ? [value] : []))
    : []

export const cryptoAttributes = (keys: readonly CryptoAttribute[]): Attribute[] =>
  keys.map((crypto) => ({ name: 'crypto', value: formatCrypto(crypto) }))

/** Our line and the keys of both sides for the lines of an offer; undefined when none of them is of use. */
export function answerCrypto(
  offered: readonly string[],
  localCrypto: LocalCrypto,
): { readonly local: CryptoAttribute; readonly srtp: SrtpPlan } | undefined {
  const chosen = chooseCrypto(offered, allSuites)
  if (chosen === undefined) return undefined
  const { suite, tag, remoteKey, remoteSalt } = chosen
  const local = localCrypto(suite, tag)
  return { local, srtp: plan(local, { masterKey: remoteKey, masterSalt: remoteSalt }) }
}

/** The keys of both sides for the lines of our offer and of its answer; undefined when they do not go together. */
export function agreedCrypto(offered: readonly string[], answered: readonly string[]): SrtpPlan | undefined {
  const ours = offered.flatMap((line) => {
    const parsed = parseCrypto(line)
    return parsed.ok ? [parsed.crypto] : []
  })
  const matched = matchCrypto(ours, answered)
  return matched && plan(matched.local, matched.remote)
}

const plan = (
  { suite, masterKey, masterSalt }: CryptoAttribute,
  remote: Pick<CryptoAttribute, 'masterKey' | 'masterSalt'>,
): SrtpPlan => ({
  suite,
  sendKey: masterKey,
  sendSalt: masterSalt,
  receiveKey: remote.masterKey,
  receiveSalt: remote.masterSalt,
})
