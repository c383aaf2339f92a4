import { expect, test } from 'vitest'
import { frozen, madeOnce } from './frozen.ts'

test('freezes a value with all that is in it', () => {
  const value = frozen({ list: [{ deep: { text: '' } }] })
  expect(() => Object.assign(value.list[0]?.deep ?? {}, { text: 'x' })).toThrow(TypeError)
  expect(() => value.list.push({ deep: { text: '' } })).toThrow(TypeError)
})

test('makes something of a frozen object once, and of one that may change each time', () => {
  const show = madeOnce(({ id }: { id: string }) => ({ shown: id }))
  const [fixed, changing] = [frozen({ id: 'a' }), { id: 'b' }]
  expect(show(fixed)).toBe(show(fixed))
  expect(show(changing)).toEqual({ shown: 'b' })
  changing.id = 'c'
  expect(show(changing)).toEqual({ shown: 'c' })
})
