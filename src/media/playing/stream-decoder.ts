// The contract of a decoder that is fed octets as they come, and the choice of one by what a stream begins with.
import { Mp3Decoder } from './mp3-decoder.ts'
import { OggOpusDecoder } from './ogg-opus-decoder.ts'
import type { PlayFailure } from './play-failure.ts'
import { WavDecoder } from './wav-decoder.ts'

/** Receives mono samples; they may be kept. */
export type PcmSink = (pcm: Int16Array, sampleRate: number) => void

export interface StreamDecoder {
  /** Decodes what is complete. A failure is final; damage that can be stepped over is none. */
  push(bytes: Uint8Array): PlayFailure | undefined
  /** The stream is over: gives out what is left. A failure when it never became audible. */
  end(): PlayFailure | undefined
  free(): void
}

export type AudioFormat = 'wav' | 'mp3' | 'ogg'

/** Octets that `sniff` wants to see, if the stream is that long. */
export const sniffBytes = 12

/** What a stream is, whatever its name or its Content-Type say. */
export function sniff(bytes: Uint8Array): AudioFormat | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, sniffBytes)).toString('latin1')
  if (/^(RIFF|RF64|BW64)....WAVE/s.test(text)) return 'wav'
  if (text.startsWith('OggS')) return 'ogg'
  if (text.startsWith('ID3')) return 'mp3'
  return bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0 ? 'mp3' : undefined
}

export async function createStreamDecoder(format: AudioFormat, sink: PcmSink): Promise<StreamDecoder> {
  if (format === 'wav') return new WavDecoder(sink)
  if (format === 'mp3') return Mp3Decoder.create(sink)
  return OggOpusDecoder.create(sink)
}
