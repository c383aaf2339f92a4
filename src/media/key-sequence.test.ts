// How keys follow one another, frame by frame.
import { describe, expect, it } from 'vitest'
import { KeySequence } from './key-sequence.ts'

/** One letter a frame: the event while it is down, r released, p pause. */
function frames(digits: string, timing: { durationMs: number; intervalMs: number }): string {
  const sequence = new KeySequence()
  sequence.add(digits, timing)
  let text = ''
  for (let phase = sequence.next(); phase !== 'ended'; phase = sequence.next())
    text += phase === 'down' ? sequence.event : phase[0]
  return text
}

describe('a sequence of keys', () => {
  it('holds each key for its time, tells its end twice more, and waits', () => {
    expect(frames('12', { durationMs: 100, intervalMs: 100 })).toBe('11111rrppp22222rr')
  })

  it('leaves two frames between keys that are to follow at once', () => {
    expect(frames('11', { durationMs: 60, intervalMs: 0 })).toBe('111rr111rr')
  })

  it('knows the codes of all keys, small letters as well, and leaves out what is none', () => {
    const sequence = new KeySequence()
    sequence.add('*#Ad x', { durationMs: 20, intervalMs: 0 })
    const events: number[] = []
    for (let phase = sequence.next(); phase !== 'ended'; phase = sequence.next())
      if (phase === 'down') events.push(sequence.event)
    expect(events).toEqual([10, 11, 12, 15])
  })

  it('lets a key go that is held when it is cut, and tells its end three times', () => {
    const sequence = new KeySequence()
    sequence.add('12', { durationMs: 200, intervalMs: 100 })
    const phases: string[] = []
    for (let phase = sequence.next(); phase !== 'ended'; phase = sequence.next()) {
      phases.push(`${phase} ${sequence.heldMs}${sequence.over ? ' over' : ''}`)
      if (phases.length === 2) sequence.cut()
    }
    expect(phases).toEqual(['down 20', 'down 40', 'down 60 over', 'released 60 over', 'released 60 over'])
    sequence.add('3', { durationMs: 20, intervalMs: 0 })
    expect([sequence.next(), sequence.event]).toEqual(['down', 3])
  })

  it('is at its end when it is cut in a pause or before it began', () => {
    for (const frames of [0, 6]) {
      const sequence = new KeySequence()
      sequence.add('12', { durationMs: 40, intervalMs: 200 })
      for (let frame = 0; frame < frames; frame += 1) sequence.next()
      sequence.cut()
      expect(sequence.next()).toBe('ended')
    }
  })

  it('counts what is held, and never more than was asked for', () => {
    const sequence = new KeySequence()
    sequence.add('5', { durationMs: 50, intervalMs: 0 })
    const held: [number, boolean][] = []
    for (let phase = sequence.next(); phase !== 'ended'; phase = sequence.next())
      held.push([sequence.heldMs, sequence.over])
    expect(held).toEqual([
      [20, false],
      [40, false],
      [50, true],
      [50, true],
      [50, true],
    ])
  })
})
