// What the far end is told of the caller.
import { describe, expect, it } from 'vitest'
import { address } from './call-row.ts'
import { callerOf, withholds } from './caller-identity.ts'

const fromOf = (target: string, type: 'tel' | 'sip' = 'sip') =>
  callerOf({ source: address(type, target), anonymous: false, domain: 'sip.test' }).from.uri

describe('From', () => {
  it.each([
    ['+15550100', 'sip:+15550100@sip.test'],
    ['tel:+15550100', 'sip:+15550100@sip.test'],
    ['alice@example.com', 'sip:alice@example.com'],
    ['sip:alice@example.com', 'sip:alice@example.com'],
    ['', 'sip:partyline@sip.test'],
    ['a b', 'sip:partyline@sip.test'],
    ['a>\r\nVia: x', 'sip:partyline@sip.test'],
    ['a@b@c', 'sip:partyline@sip.test'],
    ['alice:secret@example.com', 'sip:partyline@sip.test'],
    ['ä', 'sip:%C3%A4@sip.test'],
  ])('of %j is %s', (target, uri) => {
    expect(fromOf(target)).toBe(uri)
  })

  it('shows no control characters of a name', () => {
    const source = { ...address('sip', 'a@b'), target_name: 'A\r\nVia: x' }
    expect(callerOf({ source, anonymous: false, domain: 'd' }).from.displayName).toBe('A Via: x')
  })
})

describe('anonymous', () => {
  it('withholds what was withheld from us unless told otherwise', () => {
    const hidden = address('sip', 'anonymous@anonymous.invalid')
    expect(['', 'auto', 'no', 'yes'].map((word) => withholds(word, hidden))).toEqual([true, true, false, true])
    expect(['', 'auto', 'no', 'yes'].map((word) => withholds(word, address('sip', 'a@b')))).toEqual([
      false,
      false,
      false,
      true,
    ])
    expect(() => withholds('maybe', hidden)).toThrow('anonymous must be')
  })

  it('asserts nothing that is not known', () => {
    const caller = callerOf({ source: address('sip', 'anonymous@anonymous.invalid'), anonymous: true, domain: 'd' })
    expect(caller.trusted).toEqual([])
    expect(caller.headers).toEqual([{ name: 'Privacy', value: 'id' }])
  })
})
