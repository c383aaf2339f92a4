// What tests of playing share: files made by hand, and decoding or pumping all of them at once.
import type { Clock } from '../../base/time.ts'
import { ToneGenerator } from '../../dsp/tone.ts'
import { createRingMemory, SampleRing } from '../recording/sample-ring.ts'
import type { ByteSource } from './byte-source.ts'
import type { PlayFailure } from './play-failure.ts'
import { pumpPlay } from './play-pump.ts'
import { createStreamDecoder, sniff } from './stream-decoder.ts'

export interface WavShape {
  readonly format: number
  readonly bits: number
  readonly rate: number
  readonly channels: number
}

/** Samples −1 … 1 as one channel of the format has them. */
const writers: Readonly<Record<string, (view: DataView, at: number, value: number) => void>> = {
  '1-8': (view, at, value) => view.setUint8(at, Math.round(value * 127) + 128),
  '1-16': (view, at, value) => view.setInt16(at, Math.round(value * 32_767), true),
  '1-24': (view, at, value) => {
    const sample = Math.round(value * 8_388_607)
    view.setUint8(at, sample & 0xff)
    view.setInt16(at + 1, sample >> 8, true)
  },
  '1-32': (view, at, value) => view.setInt32(at, Math.round(value * 2_147_483_647), true),
  '3-32': (view, at, value) => view.setFloat32(at, value, true),
  '3-64': (view, at, value) => view.setFloat64(at, value, true),
}

/** A WAV file of a second of a 1 kHz sine at −10 dBov, with a chunk of odd length before its samples. */
export function toneWav({ format, bits, rate, channels }: WavShape): Uint8Array {
  const pcm = new Int16Array(rate)
  new ToneGenerator({ frequency: 1000, sampleRate: rate, levelDbov: -10 }).fill(pcm)
  const bytes = bits / 8
  const data = Buffer.alloc(rate * channels * bytes)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const write = writers[`${format}-${bits}`]
  for (let index = 0; index < rate * channels; index += 1)
    write?.(view, index * bytes, (pcm[Math.floor(index / channels)] ?? 0) / 32_768)
  return riff([
    ['fmt ', wavFmt({ format, bits, rate, channels })],
    ['LIST', Buffer.from('odd')],
    ['data', data],
  ])
}

export function wavFmt({ format, bits, rate, channels }: WavShape): Buffer {
  const fmt = Buffer.alloc(16)
  fmt.writeUInt16LE(format, 0)
  fmt.writeUInt16LE(channels, 2)
  fmt.writeUInt32LE(rate, 4)
  fmt.writeUInt32LE((rate * channels * bits) / 8, 8)
  fmt.writeUInt16LE((channels * bits) / 8, 12)
  fmt.writeUInt16LE(bits, 14)
  return fmt
}

export function riff(chunks: readonly (readonly [string, Buffer])[]): Buffer {
  const parts = chunks.flatMap(([name, body]) => {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(body.length)
    return [Buffer.from(name), size, body, Buffer.alloc(body.length & 1)]
  })
  const size = Buffer.alloc(4)
  size.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 4))
  return Buffer.concat([Buffer.from('RIFF'), size, Buffer.from('WAVE'), ...parts])
}

export interface Decoded {
  readonly pcm: Int16Array
  readonly rate: number
  readonly failure: PlayFailure | undefined
}

/** Everything that is in a stream, fed in pieces of that length; undefined when its format is not known. */
export async function decodeAll(bytes: Uint8Array, piece: number): Promise<Decoded | undefined> {
  const format = sniff(bytes)
  if (!format) return undefined
  const parts: Int16Array[] = []
  let rate = 0
  const decoder = await createStreamDecoder(format, (pcm, sampleRate) => {
    parts.push(pcm)
    rate = sampleRate
  })
  let failure: PlayFailure | undefined
  for (let at = 0; at < bytes.length && !failure; at += piece) failure = decoder.push(bytes.subarray(at, at + piece))
  failure ??= decoder.end()
  decoder.free()
  return { pcm: joined(parts), rate, failure }
}

export function joined(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export function bytesSource(bytes: Uint8Array, piece = 1000): ByteSource {
  let at = 0
  return {
    async read() {
      const next = bytes.subarray(at, at + piece)
      at += next.length
      return next.length === 0 ? undefined : next
    },
    close: async () => undefined,
  }
}

/** Everything that a source becomes at a rate; the ring is emptied whenever the pump waits. Stops after `mostSamples`. */
export async function pumpAll(
  open: () => Promise<ByteSource>,
  options: { readonly rate: number; readonly loop?: boolean; readonly gainDb?: number; readonly mostSamples?: number },
): Promise<Int16Array> {
  const ring = new SampleRing(createRingMemory(32_768))
  const parts: Int16Array[] = []
  const abort = new AbortController()
  let samples = 0
  const empty = (): void => {
    while (ring.readBlock({ audio: (pcm) => void parts.push(pcm.slice()), silence: () => undefined }))
      samples += parts.at(-1)?.length ?? 0
    if (samples >= (options.mostSamples ?? Number.POSITIVE_INFINITY)) abort.abort()
  }
  const clock: Pick<Clock, 'after'> = {
    after(_, run) {
      empty()
      const immediate = setImmediate(run)
      return { cancel: () => clearImmediate(immediate) }
    },
  }
  const { rate, loop = false, gainDb = 0 } = options
  await pumpPlay({ ring, rate, open, loop, gainDb, clock, signal: abort.signal, started: () => undefined })
  empty()
  return joined(parts)
}
