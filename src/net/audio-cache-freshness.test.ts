import { describe, expect, it } from 'vitest'
import { conditionsOf, freshnessOf } from './audio-cache-freshness.ts'

const date = 'Fri, 15 Jan 2027 08:00:00 GMT'
const nowMs = Date.parse(date)
const freshMs = (headers: Record<string, string>): number => freshnessOf(headers, nowMs).freshMs

describe('freshness of a response', () => {
  it.each([
    ['max-age', { 'cache-control': 'public, max-age=60' }, 60_000],
    ['max-age less the age', { 'cache-control': 'max-age=60', age: '50' }, 10_000],
    ['an age beyond max-age', { 'cache-control': 'max-age=60', age: '90' }, 0],
    ['s-maxage before max-age', { 'cache-control': 'max-age=60, s-maxage="120"' }, 120_000],
    ['Expires against Date', { date, expires: 'Fri, 15 Jan 2027 08:01:00 GMT' }, 60_000],
    ['an Expires that is no date', { date, expires: '0' }, 0],
    ['a tenth of the time since it changed', { date, 'last-modified': 'Fri, 15 Jan 2027 03:00:00 GMT' }, 1_800_000],
    ['an hour at most, by that rule', { date, 'last-modified': 'Fri, 15 Jan 2021 08:00:00 GMT' }, 3_600_000],
    ['a minute without any word', {}, 60_000],
    ['no-cache', { 'cache-control': 'No-Cache, max-age=60' }, 0],
    ['no-store', { 'cache-control': 'no-store, max-age=60' }, 0],
    ['a month at most', { 'cache-control': 'max-age=99999999' }, 30 * 86_400_000],
  ])('follows %s', (_, headers, expected) => expect(freshMs(headers)).toBe(expected))

  it('asks by the entity tag before the date', () => {
    expect(conditionsOf({ etag: 'W/"a"', lastModified: date })).toEqual({ 'if-none-match': 'W/"a"' })
    expect(conditionsOf({ etag: '', lastModified: date })).toEqual({ 'if-modified-since': date })
    expect(conditionsOf({ etag: '', lastModified: '' })).toEqual({})
  })
})
