// AES-CM with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1). An RTP tag covers packet and rollover counter, an RTCP tag packet, E flag and index.
import { write32 } from './packet.ts'
import { HmacSha1 } from './srtp-hmac.ts'
import type { DerivedKeys } from './srtp-key-derivation.ts'
import { Keystream } from './srtp-keystream.ts'
import { indexLength, suiteFacts } from './srtp-suite.ts'
import { encryptedFlag, type PacketPlace, type SrtpTransform } from './srtp-transform.ts'

export class AesCmTransform implements SrtpTransform {
  readonly #rtpStream: Keystream
  readonly #rtpHmac: HmacSha1
  readonly #rtpTag: number
  readonly #rtcpStream: Keystream
  readonly #rtcpHmac: HmacSha1
  readonly #rtcpTag: number

  constructor({ suite, rtp, rtcp }: DerivedKeys) {
    const { rtpTagLength, rtcpTagLength } = suiteFacts[suite]
    this.#rtpStream = new Keystream(rtp.encryption, rtp.salt)
    this.#rtpHmac = new HmacSha1(rtp.authentication)
    this.#rtpTag = rtpTagLength
    this.#rtcpStream = new Keystream(rtcp.encryption, rtcp.salt)
    this.#rtcpHmac = new HmacSha1(rtcp.authentication)
    this.#rtcpTag = rtcpTagLength
  }

  protectRtp(packet: Uint8Array, place: PacketPlace): void {
    this.#rtpStream.apply(packet, place)
    this.#rtpHmac.compute(packet, place.length, rolloverOf(place))
    append(packet, place.length, this.#rtpHmac.digest, this.#rtpTag)
  }

  openRtp(packet: Uint8Array, place: PacketPlace): boolean {
    this.#rtpHmac.compute(packet, place.length, rolloverOf(place))
    if (!this.#rtpHmac.matches(packet, place.length, this.#rtpTag)) return false
    this.#rtpStream.apply(packet, place)
    return true
  }

  protectRtcp(packet: Uint8Array, place: PacketPlace): void {
    const end = place.length + indexLength
    this.#rtcpStream.apply(packet, place)
    write32(packet, place.length, encryptedFlag + place.index)
    this.#rtcpHmac.compute(packet, end)
    append(packet, end, this.#rtcpHmac.digest, this.#rtcpTag)
  }

  openRtcp(packet: Uint8Array, place: PacketPlace, encrypted: boolean): boolean {
    const end = place.length + indexLength
    this.#rtcpHmac.compute(packet, end)
    if (!this.#rtcpHmac.matches(packet, end, this.#rtcpTag)) return false
    if (encrypted) this.#rtcpStream.apply(packet, place)
    return true
  }
}

const rolloverOf = (place: PacketPlace): number => Math.floor(place.index / 0x1_0000)

function append(packet: Uint8Array, at: number, digest: Uint8Array, length: number): void {
  for (let octet = 0; octet < length; octet += 1) packet[at + octet] = digest[octet] ?? 0
}
