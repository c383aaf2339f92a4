// RTP packets (RFC 3550 §5.1), read in place into a reused view and written into a reused buffer: nothing is allocated per packet.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
// |                           timestamp                           |
// |           synchronization source (SSRC) identifier            |
// |            contributing source (CSRC) identifiers  ...        |
// |     extension profile, length in words, words (if X)  ...     |
// |     payload  ...                      | padding | its length  |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

export const headerLength = 12

/** What a header says; timestamps and SSRC are unsigned 32-bit numbers. */
export interface RtpHeader {
  readonly marker: boolean
  readonly payloadType: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
}

export type PacketDefect = 'short' | 'version' | 'csrc' | 'extension' | 'padding'

const empty = new Uint8Array(0)

/** One packet, looked at where it lies. Valid until the next `parse`. */
export class PacketView implements RtpHeader {
  bytes: Uint8Array = empty
  marker = false
  payloadType = 0
  sequence = 0
  timestamp = 0
  ssrc = 0
  csrcCount = 0
  /** -1 without a header extension (§5.3.1). */
  extensionProfile = -1
  extensionOffset = 0
  extensionLength = 0
  payloadOffset = 0
  payloadLength = 0

  /** Returns what is wrong with the datagram, or undefined when the view is filled. */
  parse(bytes: Uint8Array): PacketDefect | undefined {
    const length = bytes.length
    if (length < headerLength) return 'short'
    const first = byteAt(bytes, 0)
    if (first >> 6 !== 2) return 'version'
    const second = byteAt(bytes, 1)
    this.bytes = bytes
    this.marker = (second & 0x80) !== 0
    this.payloadType = second & 0x7f
    this.sequence = read16(bytes, 2)
    this.timestamp = read32(bytes, 4)
    this.ssrc = read32(bytes, 8)
    this.csrcCount = first & 0x0f
    let offset = headerLength + 4 * this.csrcCount
    if (offset > length) return 'csrc'
    this.extensionProfile = -1
    this.extensionLength = 0
    if ((first & 0x10) !== 0) {
      if (offset + 4 > length) return 'extension'
      this.extensionProfile = read16(bytes, offset)
      this.extensionLength = 4 * read16(bytes, offset + 2)
      this.extensionOffset = offset + 4
      offset += 4 + this.extensionLength
      if (offset > length) return 'extension'
    }
    const padding = (first & 0x20) === 0 ? 0 : byteAt(bytes, length - 1)
    if ((first & 0x20) !== 0 && (padding === 0 || offset + padding > length)) return 'padding'
    this.payloadOffset = offset
    this.payloadLength = length - offset - padding
    return undefined
  }

  /** The `index`-th contributing source. */
  csrc(index: number): number {
    return index < this.csrcCount ? read32(this.bytes, headerLength + 4 * index) : 0
  }
}

/** Writes a plain header (no CSRC, extension or padding) and returns its length. */
export function writeHeader(target: Uint8Array, header: RtpHeader): number {
  target[0] = 0x80
  target[1] = (header.marker ? 0x80 : 0) | (header.payloadType & 0x7f)
  write16(target, 2, header.sequence)
  write32(target, 4, header.timestamp)
  write32(target, 8, header.ssrc)
  return headerLength
}

/** RTP and RTCP on one port are told apart by the second byte (RFC 5761 §4). */
export function looksLikeRtcp(bytes: Uint8Array): boolean {
  const second = byteAt(bytes, 1)
  return second >= 192 && second <= 223
}

export const byteAt = (bytes: Uint8Array, offset: number): number => bytes[offset] ?? 0

export const read16 = (bytes: Uint8Array, offset: number): number =>
  (byteAt(bytes, offset) << 8) | byteAt(bytes, offset + 1)

export const read32 = (bytes: Uint8Array, offset: number): number =>
  ((read16(bytes, offset) << 16) | read16(bytes, offset + 2)) >>> 0

export function write16(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 8
  target[offset + 1] = value
}

export function write32(target: Uint8Array, offset: number, value: number): void {
  write16(target, offset, value >>> 16)
  write16(target, offset + 2, value & 0xffff)
}
