// The outcome of an offer/answer exchange for one audio stream (RFC 3264), as plain values the media engine acts on.
import type { SrtpSuite } from '../rtp/srtp-suite.ts'

/** Encoding names as in `a=rtpmap`. */
export type CodecName = 'opus' | 'G722' | 'PCMU' | 'PCMA' | 'L16'

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** SRTP by SDES (RFC 4568): one suite, a master key and salt for each direction. Never to be logged or stored. */
export interface SrtpPlan {
  readonly suite: SrtpSuite
  readonly sendKey: Uint8Array
  readonly sendSalt: Uint8Array
  readonly receiveKey: Uint8Array
  readonly receiveSalt: Uint8Array
}

export interface MediaPlan {
  readonly codec: CodecName
  /** Rate of L16, which is an encoding of its own at each; every other codec has rates of its own. Samples per second. */
  readonly sampleRate?: 8000 | 16_000 | 48_000
  /** What the far end's `a=fmtp` says of how it wants to be sent to; absent when it says nothing. */
  readonly sendParameters?: string
  /** Payload type we send, and the one we expect; they may differ when the far end answers asymmetrically. */
  readonly sendPayloadType: number
  readonly receivePayloadType: number
  /** RFC 4733 payload types; absent when not negotiated. */
  readonly sendEventPayloadType?: number
  readonly receiveEventPayloadType?: number
  /** Milliseconds of audio per packet that we send. */
  readonly ptimeMs: number
  /** Where the far end wants its media; the engine latches onto where it really comes from. */
  readonly remote: { readonly address: string; readonly rtpPort: number; readonly rtcpPort: number }
  /** Keys of both directions; absent when packets go unprotected. */
  readonly srtp?: SrtpPlan
  /** From our side: sendonly means that we send and do not listen (the far end put us on hold or the like). */
  readonly direction: Direction
}
