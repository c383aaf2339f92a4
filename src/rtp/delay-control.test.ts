import { describe, expect, it } from 'vitest'
import { DelayControl } from './delay-control.ts'

const second = 50

/** A stream of packets of 20 ms, each played `margin` milliseconds after it came. */
class Stream {
  readonly control = new DelayControl(20)
  #frames = 0

  constructor() {
    this.control.begin()
  }

  play(frames: number, { margin = 7, sounds = false, spread = 0 } = {}): void {
    for (let frame = 0; frame < frames; frame += 1) {
      this.#frames += 1
      this.control.arrived(this.#frames % 2 === 0 ? 0 : spread)
      this.control.frame()
      if (sounds) this.control.sounds()
      this.control.played(margin, 0)
    }
  }

  /** Frames played until the delay is to change. */
  untilChange(options: Parameters<Stream['play']>[1]): number {
    let frames = 0
    while (this.control.change === 0 && frames < 1000) {
      this.play(1, options)
      frames += 1
    }
    return frames
  }
}

describe('delay control', () => {
  it('looks at a stream that is silent and well every four seconds, and at one that sounds every second', () => {
    const silent = new Stream()
    silent.play(second)
    expect(silent.control.uneventful).toBe(4 * second - 1)
    const sounding = new Stream()
    for (let frame = 0; frame < 10 * second; frame += 1) {
      sounding.play(1, { sounds: true })
      expect(sounding.control.uneventful).toBeLessThan(second)
    }
  })

  it.each([1, 2, 49, 50, 51, 100, 148, 149, 150, 199])(
    'sees within a second what endangers sound that begins after %i frames of such silence',
    (frames) => {
      const stream = new Stream()
      stream.play(second + frames)
      expect(stream.untilChange({ sounds: true, margin: 2 })).toBeLessThanOrEqual(second + 1)
      expect(stream.control.change).toBeGreaterThan(0)
    },
  )

  it('ends spans together with blocks whenever sound begins', () => {
    for (let frames = 0; frames < 4 * second; frames += 1) {
      const stream = new Stream()
      stream.play(second + frames)
      stream.play(second + 10, { sounds: true })
      const left = stream.control.uneventful
      stream.play(left + 1, { sounds: true })
      // Had either ended before, there would be less.
      expect(stream.control.uneventful).toBe(second - 1)
    }
  })

  it('passes silence in one go to the same end as frame by frame', () => {
    const [one, other] = [new Stream(), new Stream()]
    for (const stream of [one, other]) stream.play(second)
    one.play(150)
    other.control.pass(150, 7)
    for (const stream of [one, other]) stream.play(60, { margin: 1 })
    expect(one.control.change).toBeGreaterThan(0)
    expect(other.control.change).toBe(one.control.change)
    expect(other.control.uneventful).toBe(one.control.uneventful)
  })

  it('comes down from what jitter asked for within ten seconds, also in silence', () => {
    const stream = new Stream()
    stream.play(second)
    for (let frame = 0; frame < 3 * second; frame += 1) {
      stream.play(1, { spread: 100 })
      if (frame % 10 === 0) stream.control.late(60)
    }
    expect(stream.control.target).toBeGreaterThan(3)
    stream.control.changed(stream.control.change)
    stream.play(10 * second)
    expect(stream.control.target).toBe(1)
  })
})
