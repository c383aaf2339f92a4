import { describe, expect, it } from 'vitest'
import { ToneGenerator } from '../dsp/tone.ts'
import { opus } from './opus.ts'
import { QuietPackets } from './quiet-packets.ts'

const packet = (...octets: number[]) => ({ bytes: Uint8Array.from([...octets, 255]), length: octets.length })

function settled(...packets: ReturnType<typeof packet>[]): QuietPackets {
  const quiet = new QuietPackets()
  for (let count = 0; count < 40; count += 1) {
    const next = packets[count % packets.length]
    if (next) quiet.decoded(next, false)
  }
  return quiet
}

describe('quiet packets', () => {
  it('are covered once the same few were inaudible for half a second', () => {
    const quiet = new QuietPackets()
    for (let count = 0; count < 25; count += 1) {
      expect(quiet.covers(packet(1, 2))).toBe(false)
      quiet.decoded(packet(1, 2), false)
    }
    expect(quiet.covers(packet(1, 2))).toBe(true)
    expect(quiet.covers(packet(1, 3))).toBe(false)
    expect(quiet.covers(packet(1))).toBe(false)
    const four = settled(packet(1), packet(2), packet(3), packet(4))
    for (let kind = 1; kind <= 4; kind += 1) expect(four.covers(packet(kind))).toBe(true)
  })

  it('are not covered after anything audible, unknown or made up', () => {
    for (const disturb of [
      (quiet: QuietPackets) => quiet.decoded(packet(9), true),
      (quiet: QuietPackets) => quiet.decoded(packet(9), false),
      (quiet: QuietPackets) => quiet.forget(),
    ]) {
      const quiet = settled(packet(1))
      disturb(quiet)
      expect(quiet.covers(packet(1))).toBe(false)
    }
  })

  it('leave a talker who begins after them as he would be without', async () => {
    await opus.prepare()
    const encoder = opus.createEncoder(16_000)
    const decoder = opus.createDecoder(16_000)
    await new Promise((resolve) => setImmediate(resolve))
    const tone = new ToneGenerator({ frequency: 440, sampleRate: 16_000, levelDbov: -20 })
    const bytes = new Uint8Array(1000)
    const pcm = new Int16Array(320)
    const out = new Int16Array(320)
    let onset = 0
    for (let frame = 0; frame < 210; frame += 1) {
      if (frame >= 200) tone.fill(pcm)
      const length = encoder.encode(pcm, bytes, 0)
      decoder.decode({ bytes, length }, out, 0)
      if (frame < 200) expect(Math.max(...out.map(Math.abs))).toBeLessThanOrEqual(8)
      onset = Math.max(onset, ...out.map(Math.abs))
    }
    // −20 dBov of a sine peaks at 4,634.
    expect(onset).toBeGreaterThan(3500)
    expect(onset).toBeLessThan(6000)
    encoder.close()
    decoder.close()
  })
})
