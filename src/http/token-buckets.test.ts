import { expect, test } from 'vitest'
import { TokenBuckets } from './token-buckets.ts'

const handClock = () => {
  const clock = { ms: 0, now: () => clock.ms }
  return clock
}

test('lets a burst through, then the sustained rate, and says how long to wait', () => {
  const clock = handClock()
  const buckets = new TokenBuckets({ rate: 2, burst: 3 }, clock)
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 1])
  clock.ms += 500
  expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 1])
  clock.ms += 60_000
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 1])
})

test('rounds the wait up to whole seconds', () => {
  const buckets = new TokenBuckets({ rate: 0.1, burst: 1 }, handClock())
  buckets.take('a')
  expect(buckets.take('a')).toBe(10)
})

test('keeps no more buckets than its capacity, and the used ones longest', () => {
  const buckets = new TokenBuckets({ rate: 1, burst: 1 }, handClock(), 100)
  buckets.take('busy')
  for (let index = 0; index < 10_000; index += 1) {
    buckets.take(`address ${index}`)
    if (index % 50 === 0) expect(buckets.take('busy')).toBe(1)
  }
  expect(buckets.size).toBe(100)
})

test('is no limit at a rate of 0, and keeps nothing', () => {
  const buckets = new TokenBuckets({ rate: 0, burst: 0 }, handClock())
  expect(buckets.take('a')).toBe(0)
  expect(buckets.size).toBe(0)
})
