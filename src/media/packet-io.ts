// How datagrams come and go, whatever moves them: node:dgram now, a batching addon or a virtual network elsewhere.
// It knows ports and datagrams, nothing of RTP.
import type { EncodedPayload } from '../rtp/jitter-buffer.ts'
import type { Endpoint } from '../rtp/source-check.ts'

/** Takes what arrives on a port pair. `bytes` is valid during the call only; `now` is monotonic milliseconds. */
export interface PacketSink {
  rtp(bytes: Uint8Array, source: Endpoint, now: number): void
  rtcp(bytes: Uint8Array, source: Endpoint, now: number): void
}

/** RTP on an even port, RTCP on the next (RFC 3550 §11). */
export interface PortPair {
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
  /** The whole of `bytes` is the datagram. Its storage may be written again at once. */
  sendRtp(bytes: Uint8Array, to: Endpoint): void
  sendRtcp(bytes: Uint8Array, to: Endpoint): void
  /** Its number for `PacketIo.sendAlike` as long as RTP goes to that endpoint; −1 while it has none. Absent where there are no such numbers. */
  channel?(to: Endpoint): number
  close(): Promise<void>
}

/** Words of a row of heads. */
export const headColumns = 4

/** Columns of a datagram's summary: place, length, three words of its head as signed numbers, and the octet that all others are or −1. */
export const summary = { place: 0, length: 1, head: 5, fill: 8 } as const

/** Takes datagrams by their summaries. */
export interface Shortcut {
  /** The summary begins at `at`; `now` is when it came, monotonic milliseconds. Returns false to have the datagram delivered. */
  takeSummary(summaries: Int32Array, at: number, now: number): boolean
}

export interface PacketIo {
  /** A free pair, or the one at `port`, an even number. Throws OperationalError when none is free, or that one is not. */
  open(sink: PacketSink, port?: number): Promise<PortPair>
  /**
   * Sends RTP packets with plain headers that differ in these only: `count` rows of a channel and the header's three words as they lie in
   * memory, each before the payload. Absent where packets leave one by one.
   */
  sendAlike?(heads: Int32Array, count: number, payload: EncodedPayload): void
  /**
   * From now on what comes to that channel from where its packets go is shown to the shortcut first, under this place; −1 for nowhere. Absent
   * together with `sendAlike`.
   */
  divert?(channel: number, place: number): void
  /** Says who is shown what is diverted. */
  divertTo?(shortcut: Shortcut): void
  /** The tick is over: a body that gathers datagrams sends them now. */
  flush(): void
  /** Closes every pair still open. */
  close(): Promise<void>
}
