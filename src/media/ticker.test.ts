import { describe, expect, it } from 'vitest'
import { Ticker } from './ticker.ts'

/** A clock whose timers go off late by what `lateness` says. */
function ticking(lateness: (now: number) => number) {
  let now = 0
  let armed: { at: number; run: () => void } | undefined
  const ticks: number[] = []
  let skipped = 0
  const ticker = new Ticker({
    clock: {
      now: () => now,
      after: (ms, run) => {
        const timer = { at: now + ms, run }
        armed = timer
        return {
          cancel: () => {
            if (armed === timer) armed = undefined
          },
        }
      },
    },
    intervalMs: 20,
    tick: (at) => ticks.push(at),
    skip: (count) => {
      skipped += count
    },
  })
  const run = (until: number): void => {
    while (armed && armed.at + lateness(armed.at) <= until) {
      const timer = armed
      armed = undefined
      now = Math.max(now, timer.at + lateness(timer.at))
      timer.run()
    }
    now = until
  }
  return { ticker, ticks, run, skipped: () => skipped, idle: () => armed === undefined }
}

describe('ticker', () => {
  it('keeps its deadlines without drift though every timer is late', () => {
    const { ticker, ticks, run } = ticking(() => 1.3)
    ticker.start()
    run(10_010)
    expect(ticks).toHaveLength(500)
    expect(ticks.at(-1)).toBeCloseTo(10_001.3)
    expect(ticker.load).toMatchObject({ ticks: 500, skipped: 0, latenessP99: 1.25 })
  })

  it('catches up after a short stall', () => {
    const { ticker, ticks, run, skipped } = ticking((at) => (at === 200 ? 85 : 0))
    ticker.start()
    run(1010)
    expect(ticks).toHaveLength(50)
    expect(skipped()).toBe(0)
  })

  it('skips what cannot be caught up with, and counts it', () => {
    const { ticker, ticks, run, skipped } = ticking((at) => (at === 200 ? 1000 : 0))
    ticker.start()
    run(2010)
    expect(skipped()).toBe(45)
    expect(ticks.length + skipped()).toBe(100)
    expect(ticker.load.latenessMax).toBeGreaterThan(90)
  })

  it('does nothing before it is started and after it is stopped', () => {
    const { ticker, ticks, run, idle } = ticking(() => 0)
    expect(idle()).toBe(true)
    ticker.start()
    run(110)
    ticker.stop()
    expect(idle()).toBe(true)
    run(1000)
    expect(ticks).toHaveLength(5)
    ticker.start()
    run(1050)
    expect(ticks).toHaveLength(7)
  })
})
