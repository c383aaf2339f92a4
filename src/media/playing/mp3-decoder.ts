// MP3 through mpg123 in WebAssembly; see docs/adr/0006-audio-files.md.
import { MPEGDecoder } from 'mpg123-decoder'
import { Mp3Frames } from './mp3-frames.ts'
import { PlayFailure } from './play-failure.ts'
import type { PcmSink, StreamDecoder } from './stream-decoder.ts'

export class Mp3Decoder implements StreamDecoder {
  readonly #decoder: MPEGDecoder
  readonly #sink: PcmSink
  readonly #frames = new Mp3Frames()
  #audible = false

  private constructor(decoder: MPEGDecoder, sink: PcmSink) {
    this.#decoder = decoder
    this.#sink = sink
  }

  static async create(sink: PcmSink): Promise<Mp3Decoder> {
    const decoder = new MPEGDecoder()
    await decoder.ready
    return new Mp3Decoder(decoder, sink)
  }

  push(bytes: Uint8Array): PlayFailure | undefined {
    return this.#decode(this.#frames.push(bytes))
  }

  end(): PlayFailure | undefined {
    const failure = this.#decode(this.#frames.end())
    if (failure || this.#audible) return failure
    return new PlayFailure('damaged', 'There is no MP3 audio in what was read.')
  }

  free(): void {
    this.#decoder.free()
  }

  #decode(frames: Uint8Array | PlayFailure): PlayFailure | undefined {
    if (frames instanceof PlayFailure) return frames
    if (frames.length === 0) return undefined
    const { channelData, samplesDecoded, sampleRate } = this.#decoder.decode(frames)
    if (samplesDecoded === 0) return undefined
    const pcm = new Int16Array(samplesDecoded)
    for (let index = 0; index < samplesDecoded; index += 1) {
      let sum = 0
      for (const channel of channelData) sum += channel[index] ?? 0
      pcm[index] = Math.max(-32768, Math.min(32767, Math.round((sum / channelData.length) * 32768)))
    }
    this.#audible = true
    this.#sink(pcm, sampleRate)
    return undefined
  }
}
