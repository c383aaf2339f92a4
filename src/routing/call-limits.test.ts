import { expect, test } from 'vitest'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { UserError } from '../base/errors.ts'
import { createCallLimits } from './call-limits.ts'

/** How many of `count` calls are let in. */
function entered(limits: ReturnType<typeof createCallLimits>, customer: string, count: number): number {
  let admitted = 0
  for (let call = 0; call < count; call += 1) {
    try {
      limits.enter(customer, 'outgoing')
      admitted += 1
    } catch (error) {
      expect(error).toBeInstanceOf(UserError)
      expect(error).toMatchObject({ code: 'LIMIT_REACHED' })
    }
  }
  return admitted
}

test('a customer has so many calls at once, whatever others have', async () => {
  const clock = new VirtualClock()
  const limits = createCallLimits({ maxCalls: 3, callsPerSecond: 100 }, clock)
  expect([entered(limits, 'a', 5), entered(limits, 'b', 5)]).toEqual([3, 3])
  limits.leave('a', 'outgoing')
  limits.leave('a', 'outgoing')
  expect(entered(limits, 'a', 5)).toBe(2)
  expect(() => limits.enter('a', 'outgoing')).toThrow(/3 calls at once, the most that PARTYLINE_MAX_CALLS allows/)
})

test('calls begin no faster than allowed, by the clock that nobody sets', async () => {
  const clock = new VirtualClock()
  const limits = createCallLimits({ maxCalls: 0, callsPerSecond: 10 }, clock)
  expect(entered(limits, 'a', 30)).toBe(10)
  expect(() => limits.enter('a', 'outgoing')).toThrow(/PARTYLINE_CALLS_PER_SECOND \(10\)/)
  await clock.advance(500)
  expect(entered(limits, 'a', 30)).toBe(5)
  await clock.advance(60_000)
  expect(entered(limits, 'a', 30)).toBe(10)
})

test('ending calls at once does not give their pace back', async () => {
  const limits = createCallLimits({ maxCalls: 5, callsPerSecond: 10 }, new VirtualClock())
  let admitted = 0
  for (let call = 0; call < 30; call += 1) {
    const one = entered(limits, 'a', 1)
    if (one === 1) limits.leave('a', 'outgoing')
    admitted += one
  }
  expect(admitted).toBe(10)
})

test('a call refused for its number does not use up the pace', async () => {
  const limits = createCallLimits({ maxCalls: 1, callsPerSecond: 3 }, new VirtualClock())
  expect(entered(limits, 'a', 10)).toBe(1)
  limits.leave('a', 'outgoing')
  expect(entered(limits, 'a', 10)).toBe(1)
})

test('0 switches a limit off, and leaving without a call changes nothing', async () => {
  const limits = createCallLimits({ maxCalls: 0, callsPerSecond: 0 }, new VirtualClock())
  expect(entered(limits, 'a', 10_000)).toBe(10_000)
  const one = createCallLimits({ maxCalls: 1, callsPerSecond: 10 }, new VirtualClock())
  one.leave('a', 'outgoing')
  one.enter('a', 'outgoing')
  one.leave('a', 'outgoing')
  one.leave('a', 'outgoing')
  expect(entered(one, 'a', 5)).toBe(1)
})

test('calls that come in are not counted', () => {
  const limits = createCallLimits({ maxCalls: 1, callsPerSecond: 1 }, { now: () => 0 })
  for (let count = 0; count < 100; count += 1) limits.enter('a', 'incoming')
  limits.enter('a', 'outgoing')
  limits.leave('a', 'incoming')
  expect(() => limits.enter('a', 'outgoing')).toThrow(/PARTYLINE_MAX_CALLS/)
})
