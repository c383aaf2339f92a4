import { describe, expect, it } from 'vitest'
import { opus } from '../codec/opus.ts'
import { Encoding } from './encoding.ts'
import { EncodingEffort } from './encoding-effort.ts'

const second = (effort: EncodingEffort, ms: number): void => {
  for (let tick = 0; tick < 50; tick += 1) effort.observe(ms)
}

describe('encoding effort', () => {
  it('goes down within three seconds of long ticks, and comes back step by step', () => {
    const effort = new EncodingEffort()
    expect(effort.complexity).toBe(5)
    for (let count = 0; count < 3; count += 1) second(effort, 15)
    expect(effort.complexity).toBe(0)
    second(effort, 8)
    expect(effort.complexity).toBe(0)
    for (let count = 0; count < 5; count += 1) second(effort, 2)
    expect(effort.complexity).toBe(5)
  })

  it('does not mind one long tick', () => {
    const effort = new EncodingEffort()
    effort.observe(200)
    for (let tick = 0; tick < 49; tick += 1) effort.observe(2)
    expect(effort.complexity).toBe(5)
  })

  it('reaches an encoder with its next frame, once', async () => {
    await opus.prepare()
    const effort = new EncodingEffort()
    const encoding = new Encoding({ codec: opus, rate: 16_000, settings: {}, key: 'opus', effort })
    await new Promise((resolve) => setImmediate(resolve))
    const adjusted: unknown[] = []
    const { encoder } = encoding
    const adjust = encoder.adjust.bind(encoder)
    encoder.adjust = (settings) => {
      adjusted.push(settings)
      adjust(settings)
    }
    const pcm = new Int16Array(320)
    encoding.encode(pcm)
    second(effort, 15)
    encoding.encode(pcm)
    encoding.encode(pcm)
    expect(adjusted).toEqual([{ complexity: 3 }])
    encoding.close()
  })
})
