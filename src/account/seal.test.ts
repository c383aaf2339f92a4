import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { OperationalError } from '../base/errors.ts'
import { openSecret, sealSecret } from './seal.ts'

const key = randomBytes(32)

test('a sealed secret opens with its key, and looks different each time', () => {
  const sealed = sealSecret('a channel secret ü', key)
  expect(sealed).not.toContain('channel')
  expect(openSecret(sealed, key)).toBe('a channel secret ü')
  expect(sealSecret('a channel secret ü', key)).not.toBe(sealed)
})

test('an empty secret stays empty', () => {
  expect(sealSecret('', key)).toBe('')
  expect(openSecret('', key)).toBe('')
})

test('another key, a changed byte or a cut text is refused', () => {
  const sealed = sealSecret('secret', key)
  const bytes = Buffer.from(sealed.slice(3), 'base64')
  const changes = [...bytes.keys()].map((index) => {
    const copy = Buffer.from(bytes)
    copy[index] = (copy[index] ?? 0) ^ 1
    return `v1.${copy.toString('base64')}`
  })
  for (const bad of [...changes, sealed.slice(0, 20), 'plain text', 'v1.']) {
    expect(() => openSecret(bad, key)).toThrow(OperationalError)
  }
  expect(() => openSecret(sealed, randomBytes(32))).toThrow(OperationalError)
})
