import { expect, test } from 'vitest'
import { deliveredNumbers, dialledNumber, isVirtual, looksDialled, parseE164 } from './e164.ts'
import { phoneDestination } from './phone-destination.ts'

test.each([
  ['+4930123456', '+4930123456'],
  ['+49 (30) 123-456', '+4930123456'],
  ['tel:+1-555-0100;phone-context=x', '+15550100'],
  ['4930123456', undefined],
  ['+0301234567', undefined],
  ['+1234567890123456', undefined],
  ['+1', undefined],
  ['+49301234x', undefined],
  ['', undefined],
])('%s is the E.164 number %s', (text, number) => expect(parseE164(text)).toBe(number))

test('00 is dialled for the plus; what has neither is a national or short number', () => {
  expect(dialledNumber('004930123456')).toBe('+4930123456')
  expect(dialledNumber('2125551234')).toBeUndefined()
  expect(dialledNumber('112')).toBeUndefined()
})

test('a carrier may leave the plus out', () => {
  expect(deliveredNumbers('4930123456')).toEqual(['+4930123456'])
  expect(deliveredNumbers('+4930123456;npdi')).toEqual(['+4930123456'])
  expect(deliveredNumbers('004930123456')).toEqual(['+4930123456'])
  expect(deliveredNumbers('1001')).toEqual([])
  expect(deliveredNumbers('alice')).toEqual([])
})

test('names are not taken for numbers', () => {
  expect(['1001', '+4930123456', 'alice', '10a', ''].map(looksDialled)).toEqual([true, true, false, false, false])
  expect([isVirtual('+899123456789'), isVirtual('+8812345678')]).toEqual([true, false])
})

test.each([
  ['+49 30 123456', 'tel', '+4930123456'],
  ['tel:+4930123456', 'tel', '+4930123456'],
  ['1002', 'extension', '1002'],
  ['extension:1002', 'extension', '1002'],
  ['AGENT:a1', 'agent', 'a1'],
  ['conference:c1', 'conference', 'c1'],
  ['line:U123', 'line', 'U123'],
  ['sip:bob@example.com', 'sip', 'bob@example.com'],
  ['web:1', 'extension', 'web:1'],
])('a phone that dials %s means %s %s', (user, type, target) =>
  expect(phoneDestination(user)).toMatchObject({ type, target }),
)

test.each(['', '  ', 'agent:', 'tel:030', '+', '+49x'])('a phone that dials "%s" means nobody', (user) =>
  expect(phoneDestination(user)).toBeUndefined(),
)
