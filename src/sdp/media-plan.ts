// The outcome of an offer/answer exchange for one audio stream (RFC 3264), as plain values the media engine acts on.

export type CodecName = 'PCMU' | 'PCMA'

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

export interface MediaPlan {
  readonly codec: CodecName
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
  /** From our side: sendonly means that we send and do not listen (the far end put us on hold or the like). */
  readonly direction: Direction
}
