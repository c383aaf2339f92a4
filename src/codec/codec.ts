// The contract of every codec: facts, encoder, decoder, concealment, reset. One file per codec implements it; `codecs.ts` lists them.
import type { CodecName } from '../sdp/media-plan.ts'

export interface CodecFacts {
  readonly name: CodecName
  /** Static payload type (RFC 3551 §6), or -1 for a dynamic one. */
  readonly payloadType: number
  /** RTP timestamp units per second. */
  readonly clockRate: number
  /** Samples per second of the PCM. */
  readonly sampleRate: number
  /** Longest payload for a frame of 20 ms, octets. */
  readonly frameBytes: number
  /** The payload depends on its frame alone, so that one encoding serves every listener of the same mix. */
  readonly shareable: boolean
}

export interface Encoder {
  /** Encodes all of `pcm` into `target` from `at` on and returns the number of octets. */
  encode(pcm: Int16Array, target: Uint8Array, at: number): number
  reset(): void
}

/** A received payload in storage that is longer than it. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly length: number
}

export interface Decoder {
  /** Samples a payload of that length holds; 0 when there is no such payload. */
  samplesIn(payloadLength: number): number
  /** Decodes into `pcm` from `at` on and returns the number of samples. */
  decode(payload: Payload, pcm: Int16Array, at: number): number
  /** Makes up `count` samples for packets that are missing. */
  conceal(pcm: Int16Array, at: number, count: number): void
  /** Blends `count` decoded samples at `at`, in place, into what was made up before them, and remembers them. */
  resume(pcm: Int16Array, at: number, count: number): void
  reset(): void
}

export interface Codec {
  readonly facts: CodecFacts
  createEncoder(): Encoder
  createDecoder(): Decoder
}
