// What a suite does to one packet in place: the seam between the SRTP context, which knows streams and indices, and the two kinds of cipher.

/** One packet's numbers and spans; a context fills the same one anew for each packet. */
export class PacketPlace {
  ssrc = 0
  /** 48 bits for RTP (rollover counter and sequence number), 31 for RTCP. */
  index = 0
  /** Octets in front of the encrypted ones. */
  headerLength = 0
  /** Octets of the plain packet. */
  length = 0
}

/** Protecting appends in place: the caller has seen to the room. Opening leaves the packet alone until it is authentic. */
export interface SrtpTransform {
  protectRtp(packet: Uint8Array, place: PacketPlace): void
  /** False when it is not authentic. */
  openRtp(packet: Uint8Array, place: PacketPlace): boolean
  /** Always encrypts. */
  protectRtcp(packet: Uint8Array, place: PacketPlace): void
  /** @param encrypted what the packet's E flag says */
  openRtcp(packet: Uint8Array, place: PacketPlace, encrypted: boolean): boolean
}

/** The E flag, in the word with the index (RFC 3711 §3.4). */
export const encryptedFlag = 0x8000_0000
