import { describe, expect, it } from 'vitest'
import { PortRange } from './port-range.ts'

const nothing: ReadonlySet<number> = new Set()

describe('port range', () => {
  it('hands out even ports in rotation, each once', () => {
    const range = new PortRange({ min: 5001, max: 5008 })
    expect([0, 1, 2, 3].map(() => range.take(0, nothing))).toEqual([5002, 5004, 5006, undefined])
  })

  it('lets a port rest before it is used again, while others are free', () => {
    const range = new PortRange({ min: 5000, max: 5005 })
    const first = range.take(0, nothing) ?? 0
    range.release(first, 0)
    expect([1, 2].map((now) => range.take(now, nothing))).toEqual([5002, 5004])
    range.release(5004, 3)
    expect(range.take(4, nothing)).toBe(first)
    expect(range.take(20_000, nothing)).toBe(5004)
  })

  it('passes over ports that somebody else has', () => {
    const range = new PortRange({ min: 5000, max: 5003 })
    const refused = new Set([5000])
    expect(range.take(0, refused)).toBe(5002)
    expect(range.take(0, refused)).toBeUndefined()
  })

  it('begins where it is told', () => {
    expect(new PortRange({ min: 5000, max: 5019 }, 0.5).take(0, nothing)).toBe(5010)
  })
})
