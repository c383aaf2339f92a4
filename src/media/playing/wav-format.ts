// The `fmt ` chunk of a WAV file and the reading of its samples: PCM of 8 to 32 bits, floating point, and G.711 (RFC 2361).
import { pcma, pcmu } from '../../codec/g711.ts'
import { PlayFailure } from './play-failure.ts'

const tag = { pcm: 1, float: 3, alaw: 6, mulaw: 7, extensible: 0xfffe } as const
const slowest = 1000
const fastest = 192_000
const mostChannels = 8

export interface WavFormat {
  readonly sampleRate: number
  readonly channels: number
  /** Octets of one sample of one channel. */
  readonly sampleBytes: number
  /** One sample as 16 bits. */
  readonly read: (view: DataView, at: number) => number
}

const round16 = (value: number): number => Math.max(-32768, Math.min(32767, Math.round(value)))
const float16 = (value: number): number => (Number.isFinite(value) ? round16(value * 32768) : 0)

const integers: Readonly<Record<number, WavFormat['read']>> = {
  1: (view, at) => (view.getUint8(at) - 128) << 8,
  2: (view, at) => view.getInt16(at, true),
  3: (view, at) => view.getInt16(at + 1, true),
  4: (view, at) => view.getInt16(at + 2, true),
}
const floats: Readonly<Record<number, WavFormat['read']>> = {
  4: (view, at) => float16(view.getFloat32(at, true)),
  8: (view, at) => float16(view.getFloat64(at, true)),
}

/** A table of the 256 samples of a G.711 law. */
function lawReader(codec: typeof pcmu): WavFormat['read'] {
  const pcm = new Int16Array(256)
  codec.createDecoder().decode({ bytes: Uint8Array.from({ length: 256 }, (_, code) => code), length: 256 }, pcm, 0)
  return (view, at) => pcm[view.getUint8(at)] ?? 0
}

/** @param chunk the body of the chunk */
export function parseWavFormat(chunk: Uint8Array): WavFormat | PlayFailure {
  if (chunk.length < 16) return new PlayFailure('damaged', 'The WAV file describes no format.')
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  const named = view.getUint16(0, true)
  const format = named === tag.extensible && chunk.length >= 26 ? view.getUint16(24, true) : named
  const channels = view.getUint16(2, true)
  const sampleRate = view.getUint32(4, true)
  const align = view.getUint16(12, true)
  const bits = view.getUint16(14, true)
  if (channels < 1 || channels > mostChannels || sampleRate < slowest || sampleRate > fastest)
    return new PlayFailure('unsupported', `WAV with ${channels} channels at ${sampleRate} Hz is not played.`)
  const sampleBytes = Math.ceil(bits / 8)
  const read = readerOf(format, sampleBytes)
  if (!read || align !== sampleBytes * channels)
    return new PlayFailure('unsupported', `WAV of format ${format} with ${bits} bits is not played.`)
  return { sampleRate, channels, sampleBytes, read }
}

function readerOf(format: number, sampleBytes: number): WavFormat['read'] | undefined {
  if (format === tag.pcm) return integers[sampleBytes]
  if (format === tag.float) return floats[sampleBytes]
  if (sampleBytes !== 1) return undefined
  if (format === tag.alaw) return lawReader(pcma)
  return format === tag.mulaw ? lawReader(pcmu) : undefined
}
