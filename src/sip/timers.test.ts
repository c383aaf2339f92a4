import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Deadline, TimerQueue } from './timers.ts'

describe('TimerQueue', () => {
  it('runs deadlines in order of time, equal ones in order of setting, and skips cancelled ones', () => {
    const operations = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 50 }), cancels: fc.option(fc.nat(60)) }), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(operations, (steps) => {
        const queue = new TimerQueue()
        const ran: number[] = []
        const set: { at: number; index: number; deadline: Deadline; cancelled: boolean }[] = []
        steps.forEach(({ ms, cancels }, index) => {
          set.push({ at: ms, index, deadline: queue.after(ms, 'test', () => ran.push(index)), cancelled: false })
          const victim = cancels === null ? undefined : set[cancels]
          queue.cancel(victim?.deadline)
          if (victim) victim.cancelled = true
        })
        const expected = set
          .filter(({ cancelled }) => !cancelled)
          .sort((one, other) => one.at - other.at || one.index - other.index)
        expect(queue.size).toBe(expected.length)
        expect(queue.next()?.at).toBe(expected[0]?.at)
        queue.observe(50)
        queue.runDue()
        expect(ran).toEqual(expected.map(({ index }) => index))
        expect(queue.next()).toBeUndefined()
      }),
    )
  })

  it('runs what a deadline sets for now, and leaves what is later', () => {
    const queue = new TimerQueue()
    const ran: string[] = []
    queue.after(10, 'first', () => {
      ran.push('first')
      queue.after(0, 'at once', () => ran.push('at once'))
      queue.after(1, 'later', () => ran.push('later'))
    })
    queue.observe(10)
    queue.runDue()
    expect(ran).toEqual(['first', 'at once'])
    expect(queue.next()).toEqual({ at: 11, why: 'later' })
  })

  it('never goes back in time', () => {
    const queue = new TimerQueue()
    queue.observe(100)
    queue.observe(50)
    expect(queue.now).toBe(100)
  })
})
