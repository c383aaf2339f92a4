import { describe, expect, it } from 'vitest'
import { pcmu } from '../codec/g711.ts'
import { PacketView, writeHeader } from './packet.ts'
import { Playout, type PlayoutFrame } from './playout.ts'

/** A buffer fed with packets whose every sample is the packet's own value, so that order can be read off the output. */
function buffered() {
  const playout = new Playout(pcmu.createDecoder(), { clockRate: 8000 })
  const frame = new Int16Array(160)
  const view = new PacketView()
  const feed = (
    index: number,
    now: number,
    options: { readonly gap?: number; readonly sequence?: number; readonly samples?: number } = {},
  ): void => {
    const samples = options.samples ?? 160
    const bytes = new Uint8Array(12 + samples)
    const timestamp = (4_294_960_000 + index * samples + (options.gap ?? 0)) >>> 0
    writeHeader(bytes, {
      marker: false,
      payloadType: 0,
      sequence: (options.sequence ?? 65_530 + index) & 0xffff,
      timestamp,
      ssrc: 1,
    })
    pcmu.createEncoder().encode(new Int16Array(samples).fill(1000 * (1 + (index % 20))), bytes, 12)
    view.parse(bytes)
    playout.insert(view, now)
  }
  const pull = (now: number): PlayoutFrame => playout.pull(frame, now)
  const value = (at = 100): number => Math.round((frame[at] ?? 0) / 1000) - 1
  return { playout, frame, feed, pull, value }
}

describe('playout', () => {
  it('waits before it begins, so that phase makes no holes', () => {
    const { feed, pull } = buffered()
    feed(0, 0)
    expect(pull(7)).toBe('idle')
    feed(1, 20)
    expect(pull(27)).toBe('audio')
  })

  it('plays packets in order over wraps of sequence and timestamp', () => {
    const { feed, pull, value } = buffered()
    const heard: number[] = []
    const arrivals = [[0], [2, 1], [], [3], [5, 4], [], [8, 6, 7], [], [], [9], [10], [11]]
    arrivals.forEach((indexes, position) => {
      for (const index of indexes) feed(index, position * 20)
      if (pull(position * 20 + 15) === 'audio') heard.push(value())
    })
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it('conceals a lost packet and goes on in time', () => {
    const { playout, feed, pull, value } = buffered()
    const heard: string[] = []
    for (let index = 0; index < 8; index += 1) {
      if (index !== 4) feed(index, index * 20)
      const kind = pull(index * 20 + 15)
      heard.push(kind === 'audio' ? String(value()) : kind)
    }
    expect(heard).toEqual(['0', '1', '2', '3', 'concealed', '5', '6', '7'])
    expect(playout.concealedFrames).toBe(1)
  })

  it('drops duplicates and what comes after its time, and counts the late', () => {
    const { playout, feed, pull, value } = buffered()
    for (let index = 0; index < 6; index += 1) {
      feed(index, index * 20)
      if (index > 2) feed(index - 2, index * 20)
      expect(pull(index * 20 + 15)).toBe('audio')
      expect(value()).toBe(index)
    }
    expect(playout.late).toBe(3)
  })

  it('primes again after an underrun and plays the late packet then', () => {
    const { feed, pull, value } = buffered()
    for (let index = 0; index < 3; index += 1) {
      feed(index, index * 20)
      pull(index * 20 + 12)
    }
    expect(pull(72)).toBe('concealed')
    feed(3, 75)
    feed(4, 82)
    expect(pull(92)).toBe('audio')
    expect(value(159)).toBe(3)
  })

  it('keeps a pause of the sender as silence and does not take it for lateness', () => {
    const { playout, feed, pull, value } = buffered()
    for (let index = 0; index < 3; index += 1) {
      feed(index, index * 20)
      pull(index * 20 + 15)
    }
    const idle = Array.from({ length: 20 }, (_, tick) => pull(75 + tick * 20))
    expect(idle.slice(-10).every((kind) => kind === 'idle')).toBe(true)
    feed(3, 480, { gap: 160 * 21 })
    expect(pull(495)).toBe('audio')
    expect(value(159)).toBe(3)
    expect(playout.target).toBe(1)
  })

  it('fades made-up audio out when nothing more comes', () => {
    const { frame, feed, pull } = buffered()
    for (let index = 0; index < 3; index += 1) {
      feed(index, index * 20)
      pull(index * 20 + 15)
    }
    const kinds = Array.from({ length: 8 }, (_, tick) => pull(75 + tick * 20))
    expect(kinds[0]).toBe('concealed')
    expect(kinds.at(-1)).toBe('idle')
    expect(frame.every((sample) => sample === 0)).toBe(true)
  })

  it('never holds more than eighteen frames', () => {
    const { playout, feed } = buffered()
    for (let index = 0; index < 100; index += 1) feed(index, 0)
    expect(playout.depth).toBeLessThanOrEqual(18)
    expect(playout.depth).toBeGreaterThan(14)
  })

  it('starts over when the sender jumps', () => {
    const { playout, feed, pull, value } = buffered()
    for (let index = 0; index < 4; index += 1) {
      feed(index, index * 20)
      pull(index * 20 + 15)
    }
    feed(4, 80, { gap: 5_000_000 })
    expect(pull(95)).toBe('audio')
    expect(value()).toBe(4)
    playout.restart()
    feed(5, 100, { sequence: 40_000 })
    expect(pull(115)).toBe('audio')
    expect(value(159)).toBe(5)
  })

  it('asks for more delay when packets are late again and again, and for less when they are not', () => {
    const { playout, feed, pull } = buffered()
    let index = 0
    for (; index < 60; index += 1) {
      if (index % 6 !== 0) feed(index, index * 20)
      if (index % 6 === 4) feed(index - 4, index * 20)
      pull(index * 20 + 15)
    }
    expect(playout.target).toBeGreaterThan(1)
    expect(playout.target).toBeLessThanOrEqual(5)
    for (; index < 700; index += 1) {
      feed(index, index * 20)
      pull(index * 20 + 15)
    }
    expect(playout.target).toBe(1)
    expect(playout.depth).toBeLessThanOrEqual(2)
  })
})
