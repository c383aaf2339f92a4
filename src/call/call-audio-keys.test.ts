import { describe, expect, it } from 'vitest'
import { KeyMerger, readInfoKey } from './call-audio-keys.ts'

describe('the key of an INFO', () => {
  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5', 160],
    ['Application/DTMF-Relay; charset=utf-8', 'Duration = 100\nSignal = #', '#', 100],
    ['application/dtmf-relay', 'Signal=11\r\nDuration=160', '#', 160],
    ['application/dtmf-relay', 'Signal=d\r\n', 'D', 250],
    ['application/dtmf-relay', 'Signal=1\r\nDuration=soon', '1', 250],
    ['application/dtmf-relay', 'Signal=1\r\nDuration=99999999', '1', 5000],
    ['application/dtmf', '10', '*', 250],
    ['application/dtmf', '7\r\n', '7', 250],
  ])('%s %j is %s', (contentType, body, digit, durationMs) => {
    expect(readInfoKey(contentType, body)).toEqual({ digit, durationMs })
  })

  it.each([
    ['application/dtmf-relay', ''],
    ['application/dtmf-relay', 'Signal=\r\nDuration=160'],
    ['application/dtmf-relay', 'Signal=16'],
    ['application/dtmf-relay', 'XSignal=1'],
    ['application/dtmf', 'hello'],
    ['text/plain', '5'],
    ['', '5'],
  ])('%s %j is none', (contentType, body) => {
    expect(readInfoKey(contentType, body)).toBeUndefined()
  })
})

describe('keys that come on two paths', () => {
  const five = { digit: '5', durationMs: 100 }

  it('count once each, in whichever order they are told', () => {
    const merger = new KeyMerger()
    expect(merger.isNew('info', five, 0)).toBe(true)
    expect(merger.isNew('event', five, 120)).toBe(false)
    expect(merger.isNew('event', five, 1000)).toBe(true)
    expect(merger.isNew('event', five, 1100)).toBe(true)
    expect(merger.isNew('info', five, 1110)).toBe(false)
    expect(merger.isNew('info', five, 1200)).toBe(false)
  })

  it('count again on the same path, however soon, and on another when they are another or much later', () => {
    const merger = new KeyMerger()
    expect(merger.isNew('info', five, 0)).toBe(true)
    expect(merger.isNew('info', five, 50)).toBe(true)
    expect(merger.isNew('event', { digit: '6', durationMs: 100 }, 60)).toBe(true)
    expect(merger.isNew('event', five, 700)).toBe(true)
  })

  it('are known by the longer of their durations', () => {
    const merger = new KeyMerger()
    expect(merger.isNew('info', five, 0)).toBe(true)
    expect(merger.isNew('event', { digit: '5', durationMs: 2000 }, 2050)).toBe(false)
  })
})
