import { describe, expect, it } from 'vitest'
import { TalkDetector } from './talk-detector.ts'

/** Frames at which it changed, for levels of so many frames each. */
function changes(...levels: readonly (readonly [level: number, frames: number])[]): number[] {
  const detector = new TalkDetector()
  const found: number[] = []
  let frame = 0
  for (const [level, frames] of levels) {
    for (let count = 0; count < frames; count += 1) {
      frame += 1
      if (detector.frame(level)) found.push(frame)
    }
  }
  return found
}

describe('talk detection', () => {
  it('starts after three frames and stops after 35', () => {
    expect(changes([-127, 50], [-20, 100], [-127, 100])).toEqual([53, 185])
  })

  it('is not started by a click, nor stopped by a pause between words', () => {
    expect(changes([-70, 50], [-15, 2], [-70, 50])).toEqual([])
    expect(changes([-70, 50], [-20, 50], [-70, 30], [-20, 50], [-70, 30], [-20, 50])).toEqual([53])
  })

  it('holds between its two thresholds', () => {
    expect(changes([-70, 50], [-30, 50], [-48, 100])).toEqual([53])
    expect(changes([-70, 50], [-48, 100])).toEqual([])
  })

  it('learns a noisy room, and hears speech above it', () => {
    const noise = changes([-38, 3000])
    expect(noise.length % 2).toBe(0)
    expect(changes([-38, 3000], [-20, 50]).length).toBe(noise.length + 1)
  })
})
