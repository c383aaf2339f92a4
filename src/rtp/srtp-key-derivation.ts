// Session keys from a master key (RFC 3711 §4.3 with a key derivation rate of 0; §11 of RFC 7714 for the shorter salt of AEAD).
import { createCipheriv, createSecretKey } from 'node:crypto'
import type { SrtpSuite } from './srtp-suite.ts'
import { suiteFacts } from './srtp-suite.ts'

/** A master key with its salt, as SDES hands them over; lengths by `suiteFacts`. */
export interface SrtpKeys {
  readonly suite: SrtpSuite
  readonly masterKey: Uint8Array
  readonly masterSalt: Uint8Array
}

/** What one of the two protocols uses. `authentication` is empty for AEAD. */
export interface SessionKeys {
  readonly encryption: Uint8Array
  readonly authentication: Uint8Array
  readonly salt: Uint8Array
}

const authenticationKeyLength = 20
/** Octet of the salt that the label meets: the 56-bit key_id stands at the right end of 112 bits. */
const labelOffset = 7

/** All that a master key gives. */
export interface DerivedKeys {
  readonly suite: SrtpSuite
  readonly rtp: SessionKeys
  readonly rtcp: SessionKeys
}

export const deriveKeys = (keys: SrtpKeys): DerivedKeys => ({
  suite: keys.suite,
  rtp: sessionKeys(keys, 0),
  rtcp: sessionKeys(keys, 3),
})

/** `first` is the label of the encryption key; those of authentication key and salt follow it. */
function sessionKeys(keys: SrtpKeys, first: number): SessionKeys {
  const { aead, keyLength, saltLength } = suiteFacts[keys.suite]
  return {
    encryption: derived(keys, first, keyLength),
    authentication: aead ? new Uint8Array(0) : derived(keys, first + 1, authenticationKeyLength),
    salt: derived(keys, first + 2, saltLength),
  }
}

/** AES in counter mode as pseudo-random function (§4.3.3). */
function derived(keys: SrtpKeys, label: number, length: number): Uint8Array {
  const start = new Uint8Array(16)
  start.set(keys.masterSalt)
  start[labelOffset] = (start[labelOffset] ?? 0) ^ label
  const cipher = createCipheriv('aes-128-ctr', createSecretKey(keys.masterKey), start)
  return new Uint8Array(cipher.update(new Uint8Array(length)))
}
