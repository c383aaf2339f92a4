// The contract of every codec: facts for SDP, encoder, decoder, concealment, reset. It allows for clock rates unlike the PCM's, payloads of any
// length, forward error correction, discontinuous transmission, and codecs that hold memory outside the JavaScript heap.
import type { SilentOctets } from '../dsp/silent-octets.ts'
import type { CodecName } from '../sdp/media-plan.ts'
import type { Payload } from './codec.ts'

export type { Payload } from './codec.ts'

/** PCM rates the mixer runs at, samples per second. */
export type PcmRate = 8000 | 16000 | 48000

export interface WideCodecFacts {
  /** As in `a=rtpmap`. */
  readonly name: CodecName
  /** Static payload type (RFC 3551 §6), or -1 for a dynamic one. */
  readonly payloadType: number
  /** RTP timestamp units per second, as in `a=rtpmap`. Timestamps advance by this, whatever the PCM's rate. */
  readonly clockRate: number
  /** Channels as in `a=rtpmap`; 1 is left out there. The PCM is mono always. */
  readonly channels: number
  /** Rate of the PCM unless another is asked for. */
  readonly sampleRate: PcmRate
  /** Every rate that the encoder takes and the decoder gives. */
  readonly sampleRates: readonly PcmRate[]
  /** Milliseconds of audio that one payload may hold when we send. */
  readonly packetTimes: readonly number[]
  /** Longest payload for 20 ms at `sampleRate`, octets. */
  readonly frameBytes: number
  /** Payloads of the same duration differ in length, and may be empty: send as many octets as `encode` returned, nothing for 0. */
  readonly variable: boolean
  /**
   * What one encoding can serve. `frame`: the payload depends on its frame alone. `stream`: listeners may share an encoder as long as each gets
   * every payload of it; who moves to another encoder first lets that one `follow` the old, where it can.
   */
  readonly shareable: 'frame' | 'stream'
}

/** A codec obeys what it knows and leaves the rest. */
export interface EncoderSettings {
  /** Bits per second. */
  readonly bitrate?: number
  /** 0 cheapest to 10 best. */
  readonly complexity?: number
  /** In-band forward error correction. */
  readonly fec?: boolean
  /** Loss the far end reports, percent; decides how much of the bit rate error correction gets. */
  readonly lossPercent?: number
  /** Discontinuous transmission: next to nothing is sent in silence. */
  readonly dtx?: boolean
}

export interface WideEncoder {
  readonly sampleRate: PcmRate
  /** Samples by which what the decoder gives is late, this encoder's look-ahead and the decoder's share together. */
  readonly delay: number
  /** Encodes all of `pcm` (one of `packetTimes`) into `target` from `at` on and returns the number of octets; 0: send nothing. */
  encode(pcm: Int16Array, target: Uint8Array, at: number): number
  adjust(settings: EncoderSettings): void
  /** Goes on exactly where another encoder of this codec is; false when this codec cannot, and nothing changed. */
  follow(other: WideEncoder): boolean
  reset(): void
  /** Gives back what the heap does not own. Encoding afterwards is a bug. */
  close(): void
}

export interface WideDecoder {
  readonly sampleRate: PcmRate
  /** Payloads that turned out to be broken inside; what they should have held was made up. Absent where any octets are samples. */
  readonly malformed?: number
  /** Samples of PCM that a payload holds; 0 when it is none of this codec's. */
  samplesIn(payload: Payload): number
  /** What payloads of nothing but silence consist of, whatever came before them; absent where a decoder's memory decides. */
  readonly silence?: SilentOctets
  /** Decodes into `pcm` from `at` on and returns the number of samples. */
  decode(payload: Payload, pcm: Int16Array, at: number): number
  /** Makes up `count` samples for packets that are missing. */
  conceal(pcm: Int16Array, at: number, count: number): void
  /** Writes the `count` samples just before `next` from what `next` says of them; false, and nothing written, when it says nothing. */
  recover(next: Payload, pcm: Int16Array, at: number, count: number): boolean
  /** Blends `count` decoded samples at `at`, in place, into what was made up before them, and remembers them. */
  resume(pcm: Int16Array, at: number, count: number): void
  reset(): void
  /** Gives back what the heap does not own. Decoding afterwards is a bug. */
  close(): void
}

export interface WideCodec {
  readonly facts: WideCodecFacts
  /** Must have resolved once in a thread before the first encoder or decoder is made there. */
  prepare(): Promise<void>
  createEncoder(rate?: PcmRate, settings?: EncoderSettings): WideEncoder
  createDecoder(rate?: PcmRate): WideDecoder
}
