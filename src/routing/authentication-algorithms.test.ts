// Phones that know SHA-256, phones that pass it over, and phones that stop at it all get a challenge they can answer.
import { expect, it } from 'vitest'
import { OfferedAlgorithms } from './authentication-algorithms.ts'

it('offers both to a phone that answers, each time', () => {
  const offered = new OfferedAlgorithms()
  for (let round = 0; round < 3; round += 1) {
    expect(offered.ask('phone')).toEqual(['SHA-256', 'MD5'])
    expect(offered.shown('phone', 'SHA-256')).toEqual(['SHA-256', 'MD5'])
  }
})

it('offers MD5 alone to a phone that left both unanswered, and to no other', () => {
  const offered = new OfferedAlgorithms()
  offered.ask('old phone')
  expect(offered.ask('old phone')).toEqual(['MD5'])
  expect(offered.shown('old phone', 'MD5')).toEqual(['MD5'])
  expect(offered.ask('old phone')).toEqual(['MD5'])
  expect(offered.ask('phone')).toEqual(['SHA-256', 'MD5'])
})

it('offers both again once the phone shows that it knows SHA-256', () => {
  const offered = new OfferedAlgorithms()
  offered.ask('phone')
  offered.ask('phone')
  expect(offered.shown('phone', 'SHA-256')).toEqual(['SHA-256', 'MD5'])
  expect(offered.ask('phone')).toEqual(['SHA-256', 'MD5'])
})

it('remembers a bounded number of phones', () => {
  const offered = new OfferedAlgorithms()
  for (let n = 0; n < 25_000; n += 1) offered.ask(`phone ${n}`)
  expect(offered.size).toBe(20_000)
  expect(offered.ask('phone 0')).toEqual(['SHA-256', 'MD5'])
})
