// The fuzzer of the native boundary at its default dose: a few seconds.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtAddon } from './built-addon.ts'
import { fuzzBinding } from './fuzz-binding.ts'

const { addon } = builtAddon()

describe.skipIf(!addon)('fuzzed native boundary', () => {
  it.each([1, 2, 3])('seed %i: RangeErrors and counts only, and every descriptor closed', (seed) => {
    if (!addon) return
    const before = readdirSync('/proc/self/fd').length
    const result = fuzzBinding(addon, seed, 30_000)
    expect(result.thrown).toBeGreaterThan(1000)
    expect(result.received).toBeGreaterThan(1000)
    expect(result.sent).toBeGreaterThan(1000)
    expect(result.badRows).toBeGreaterThan(1000)
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })
})
