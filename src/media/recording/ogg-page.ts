// Pages of an Ogg stream (RFC 3533 §6): written from whole packets, and found again in bytes that may be damaged.

/** Header type flags. */
export const pageFlag = { continued: 1, first: 2, last: 4 } as const
/** Octets before the lacing values. */
const fixedBytes = 27
export const maxLacing = 255
/** Largest page: header, 255 lacing values, 255 segments of 255 octets. */
export const maxPageBytes = fixedBytes + maxLacing + maxLacing * 255
const capture = [0x4f, 0x67, 0x67, 0x53] as const
const flagsAt = 5
const crcAt = 22

const crcTable = new Uint32Array(256)
for (let index = 0; index < 256; index += 1) {
  let value = (index << 24) >>> 0
  for (let bit = 0; bit < 8; bit += 1)
    value = value & 0x8000_0000 ? ((value << 1) ^ 0x04c1_1db7) >>> 0 : (value << 1) >>> 0
  crcTable[index] = value
}

/** CRC of RFC 3533 §6 (polynomial 0x04c11db7, start 0, not reflected), the checksum field counted as zero. */
export function pageCrc(page: Uint8Array): number {
  let crc = 0
  for (let index = 0; index < page.length; index += 1) {
    const byte = index >= crcAt && index < crcAt + 4 ? 0 : (page[index] ?? 0)
    crc = ((crc << 8) ^ (crcTable[(crc >>> 24) ^ byte] ?? 0)) >>> 0
  }
  return crc
}

export interface PageFacts {
  readonly flags: number
  /** Position at the end of the page's last whole packet, in units of the codec. */
  readonly granule: number
  readonly serial: number
  readonly sequence: number
}

/** Lacing values that a packet of that length takes. */
export const lacingOf = (packetBytes: number): number => Math.floor(packetBytes / 255) + 1

/** One page of whole packets, which together need at most 255 lacing values. */
export function buildPage(facts: PageFacts, packets: readonly Uint8Array[]): Uint8Array {
  const lacing: number[] = []
  for (const packet of packets) {
    for (let left = packet.length; left >= 255; left -= 255) lacing.push(255)
    lacing.push(packet.length % 255)
  }
  const bodyBytes = packets.reduce((sum, packet) => sum + packet.length, 0)
  const page = new Uint8Array(fixedBytes + lacing.length + bodyBytes)
  const view = new DataView(page.buffer)
  page.set(capture, 0)
  page[flagsAt] = facts.flags
  view.setBigInt64(6, BigInt(facts.granule), true)
  view.setUint32(14, facts.serial, true)
  view.setUint32(18, facts.sequence, true)
  page[26] = lacing.length
  page.set(lacing, fixedBytes)
  let at = fixedBytes + lacing.length
  for (const packet of packets) {
    page.set(packet, at)
    at += packet.length
  }
  view.setUint32(crcAt, pageCrc(page), true)
  return page
}

/** Sets the flag of the last page and corrects the checksum, in place. */
export function markLast(page: Uint8Array): void {
  page[flagsAt] = (page[flagsAt] ?? 0) | pageFlag.last
  new DataView(page.buffer, page.byteOffset, page.byteLength).setUint32(crcAt, pageCrc(page), true)
}

export interface OggPage extends PageFacts {
  readonly at: number
  readonly length: number
  readonly lacing: Uint8Array
  readonly body: Uint8Array
}

export type PageResult =
  | { readonly kind: 'page'; readonly page: OggPage }
  /** The page goes on beyond the bytes. */
  | { readonly kind: 'more' }
  | { readonly kind: 'damaged'; readonly reason: 'capture' | 'version' | 'checksum' }

/** Reads the page that starts at `at`. */
export function readPage(bytes: Uint8Array, at: number): PageResult {
  for (let index = 0; index < 4; index += 1) {
    if (at + index >= bytes.length) return { kind: 'more' }
    if (bytes[at + index] !== capture[index]) return { kind: 'damaged', reason: 'capture' }
  }
  if (at + fixedBytes > bytes.length) return { kind: 'more' }
  if (bytes[at + 4] !== 0) return { kind: 'damaged', reason: 'version' }
  const segments = bytes[at + 26] ?? 0
  const bodyAt = at + fixedBytes + segments
  if (bodyAt > bytes.length) return { kind: 'more' }
  const lacing = bytes.subarray(at + fixedBytes, bodyAt)
  const end = bodyAt + lacing.reduce((sum, value) => sum + value, 0)
  if (end > bytes.length) return { kind: 'more' }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, end - at)
  if (view.getUint32(crcAt, true) !== pageCrc(bytes.subarray(at, end))) return { kind: 'damaged', reason: 'checksum' }
  const page = {
    at,
    length: end - at,
    flags: bytes[at + flagsAt] ?? 0,
    granule: Number(view.getBigInt64(6, true)),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    lacing,
    body: bytes.subarray(bodyAt, end),
  }
  return { kind: 'page', page }
}

/** Offset of the next capture pattern at or after `at`, or −1. */
export function findCapture(bytes: Uint8Array, at: number): number {
  for (let index = bytes.indexOf(capture[0], at); index >= 0; index = bytes.indexOf(capture[0], index + 1))
    if (bytes[index + 1] === capture[1] && bytes[index + 2] === capture[2] && bytes[index + 3] === capture[3])
      return index
  return -1
}
