import { expect, test } from 'vitest'
import { UserError } from '../base/errors.ts'
import { seedVariables } from './variables.ts'

const many = (count: number, size: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`k${String(index).padStart(3, '0')}`, 'x'.repeat(size)]),
  )

test("strings go through, the server's own names do not", () => {
  expect(seedVariables({ a: 'b', 'voipbin.call.id': 'x', voipbin: 'y' })).toEqual({ a: 'b', voipbin: 'y' })
  expect(seedVariables(undefined)).toEqual({})
})

test.each([
  ['101 keys', many(101, 1), 0],
  ['100 keys', many(100, 1), 100],
  ['a value over 32 KiB', many(1, 32 * 1024 + 1), 0],
  ['a value of 32 KiB', many(1, 32 * 1024), 1],
  ['over 64 KiB in all', many(3, 24 * 1024), 0],
  ['less than 64 KiB in all', many(3, 21 * 1024), 3],
])('%s', (_, variables, kept) => {
  expect(Object.keys(seedVariables(variables))).toHaveLength(kept)
})

test.each([null, [], 'text', 5, { a: 1 }, { a: null }, { a: { b: 'c' } }])('%j is refused', (value) => {
  expect(() => seedVariables(value)).toThrow(UserError)
})
