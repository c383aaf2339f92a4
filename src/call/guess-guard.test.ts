import { expect, it } from 'vitest'
import { GuessGuard } from './guess-guard.ts'

it('answers the first wrong hashes at once, then ever more slowly, up to a limit', () => {
  const guard = new GuessGuard()
  const delays = Array.from({ length: 30 }, () => guard.miss('192.0.2.1', 0).delayMs)
  expect(delays.slice(0, 10).every((delay) => delay === 0)).toBe(true)
  expect(delays[10]).toBeGreaterThan(0)
  expect(delays.at(-1)).toBe(8_000)
  expect(guard.miss('192.0.2.2', 0).delayMs).toBe(0)
})

it('forgives after a minute', () => {
  const guard = new GuessGuard()
  for (let guess = 0; guess < 30; guess += 1) guard.miss('192.0.2.1', 0)
  expect(guard.miss('192.0.2.1', 60_001)).toEqual({ delayMs: 0, misses: 1 })
})
