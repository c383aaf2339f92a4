import { describe, expect, it } from 'vitest'
import { seeded } from './recording.fixture.ts'
import { createRingMemory, SampleRing } from './sample-ring.ts'

const pair = (words: number): { writer: SampleRing; reader: SampleRing } => {
  const memory = createRingMemory(words)
  return { writer: new SampleRing(memory), reader: new SampleRing(memory) }
}

describe('sample ring', () => {
  it('gives back every block in order, with its rate, across many wraps', () => {
    const { writer, reader } = pair(4096)
    const random = seeded(1)
    const sent: string[] = []
    const got: string[] = []
    const sink = {
      audio: (samples: Int16Array, rate: number) => got.push(`${rate}:${samples.join()}`),
      silence: (count: number, rate: number) => got.push(`${rate}:-${count}`),
    }
    for (let turn = 0; turn < 5000; turn += 1) {
      const rate = [8000, 16_000, 48_000][Math.floor(random() * 3)] ?? 8000
      if (random() < 0.2) {
        const count = Math.floor(random() * 2 ** 31)
        if (writer.writeSilence(count, rate)) sent.push(`${rate}:-${count}`)
      } else {
        const samples = Int16Array.from({ length: Math.floor(random() * 970) }, () => random() * 65_536 - 32_768)
        if (writer.writeAudio(samples, rate)) sent.push(`${rate}:${samples.join()}`)
      }
      while (random() < 0.5 && reader.readBlock(sink)) {}
    }
    while (reader.readBlock(sink)) {}
    expect(sent.length).toBeGreaterThan(3000)
    expect(got).toEqual(sent)
    expect(writer.used).toBe(0)
  })

  it('refuses what does not fit and goes on once there is room', () => {
    const { writer, reader } = pair(1024)
    const frame = new Int16Array(160).fill(7)
    let written = 0
    while (writer.writeAudio(frame, 8000)) written += 1
    expect(written).toBe(6)
    expect(reader.take(new Int16Array(320))).toBe(320)
    expect(writer.writeAudio(frame, 8000)).toBe(true)
  })

  it('fills frames of any length across blocks', () => {
    const { writer, reader } = pair(2048)
    const random = seeded(2)
    let next = 0
    let expected = 0
    let wrong = 0
    for (let turn = 0; turn < 2000; turn += 1) {
      const block = Int16Array.from({ length: 160 }, (_, index) => (next + index) % 30_000)
      if (writer.writeAudio(block, 8000)) next += 160
      const out = new Int16Array(Math.floor(random() * 400))
      const count = reader.take(out)
      wrong += out.subarray(0, count).filter((sample, index) => sample !== (expected + index) % 30_000).length
      expected += count
    }
    expect(wrong).toBe(0)
    expect(expected).toBeGreaterThan(50_000)
  })
})
