import { describe, expect, it } from 'vitest'
import { pcma, pcmu } from './g711.ts'

/** Output values of one sign, smallest first, from the step sizes of tables 1a and 2a: sixteen steps a segment, doubling. */
function outputs(law: 'A' | 'µ'): number[] {
  const values: number[] = []
  for (let segment = 0; segment < 8; segment += 1) {
    for (let step = 0; step < 16; step += 1) {
      if (law === 'µ') values.push(4 * ((step * 2 + 33) * 2 ** segment - 33))
      else values.push(segment === 0 ? 16 * step + 8 : 2 ** (segment - 1) * (16 * step + 8 + 256))
    }
  }
  return values
}

/** An interval ends half a step of its own segment above its output; µ-law decides on 14 bits, A-law on 13. */
function decide(law: 'A' | 'µ', magnitude: number): number {
  const rounded = law === 'µ' ? (magnitude >> 2) << 2 : magnitude
  const index = ends[law].findIndex((end) => rounded < end)
  return index < 0 ? 127 : index
}

const ends = { A: endsOf('A'), µ: endsOf('µ') }

function endsOf(law: 'A' | 'µ'): number[] {
  return outputs(law).map((output, index) => {
    const segment = index >> 4
    return output + (law === 'µ' ? 4 * 2 ** segment : 8 * 2 ** Math.max(0, segment - 1))
  })
}

/** The law as the standard's tables read it: sign bit set for positive, then the inversions of §3.2 and table 1a note 2. */
function reference(law: 'A' | 'µ', sample: number): number {
  const magnitude = sample < 0 ? -sample - 1 : sample
  const code = decide(law, magnitude) | (sample < 0 ? 0 : 0x80)
  return law === 'µ' ? code ^ 0x7f : code ^ 0x55
}

describe.each([
  ['µ', pcmu],
  ['A', pcma],
] as const)('G.711 %s-law', (law, codec) => {
  it('encodes all 65,536 samples as the tables of the standard say', () => {
    const samples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768)
    const codes = new Uint8Array(65_536)
    expect(codec.createEncoder().encode(samples, codes, 0)).toBe(65_536)
    const wrong = samples.filter((sample, index) => codes[index] !== reference(law, sample))
    expect([...wrong.slice(0, 5)]).toEqual([])
  })

  it('decodes all 256 codes as the tables of the standard say', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, code) => code)
    const pcm = new Int16Array(256)
    codec.createDecoder().decode({ bytes, length: 256 }, pcm, 0)
    const values = outputs(law)
    for (let code = 0; code < 256; code += 1) {
      const bits = law === 'µ' ? code ^ 0x7f : code ^ 0x55
      const value = values[bits & 0x7f] ?? Number.NaN
      expect(Math.abs(pcm[code] ?? Number.NaN), `code ${code}`).toBe(value)
      if (value !== 0) expect((pcm[code] ?? 0) > 0, `sign of ${code}`).toBe(bits >= 128)
    }
  })

  it('gives every code back after decoding, but for the negative zero', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, code) => code)
    const pcm = new Int16Array(256)
    const again = new Uint8Array(256)
    codec.createDecoder().decode({ bytes, length: 256 }, pcm, 0)
    codec.createEncoder().encode(pcm, again, 0)
    const changed = [...bytes].filter((code) => again[code] !== code)
    expect(changed).toEqual(law === 'µ' ? [0x7f] : [])
  })

  it('encodes silence as the far end expects it', () => {
    const code = new Uint8Array(1)
    codec.createEncoder().encode(new Int16Array(1), code, 0)
    expect(code[0]).toBe(law === 'µ' ? 0xff : 0xd5)
  })
})
