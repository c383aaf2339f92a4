// RTCP (RFC 3550 §6): sender and receiver reports, SDES CNAME and BYE. Compound datagrams are read without ever throwing.
// Unknown packet types inside a compound are skipped (§6.1).
//
//  0                   1                   2                   3
// |V=2|P|   RC    |  PT=SR=200    | length in 32-bit words, less 1|
// |                        SSRC of sender                         |
// | SR only: NTP (64) | RTP timestamp | packet count | octet count|
// | per block: SSRC | fraction lost (8) cumulative lost (24)      |
// |   highest sequence | jitter | last SR | delay since last SR   |
import { byteAt, read16, read32, write16, write32 } from './packet.ts'

const senderReport = 200
const receiverReport = 201
const sourceDescription = 202
const goodbye = 203
const cnameItem = 1
const questionMark = 0x3f

/** One reception report block (§6.4.1). `jitter` in timestamp units; `lastReport` and `delay` in 1/65536 s. */
export interface ReportBlock {
  readonly ssrc: number
  readonly fractionLost: number
  readonly cumulativeLost: number
  readonly highestSequence: number
  readonly jitter: number
  readonly lastReport: number
  readonly delay: number
}

/** NTP time as two unsigned 32-bit halves: seconds since 1900 and their fraction. */
export interface NtpTime {
  readonly seconds: number
  readonly fraction: number
}

export interface SenderInfo {
  readonly ntp: NtpTime
  readonly timestamp: number
  readonly packets: number
  readonly octets: number
}

export type RtcpPacket =
  | {
      readonly kind: 'senderReport'
      readonly ssrc: number
      readonly sender: SenderInfo
      readonly blocks: readonly ReportBlock[]
    }
  | { readonly kind: 'receiverReport'; readonly ssrc: number; readonly blocks: readonly ReportBlock[] }
  | { readonly kind: 'cname'; readonly ssrc: number; readonly cname: string }
  | { readonly kind: 'bye'; readonly sources: readonly number[] }

export type RtcpDefect = 'short' | 'version' | 'first' | 'length' | 'padding'

/** The packets of a compound datagram, or what is wrong with it (validity checks of §A.2). */
export function parseRtcp(bytes: Uint8Array): readonly RtcpPacket[] | RtcpDefect {
  if (bytes.length < 8) return 'short'
  const first = byteAt(bytes, 1)
  if (byteAt(bytes, 0) >> 6 !== 2) return 'version'
  if (first !== senderReport && first !== receiverReport) return 'first'
  const packets: RtcpPacket[] = []
  let offset = 0
  while (offset < bytes.length) {
    if (offset + 4 > bytes.length) return 'length'
    if (byteAt(bytes, offset) >> 6 !== 2) return 'version'
    const end = offset + 4 * (read16(bytes, offset + 2) + 1)
    if (end > bytes.length) return 'length'
    const padded = (byteAt(bytes, offset) & 0x20) !== 0
    const padding = padded ? byteAt(bytes, end - 1) : 0
    if (padded && (end !== bytes.length || padding === 0 || padding % 4 !== 0 || offset + 4 + padding > end))
      return 'padding'
    readPacket(bytes.subarray(offset, end - padding), packets)
    offset = end
  }
  return packets
}

function readPacket(bytes: Uint8Array, into: RtcpPacket[]): void {
  const type = byteAt(bytes, 1)
  if (type === senderReport && bytes.length >= 28) {
    const sender = {
      ntp: { seconds: read32(bytes, 8), fraction: read32(bytes, 12) },
      timestamp: read32(bytes, 16),
      packets: read32(bytes, 20),
      octets: read32(bytes, 24),
    }
    into.push({ kind: 'senderReport', ssrc: read32(bytes, 4), sender, blocks: readBlocks(bytes, 28) })
  } else if (type === receiverReport && bytes.length >= 8) {
    into.push({ kind: 'receiverReport', ssrc: read32(bytes, 4), blocks: readBlocks(bytes, 8) })
  } else if (type === sourceDescription) {
    readDescription(bytes, into)
  } else if (type === goodbye) {
    const sources: number[] = []
    const count = byteAt(bytes, 0) & 0x1f
    for (let at = 4; at + 4 <= bytes.length && sources.length < count; at += 4) sources.push(read32(bytes, at))
    into.push({ kind: 'bye', sources })
  }
}

function readBlocks(bytes: Uint8Array, start: number): ReportBlock[] {
  const blocks: ReportBlock[] = []
  const count = byteAt(bytes, 0) & 0x1f
  for (let at = start; at + 24 <= bytes.length && blocks.length < count; at += 24) {
    blocks.push({
      ssrc: read32(bytes, at),
      fractionLost: byteAt(bytes, at + 4),
      cumulativeLost: (read32(bytes, at + 4) << 8) >> 8,
      highestSequence: read32(bytes, at + 8),
      jitter: read32(bytes, at + 12),
      lastReport: read32(bytes, at + 16),
      delay: read32(bytes, at + 20),
    })
  }
  return blocks
}

/** Chunks of SSRC and items, each chunk ended by a null octet and padded to a word (§6.5). */
function readDescription(bytes: Uint8Array, into: RtcpPacket[]): void {
  const chunks = byteAt(bytes, 0) & 0x1f
  let at = 4
  for (let chunk = 0; chunk < chunks && at + 4 <= bytes.length; chunk += 1) {
    const ssrc = read32(bytes, at)
    at += 4
    while (at + 2 <= bytes.length && byteAt(bytes, at) !== 0) {
      const length = byteAt(bytes, at + 1)
      if (at + 2 + length > bytes.length) return
      if (byteAt(bytes, at) === cnameItem) {
        into.push({ kind: 'cname', ssrc, cname: new TextDecoder().decode(bytes.subarray(at + 2, at + 2 + length)) })
      }
      at += 2 + length
    }
    at = (at & ~3) + 4
  }
}

const longestName = 255

/** One of our compound datagrams takes no more octets. */
export const rtcpRoom = 28 + 24 + 8 + ((2 + longestName + 4) & ~3) + 8

/** What one of our compound datagrams says: a report (SR with `sender`, else RR), our CNAME and perhaps goodbye. */
export interface RtcpContents {
  readonly ssrc: number
  readonly sender?: SenderInfo | undefined
  readonly block?: ReportBlock | undefined
  /** ASCII, 255 characters at most: of others question marks are sent, of more nothing. */
  readonly cname: string
  readonly bye?: boolean
}

/** Writes a compound datagram into `into`, which has `rtcpRoom` octets, and returns its length. */
export function writeRtcp(contents: RtcpContents, into: Uint8Array): number {
  const { ssrc, sender, block, cname, bye } = contents
  const reportLength = (sender ? 28 : 8) + (block ? 24 : 0)
  writeStart(into, 0, (block ? 0x8100 : 0x8000) | (sender ? senderReport : receiverReport), reportLength)
  write32(into, 4, ssrc)
  if (sender) writeSender(into, sender)
  if (block) writeBlock(into, reportLength - 24, block)
  const nameLength = Math.min(cname.length, longestName)
  // Header, SSRC, item type and length, text, at least one null octet, padded to a word.
  const end = reportLength + 8 + ((2 + nameLength + 4) & ~3)
  writeStart(into, reportLength, 0x8100 | sourceDescription, end - reportLength)
  write32(into, reportLength + 4, ssrc)
  into[reportLength + 8] = cnameItem
  into[reportLength + 9] = nameLength
  const name = reportLength + 10
  for (let index = 0; index < nameLength; index += 1) {
    const code = cname.charCodeAt(index)
    into[name + index] = code < 0x80 ? code : questionMark
  }
  for (let at = name + nameLength; at < end; at += 1) into[at] = 0
  if (!bye) return end
  writeStart(into, end, 0x8100 | goodbye, 8)
  write32(into, end + 4, ssrc)
  return end + 8
}

/** The first word of a packet: version, count and type as they lie there, and its length in octets. */
function writeStart(target: Uint8Array, at: number, start: number, length: number): void {
  write16(target, at, start)
  write16(target, at + 2, length / 4 - 1)
}

function writeSender(target: Uint8Array, sender: SenderInfo): void {
  write32(target, 8, sender.ntp.seconds)
  write32(target, 12, sender.ntp.fraction)
  write32(target, 16, sender.timestamp)
  write32(target, 20, sender.packets)
  write32(target, 24, sender.octets)
}

function writeBlock(target: Uint8Array, at: number, block: ReportBlock): void {
  const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, block.cumulativeLost))
  write32(target, at, block.ssrc)
  write32(target, at + 4, ((block.fractionLost & 0xff) << 24) | (lost & 0xff_ffff))
  write32(target, at + 8, block.highestSequence)
  write32(target, at + 12, block.jitter)
  write32(target, at + 16, block.lastReport)
  write32(target, at + 20, block.delay)
}
