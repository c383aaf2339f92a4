// WAV as it streams in: chunks are stepped over until `fmt ` and `data` came; what lies behind the samples is ignored.
// A size of samples that is unknown (0 or all ones, as RF64 and pipes have it) means all that follows.
import { PlayFailure } from './play-failure.ts'
import type { PcmSink, StreamDecoder } from './stream-decoder.ts'
import { parseWavFormat, type WavFormat } from './wav-format.ts'

const chunkHeadBytes = 8
const riffHeadBytes = 12
const ds64DataSizeAt = 8
/** Chunks that are kept are no longer than this; `fmt ` has 40 octets at most. */
const mostKept = 4096
const unknownSize = 0xffff_ffff

export class WavDecoder implements StreamDecoder {
  readonly #sink: PcmSink
  #held: Uint8Array = new Uint8Array(0)
  /** Octets of the stream to pass over. */
  #skip = 0
  #started = false
  #format: WavFormat | undefined
  /** Octets of samples still to come; undefined before `data`. */
  #left: number | undefined
  #ds64Size = 0
  #audible = false

  constructor(sink: PcmSink) {
    this.#sink = sink
  }

  push(bytes: Uint8Array): PlayFailure | undefined {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    while (this.#left === undefined) {
      if (!this.#passOver()) return undefined
      const step = this.#started ? this.#chunk() : this.#begin()
      if (step === 'more') return undefined
      if (step !== 'next') return step
    }
    this.#samples()
    return undefined
  }

  end(): PlayFailure | undefined {
    return this.#audible ? undefined : new PlayFailure('damaged', 'The WAV file holds no samples.')
  }

  free(): void {}

  #begin(): 'more' | 'next' {
    if (this.#held.length < riffHeadBytes) return 'more'
    this.#held = this.#held.subarray(riffHeadBytes)
    this.#started = true
    return 'next'
  }

  /** False while what is to be skipped goes beyond what is here. */
  #passOver(): boolean {
    const count = Math.min(this.#skip, this.#held.length)
    this.#held = this.#held.subarray(count)
    this.#skip -= count
    return this.#skip === 0
  }

  #chunk(): 'more' | 'next' | PlayFailure {
    if (this.#held.length < chunkHeadBytes) return 'more'
    const view = new DataView(this.#held.buffer, this.#held.byteOffset, this.#held.byteLength)
    const name = Buffer.from(this.#held.subarray(0, 4)).toString('latin1')
    const size = view.getUint32(4, true)
    if (name === 'data') return this.#data(size)
    if (name === 'fmt ' || name === 'ds64') {
      if (size > mostKept)
        return new PlayFailure('damaged', `The chunk "${name}" of the WAV file is ${size} octets long.`)
      if (this.#held.length < chunkHeadBytes + size) return 'more'
      const problem = this.#keep(name, this.#held.subarray(chunkHeadBytes, chunkHeadBytes + size))
      if (problem) return problem
    }
    this.#skip = chunkHeadBytes + size + (size & 1)
    return 'next'
  }

  #keep(name: string, body: Uint8Array): PlayFailure | undefined {
    if (name === 'ds64') {
      const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
      if (body.length >= ds64DataSizeAt + 8) this.#ds64Size = Number(view.getBigUint64(ds64DataSizeAt, true))
      return undefined
    }
    const format = parseWavFormat(body)
    if (format instanceof PlayFailure) return format
    this.#format = format
    return undefined
  }

  #data(size: number): 'next' | PlayFailure {
    if (!this.#format) return new PlayFailure('damaged', 'The WAV file has samples before their format.')
    this.#held = this.#held.subarray(chunkHeadBytes)
    const known = size === unknownSize ? this.#ds64Size : size
    this.#left = known === 0 ? Number.POSITIVE_INFINITY : known
    return 'next'
  }

  #samples(): void {
    const format = this.#format
    if (!format || this.#left === undefined) return
    const { channels, sampleBytes, read } = format
    const block = channels * sampleBytes
    const count = Math.floor(Math.min(this.#left, this.#held.length) / block)
    if (count > 0) {
      const view = new DataView(this.#held.buffer, this.#held.byteOffset, this.#held.byteLength)
      const pcm = new Int16Array(count)
      for (let index = 0; index < count; index += 1) {
        let sum = 0
        for (let channel = 0; channel < channels; channel += 1) sum += read(view, index * block + channel * sampleBytes)
        pcm[index] = Math.round(sum / channels)
      }
      this.#audible = true
      this.#sink(pcm, format.sampleRate)
    }
    this.#left -= count * block
    this.#held = this.#left < block ? new Uint8Array(0) : this.#held.slice(count * block)
  }
}
