// Found rows kept: never older than the last answered commit, never those of another query.
import { expect, test } from 'vitest'
import type { Rows } from '../schema/rows.ts'
import { FindCache } from './find-cache.ts'

const query = { sql: 'select', parameters: ['a'] }
const setting = (id: string): Rows['setting'] => ({ id, value: '', tm_create: id, tm_update: '', tm_delete: '' })
const change = { update: 'setting', id: 'x', set: { value: 'new' } } as const

/** A query that counts how often it was run, and answers that many rows. */
function counted() {
  const runs = { count: 0 }
  const ask = async () => {
    runs.count += 1
    return Array.from({ length: runs.count }, (_, index) => setting(String(index)))
  }
  return { runs, ask }
}

test('asks once while nothing changes, also when many ask at the same time', async () => {
  const cache = new FindCache()
  const { runs, ask } = counted()
  const answers = await Promise.all([1, 2, 3].map(() => cache.find('setting', query, ask)))
  expect([...answers, await cache.find('setting', query, ask)].map((rows) => rows.length)).toEqual([1, 1, 1, 1])
  expect(runs.count).toBe(1)
})

test('tells queries apart by text, parameters and table', async () => {
  const cache = new FindCache()
  const { runs, ask } = counted()
  await cache.find('setting', query, ask)
  await cache.find('setting', { ...query, parameters: ['b'] }, ask)
  await cache.find('setting', { ...query, sql: 'other' }, ask)
  await cache.find('flow', query, async () => [])
  expect(runs.count).toBe(3)
})

test('asks again once a commit leaves, each time until it is answered, and keeps what it finds after that', async () => {
  const cache = new FindCache()
  const { ask } = counted()
  const find = async () => (await cache.find('setting', query, ask)).length
  expect(await find()).toBe(1)
  const done = cache.begin([change])
  expect([await find(), await find()]).toEqual([2, 3])
  done()
  expect([await find(), await find()]).toEqual([4, 4])
})

test('does not keep what was asked before a commit and came after it', async () => {
  const cache = new FindCache()
  const late = Promise.withResolvers<Rows['setting'][]>()
  const before = cache.find('setting', query, () => late.promise)
  cache.begin([change])()
  const { runs, ask } = counted()
  await cache.find('setting', query, ask)
  late.resolve([])
  expect(await before).toEqual([])
  expect(await cache.find('setting', query, ask)).toHaveLength(1)
  expect(runs.count).toBe(1)
})

test('waits for every one of several commits of a table, and for none of another table', async () => {
  const cache = new FindCache()
  const { runs, ask } = counted()
  const [one, other] = [cache.begin([change]), cache.begin([change, change])]
  one()
  await cache.find('setting', query, ask)
  await cache.find('setting', query, ask)
  expect(runs.count).toBe(2)
  other()
  cache.begin([{ update: 'flow', id: 'x', set: {} }])
  await cache.find('setting', query, ask)
  await cache.find('setting', query, ask)
  expect(runs.count).toBe(3)
})

test('keeps no failure', async () => {
  const cache = new FindCache()
  const { ask } = counted()
  await expect(cache.find('setting', query, () => Promise.reject(new Error('disk')))).rejects.toThrow('disk')
  expect(await cache.find('setting', query, ask)).toHaveLength(1)
})

test('keeps no long answer, and of many answers the last used', async () => {
  const cache = new FindCache()
  const { runs, ask } = counted()
  const long = async () => Array.from({ length: 129 }, (_, index) => setting(String(index)))
  await cache.find('setting', query, long)
  await cache.find('setting', query, ask)
  expect(runs.count).toBe(1)
  const page = async () => (await long()).slice(0, 100)
  for (let count = 0; count < 30; count += 1) {
    await cache.find('setting', { ...query, parameters: [count] }, page)
    await cache.find('setting', query, ask)
  }
  expect(runs.count).toBe(1)
  await cache.find('setting', { ...query, parameters: [0] }, ask)
  expect(runs.count).toBe(2)
})
