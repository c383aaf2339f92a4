// Between the octets of WAV files and 16 kHz mono samples, which is what is spoken.
import { OperationalError } from '../../base/errors.ts'
import { PlayFailure } from '../../media/playing/play-failure.ts'
import { RateConverter } from '../../media/playing/rate-converter.ts'
import type { StreamDecoder } from '../../media/playing/stream-decoder.ts'
import { WavDecoder } from '../../media/playing/wav-decoder.ts'

/** Of everything that is spoken, samples per second. */
export const speechRate = 16_000
const wavHeadBytes = 44

/** Gathers what a decoder gives out, at the rate of speech. */
export class Collector {
  readonly #pieces: Int16Array[] = []
  #converter: RateConverter | undefined

  readonly sink = (pcm: Int16Array, rate: number): void => {
    this.#converter ??= new RateConverter(rate, speechRate)
    this.#pieces.push(this.#converter.convert(pcm))
  }

  samples(): Int16Array {
    if (this.#converter) this.#pieces.push(this.#converter.end())
    const all = new Int16Array(this.#pieces.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of this.#pieces) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }
}

/** @param from who made it, for the error. Throws OperationalError. */
export function decodeWav(bytes: Uint8Array, from: string): Int16Array {
  const collector = new Collector()
  return collected(collector, new WavDecoder(collector.sink), { bytes, from })
}

export interface Input {
  readonly bytes: Uint8Array
  readonly from: string
}

/** Decodes all of it. Throws OperationalError. */
export function collected(collector: Collector, decoder: StreamDecoder, { bytes, from }: Input): Int16Array {
  try {
    const failure = decoder.push(bytes) ?? decoder.end()
    if (failure instanceof PlayFailure)
      throw new OperationalError(`${from} answered with audio that cannot be read: ${failure.message}`)
    return collector.samples()
  } finally {
    decoder.free()
  }
}

/** A RIFF file of 16-bit mono PCM. */
export function encodeWav(pcm: Int16Array): Uint8Array {
  const bytes = Buffer.alloc(wavHeadBytes + pcm.length * 2)
  bytes.write('RIFF', 0, 'latin1')
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes.write('WAVEfmt ', 8, 'latin1')
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(speechRate, 24)
  bytes.writeUInt32LE(speechRate * 2, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36, 'latin1')
  bytes.writeUInt32LE(pcm.length * 2, 40)
  for (let index = 0; index < pcm.length; index += 1) bytes.writeInt16LE(pcm[index] ?? 0, wavHeadBytes + index * 2)
  return bytes
}
