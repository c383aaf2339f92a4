// SRTP and SRTCP for one direction of a session (RFC 3711 §3, RFC 7714): indices, rollover and replays per SSRC around a suite's transform.
// Packets are protected and opened where they lie. With SDES each direction has a key of its own, so a leg has two contexts.
import { Bug } from '../base/errors.ts'
import { byteAt, headerLength, read16, read32 } from './packet.ts'
import { AesCmTransform } from './srtp-aes-cm.ts'
import { GcmTransform } from './srtp-gcm.ts'
import { estimateIndex, ReplayWindow, rtcpIndices, rtpIndices } from './srtp-index.ts'
import { deriveKeys, type SrtpKeys } from './srtp-key-derivation.ts'
import { indexLength, type SuiteFacts, suiteFacts } from './srtp-suite.ts'
import { encryptedFlag, PacketPlace, type SrtpTransform } from './srtp-transform.ts'

/** `replay`: taken before, or too old to know. `auth`: not from whoever holds the key. */
export type SrtpDefect = 'malformed' | 'replay' | 'auth'

/** `length` is that of the plain packet. Read it before the next call: the object is used again. */
export type SrtpResult =
  | { readonly ok: true; readonly length: number }
  | { readonly ok: false; readonly reason: SrtpDefect }

export interface SrtpContext {
  /** Octets that protecting adds to an RTP packet, and to a compound RTCP packet. */
  readonly rtpOverhead: number
  readonly rtcpOverhead: number
  /**
   * Protects the RTP packet of `length` octets at the start of `packet`, in place, and returns its new length. Throws Bug for what is no
   * packet, for missing room, and for a sequence number that does not follow the last one of its SSRC: a keystream is never used twice.
   */
  protectRtp(packet: Uint8Array, length: number): number
  /** Opens what came from the network, in place. Never throws; an octet of `packet` changes only when it is authentic. */
  unprotectRtp(packet: Uint8Array, length: number): SrtpResult
  /** The same for a compound RTCP packet. */
  protectRtcp(packet: Uint8Array, length: number): number
  unprotectRtcp(packet: Uint8Array, length: number): SrtpResult
}

/** Throws Bug when key or salt have not the suite's length. */
export const createSrtpContext = (keys: SrtpKeys): SrtpContext => new Context(keys)

const rtcpHeaderLength = 8
/** SSRCs remembered; the one unheard for longest is forgotten. None is remembered before it proves to know the key. */
export const mostSources = 64

/** Rollover counters tried for a source that began before us: four days at 50 packets a second. */
const mostRollovers = 256

/** What is known of a source that sends to us. */
interface Source {
  readonly rtp: ReplayWindow
  readonly rtcp: ReplayWindow
}

const failures: Readonly<Record<SrtpDefect, SrtpResult>> = {
  malformed: { ok: false, reason: 'malformed' },
  replay: { ok: false, reason: 'replay' },
  auth: { ok: false, reason: 'auth' },
}

class Context implements SrtpContext {
  readonly rtpOverhead: number
  readonly rtcpOverhead: number
  readonly #facts: SuiteFacts
  readonly #transform: SrtpTransform
  readonly #place = new PacketPlace()
  readonly #opened = { ok: true as const, length: 0 }
  /** Index of the last packet sent, by SSRC. */
  readonly #sent = new Map<number, number>()
  #nextRtcpIndex = 0
  /** In the order in which they were last heard, oldest first, but for the latest. */
  readonly #sources = new Map<number, Source>()
  #latest: Source | undefined
  #latestSsrc = 0
  /** The rollover counter tried last for a source that is not known. */
  #rollovers = 0

  constructor(keys: SrtpKeys) {
    const facts = suiteFacts[keys.suite]
    if (keys.masterKey.length !== facts.keyLength || keys.masterSalt.length !== facts.saltLength) {
      throw new Bug(`key and salt for ${keys.suite} must have ${facts.keyLength} and ${facts.saltLength} octets`)
    }
    const derived = deriveKeys(keys)
    this.#facts = facts
    this.rtpOverhead = facts.rtpTagLength
    this.rtcpOverhead = facts.rtcpTagLength + indexLength
    this.#transform = facts.aead ? new GcmTransform(derived) : new AesCmTransform(derived)
  }

  protectRtp(packet: Uint8Array, length: number): number {
    const place = this.#place
    const protectedLength = length + this.rtpOverhead
    place.headerLength = headerEnd(packet, length)
    if (place.headerLength === 0 || protectedLength > packet.length)
      throw new Bug('no RTP packet with room for its tag')
    place.ssrc = read32(packet, 8)
    const sequence = read16(packet, 2)
    const last = this.#sent.get(place.ssrc)
    place.index = last === undefined ? sequence : estimateIndex(last, sequence)
    if (last === undefined && this.#sent.size === mostSources) throw new Bug('too many SSRCs sent under one key')
    if (last !== undefined && place.index <= last)
      throw new Bug('an RTP sequence number was used before under this key')
    if (place.index >= rtpIndices) throw new Bug('the SRTP key is used up')
    this.#sent.set(place.ssrc, place.index)
    place.length = length
    this.#transform.protectRtp(packet, place)
    return protectedLength
  }

  unprotectRtp(packet: Uint8Array, length: number): SrtpResult {
    const place = this.#place
    place.length = length - this.rtpOverhead
    place.headerLength = length > packet.length ? 0 : headerEnd(packet, place.length)
    if (place.headerLength === 0) return failures.malformed
    place.ssrc = read32(packet, 8)
    const sequence = read16(packet, 2)
    const source = this.#find(place.ssrc)
    const highest = source?.rtp.highest ?? -1
    place.index = highest < 0 ? sequence : estimateIndex(highest, sequence)
    if (place.index >= rtpIndices || (source !== undefined && !source.rtp.isNew(place.index))) return failures.replay
    if (!this.#transform.openRtp(packet, place)) {
      if (highest >= 0 || !this.#openAfterRollovers(packet, sequence)) return failures.auth
    }
    this.#heard(place.ssrc, source).rtp.take(place.index)
    return this.#ok(place.length)
  }

  protectRtcp(packet: Uint8Array, length: number): number {
    const place = this.#place
    const protectedLength = length + this.rtcpOverhead
    if (length < rtcpHeaderLength || protectedLength > packet.length)
      throw new Bug('no RTCP packet with room for its tag')
    if (this.#nextRtcpIndex >= rtcpIndices) throw new Bug('the SRTCP key is used up')
    place.ssrc = read32(packet, 4)
    place.index = this.#nextRtcpIndex
    place.headerLength = rtcpHeaderLength
    place.length = length
    this.#nextRtcpIndex += 1
    this.#transform.protectRtcp(packet, place)
    return protectedLength
  }

  unprotectRtcp(packet: Uint8Array, length: number): SrtpResult {
    const place = this.#place
    place.headerLength = rtcpHeaderLength
    place.length = length - this.rtcpOverhead
    if (length > packet.length || place.length < rtcpHeaderLength || byteAt(packet, 0) >> 6 !== 2)
      return failures.malformed
    place.ssrc = read32(packet, 4)
    const word = read32(packet, this.#facts.aead ? length - indexLength : place.length)
    const encrypted = word >= encryptedFlag
    place.index = encrypted ? word - encryptedFlag : word
    const source = this.#find(place.ssrc)
    if (source !== undefined && !source.rtcp.isNew(place.index)) return failures.replay
    if (!this.#transform.openRtcp(packet, place, encrypted)) return failures.auth
    this.#heard(place.ssrc, source).rtcp.take(place.index)
    return this.#ok(place.length)
  }

  /** A source unknown so far may have begun before us, or lost the packets in front of its first rollover. */
  #openAfterRollovers(packet: Uint8Array, sequence: number): boolean {
    const place = this.#place
    place.index = 0x1_0000 + sequence
    if (sequence < 0x8000 && this.#transform.openRtp(packet, place)) return true
    if (this.#sources.size > 0) return false
    // As long as nothing was authentic, one more count per packet: a call moved here is found within a second for each 18 hours of it.
    this.#rollovers = (this.#rollovers + 1) % mostRollovers
    place.index = this.#rollovers * 0x1_0000 + sequence
    return this.#transform.openRtp(packet, place)
  }

  #ok(length: number): SrtpResult {
    this.#opened.length = length
    return this.#opened
  }

  #find(ssrc: number): Source | undefined {
    return this.#latest !== undefined && this.#latestSsrc === ssrc ? this.#latest : this.#sources.get(ssrc)
  }

  /** The source of an authentic packet, made when it is its first. */
  #heard(ssrc: number, known: Source | undefined): Source {
    if (known !== undefined && known === this.#latest) return known
    const source = known ?? { rtp: new ReplayWindow(), rtcp: new ReplayWindow() }
    this.#sources.delete(ssrc)
    this.#sources.set(ssrc, source)
    const oldest = this.#sources.keys().next().value
    if (this.#sources.size > mostSources && oldest !== undefined) this.#sources.delete(oldest)
    this.#latest = source
    this.#latestSsrc = ssrc
    return source
  }
}

/** Octets of the RTP header with CSRCs and extension, which stay readable; 0 when this is no RTP packet of `length` octets. */
function headerEnd(packet: Uint8Array, length: number): number {
  if (length < headerLength || length > packet.length) return 0
  const first = byteAt(packet, 0)
  if (first >> 6 !== 2) return 0
  let end = headerLength + 4 * (first & 0x0f)
  if ((first & 0x10) !== 0) {
    if (end + 4 > length) return 0
    end += 4 + 4 * read16(packet, end + 2)
  }
  return end <= length ? end : 0
}
