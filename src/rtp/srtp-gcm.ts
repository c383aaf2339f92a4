// AES-GCM (RFC 7714 §8, §9). The header is associated data; for RTCP the word with E flag and index as well, which stands behind the tag.
// node:crypto starts GCM anew for every packet: the key is kept as an object, because handing over its octets costs four times the rest.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { byteAt, write16, write32 } from './packet.ts'
import type { DerivedKeys, SessionKeys } from './srtp-key-derivation.ts'
import { indexLength, suiteFacts } from './srtp-suite.ts'
import { encryptedFlag, type PacketPlace, type SrtpTransform } from './srtp-transform.ts'

const algorithm = 'aes-128-gcm'
const nonceLength = 12

interface ProtocolKeys {
  readonly key: KeyObject
  readonly salt: Uint8Array
}

export class GcmTransform implements SrtpTransform {
  readonly #rtp: ProtocolKeys
  readonly #rtcp: ProtocolKeys
  readonly #tag: number
  readonly #nonce = new Uint8Array(nonceLength)

  constructor(keys: DerivedKeys) {
    this.#rtp = protocolKeys(keys.rtp)
    this.#rtcp = protocolKeys(keys.rtcp)
    this.#tag = suiteFacts[keys.suite].rtpTagLength
  }

  protectRtp(packet: Uint8Array, place: PacketPlace): void {
    this.#rtpNonce(place)
    this.#seal(packet, place, { key: this.#rtp.key, associated: packet.subarray(0, place.headerLength) })
  }

  openRtp(packet: Uint8Array, place: PacketPlace): boolean {
    this.#rtpNonce(place)
    return this.#open(packet, place, { key: this.#rtp.key, associated: packet.subarray(0, place.headerLength) })
  }

  protectRtcp(packet: Uint8Array, place: PacketPlace): void {
    const word = new Uint8Array(indexLength)
    write32(word, 0, encryptedFlag + place.index)
    this.#rtcpNonce(place)
    this.#seal(packet, place, { key: this.#rtcp.key, associated: joined(packet, place.headerLength, word) })
    packet.set(word, place.length + this.#tag)
  }

  openRtcp(packet: Uint8Array, place: PacketPlace, encrypted: boolean): boolean {
    const end = place.length + this.#tag
    const word = packet.subarray(end, end + indexLength)
    const { key } = this.#rtcp
    this.#rtcpNonce(place)
    if (encrypted) return this.#open(packet, place, { key, associated: joined(packet, place.headerLength, word) })
    const decipher = createDecipheriv(algorithm, key, this.#nonce)
    decipher.setAAD(joined(packet, place.length, word))
    decipher.setAuthTag(packet.subarray(place.length, end))
    return isFinal(decipher)
  }

  #seal(packet: Uint8Array, place: PacketPlace, { key, associated }: Terms): void {
    const cipher = createCipheriv(algorithm, key, this.#nonce)
    cipher.setAAD(associated)
    packet.set(cipher.update(packet.subarray(place.headerLength, place.length)), place.headerLength)
    cipher.final()
    packet.set(cipher.getAuthTag(), place.length)
  }

  #open(packet: Uint8Array, place: PacketPlace, { key, associated }: Terms): boolean {
    const decipher = createDecipheriv(algorithm, key, this.#nonce)
    decipher.setAAD(associated)
    decipher.setAuthTag(packet.subarray(place.length, place.length + this.#tag))
    const plain = decipher.update(packet.subarray(place.headerLength, place.length))
    if (!isFinal(decipher)) return false
    packet.set(plain, place.headerLength)
    return true
  }

  /** RFC 7714 §8.1: two octets of zero, SSRC, rollover counter, sequence number; over the salt. */
  #rtpNonce(place: PacketPlace): void {
    const nonce = this.#nonce
    write16(nonce, 0, 0)
    write32(nonce, 2, place.ssrc)
    write32(nonce, 6, Math.floor(place.index / 0x1_0000))
    write16(nonce, 10, place.index % 0x1_0000)
    salted(nonce, this.#rtp.salt)
  }

  /** §9.1: two octets of zero, SSRC, two octets of zero, index. */
  #rtcpNonce(place: PacketPlace): void {
    const nonce = this.#nonce
    write16(nonce, 0, 0)
    write32(nonce, 2, place.ssrc)
    write16(nonce, 6, 0)
    write32(nonce, 8, place.index)
    salted(nonce, this.#rtcp.salt)
  }
}

interface Terms {
  readonly key: KeyObject
  readonly associated: Uint8Array
}

const protocolKeys = ({ encryption, salt }: SessionKeys): ProtocolKeys => ({ key: createSecretKey(encryption), salt })

function salted(nonce: Uint8Array, salt: Uint8Array): void {
  for (let octet = 0; octet < nonceLength; octet += 1) nonce[octet] = byteAt(nonce, octet) ^ byteAt(salt, octet)
}

function joined(packet: Uint8Array, length: number, word: Uint8Array): Uint8Array {
  const whole = new Uint8Array(length + indexLength)
  whole.set(packet.subarray(0, length))
  whole.set(word, length)
  return whole
}

/** node:crypto reports a tag that does not fit by throwing; it compares in constant time. */
function isFinal(decipher: { final(): Uint8Array }): boolean {
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}
