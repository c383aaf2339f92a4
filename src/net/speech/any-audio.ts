// Reads what an endpoint answers, whatever it is of WAV, MP3 and Ogg Opus. Apart from WAV, for the decoders take a while to load.
import { OperationalError } from '../../base/errors.ts'
import { createStreamDecoder, sniff } from '../../media/playing/stream-decoder.ts'
import { Collector, collected } from './wav-bytes.ts'

/** @param from who made it, for the error. Throws OperationalError. */
export async function decodeAudio(bytes: Uint8Array, from: string): Promise<Int16Array> {
  const format = sniff(bytes)
  if (!format) throw new OperationalError(`${from} answered with neither WAV nor MP3 nor Ogg`)
  const collector = new Collector()
  return collected(collector, await createStreamDecoder(format, collector.sink), { bytes, from })
}
