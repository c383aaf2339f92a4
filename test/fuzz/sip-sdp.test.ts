// A short run of the text fuzzer on every test run; `fuzzText(seed, count)` serves longer ones.
import { expect, it } from 'vitest'
import { fuzzText, randomFrom } from './fuzz-text.ts'

const mebibyte = 2 ** 20

it('survives mutated SIP and SDP, answering or refusing each, in bounded memory', () => {
  fuzzText(1, 500)
  const before = process.memoryUsage().rss
  const report = fuzzText(20_260_101, 12_000)
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * mebibyte)
  expect(report.inputs).toBe(12_000)
  expect(report.messagesAccepted).toBeGreaterThan(500)
  expect(report.answersMade).toBeGreaterThan(500)
  expect(report.refusals.size).toBeGreaterThan(25)
})

it('draws the same sequence for the same seed', () => {
  const [left, right, other] = [randomFrom(7), randomFrom(7), randomFrom(8)]
  const sequence = (random: (limit: number) => number) => Array.from({ length: 8 }, () => random(1000))
  const first = sequence(left)
  expect(sequence(right)).toEqual(first)
  expect(sequence(other)).not.toEqual(first)
})
