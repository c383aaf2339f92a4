// G.711 as the built-in phone speaks and hears it, written straight from the formulas of ITU-T G.711.
// Deliberately shares no code with the server, so that a mistake on one side cannot hide itself on the other.

export type PhoneCodec = 'PCMU' | 'PCMA'

const bias = 0x84
const clip = 32635

function expandMu(octet: number): number {
  const value = ~octet & 0xff
  const magnitude = ((((value & 0x0f) << 3) + bias) << ((value >> 4) & 7)) - bias
  return value & 0x80 ? -magnitude : magnitude
}

function expandA(octet: number): number {
  const value = octet ^ 0x55
  const segment = (value >> 4) & 7
  const mantissa = ((value & 0x0f) << 4) + 8
  const magnitude = segment === 0 ? mantissa : (mantissa + 0x100) << (segment - 1)
  return value & 0x80 ? magnitude : -magnitude
}

function compressMu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), clip) + bias
  const segment = 24 - Math.clz32(magnitude)
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff
}

function compressA(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32767) >> 4
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude)
  const mantissa = segment < 2 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f
  return (sign | (segment << 4) | mantissa) ^ 0x55
}

const tables = { PCMU: new Int16Array(256), PCMA: new Int16Array(256) }
for (let octet = 0; octet < 256; octet += 1) {
  tables.PCMU[octet] = expandMu(octet)
  tables.PCMA[octet] = expandA(octet)
}

export const payloadTypes: Readonly<Record<PhoneCodec, number>> = { PCMU: 0, PCMA: 8 }

/** Octets to linear 16-bit samples at 8 kHz. */
export function decode(codec: PhoneCodec, payload: Uint8Array): Int16Array {
  const table = tables[codec]
  const samples = new Int16Array(payload.length)
  for (let index = 0; index < payload.length; index += 1) samples[index] = table[payload[index] ?? 0] ?? 0
  return samples
}

/** Linear 16-bit samples at 8 kHz to octets. */
export function encode(codec: PhoneCodec, samples: Int16Array): Uint8Array {
  const compress = codec === 'PCMU' ? compressMu : compressA
  return Uint8Array.from(samples, compress)
}
