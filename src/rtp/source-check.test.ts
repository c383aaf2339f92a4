import { describe, expect, it } from 'vitest'
import { SourceCheck } from './source-check.ts'

const signalled = { address: '192.0.2.1', port: 4000 }
const natted = { address: '198.51.100.1', port: 61_000 }
const stranger = { address: '203.0.113.9', port: 5000 }
const packet = (sequence: number, ssrc = 1) => ({
  marker: false,
  payloadType: 0,
  sequence: sequence & 0xffff,
  timestamp: 0,
  ssrc,
})

describe('source check', () => {
  it('sends where it was told until media comes, then back to where it came from', () => {
    const check = new SourceCheck(signalled)
    expect(check.destination).toEqual(signalled)
    expect(check.accept(natted, packet(1), 0)).toBe(true)
    expect(check.destination).toEqual(natted)
  })

  it('refuses a stranger while the source speaks, also with the same SSRC', () => {
    const check = new SourceCheck(signalled)
    check.accept(natted, packet(1), 0)
    for (let index = 2; index < 50; index += 1) {
      expect(check.accept(natted, packet(index), index * 20)).toBe(true)
      expect(check.accept(stranger, packet(index + 1), index * 20 + 10)).toBe(false)
    }
    expect(check.destination).toEqual(natted)
  })

  it('gives way to the signalled address', () => {
    const check = new SourceCheck(signalled)
    check.accept(stranger, packet(1), 0)
    expect(check.accept(signalled, packet(900, 2), 20)).toBe(true)
    expect(check.accept(stranger, packet(2), 40)).toBe(false)
    expect(check.destination).toEqual(signalled)
  })

  it('follows a stream that goes on from another address after the old one fell silent', () => {
    const check = new SourceCheck(signalled)
    check.accept(natted, packet(65_530), 0)
    const moved = { ...natted, port: 61_001 }
    const verdicts = [0, 1, 2, 3, 4].map((step) => check.accept(moved, packet(65_530 + 40 + step), 800 + step * 20))
    expect(verdicts).toEqual([false, false, false, true, true])
    expect(check.destination).toEqual(moved)
  })

  it('does not follow another stream however long it tries', () => {
    const check = new SourceCheck(signalled)
    check.accept(natted, packet(1), 0)
    for (let index = 0; index < 20; index += 1)
      expect(check.accept(stranger, packet(2 + index, 99), 10_000 + index * 20)).toBe(false)
    for (let index = 0; index < 20; index += 1)
      expect(check.accept(stranger, packet(7 * index), 20_000 + index * 20)).toBe(false)
  })

  it('lets the first that fits win again after another address was signalled', () => {
    const check = new SourceCheck(signalled)
    check.accept(natted, packet(1), 0)
    check.signal(signalled)
    expect(check.destination).toEqual(natted)
    check.signal({ address: '192.0.2.50', port: 4002 })
    expect(check.destination).toEqual({ address: '192.0.2.50', port: 4002 })
    expect(check.accept(stranger, packet(5, 9), 10)).toBe(true)
  })
})
