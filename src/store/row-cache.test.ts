// What the store remembers of rows is never older than what it has answered.
import { beforeEach, expect, test } from 'vitest'
import type { Change } from '../event/ledger.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { RawRow } from './database.ts'
import { RowCache } from './row-cache.ts'
import { conferencecallRow, conferenceRow } from './sample-rows.ts'

let cache: RowCache
beforeEach(() => {
  cache = new RowCache()
})

const stored = (name: string): RawRow => ({ id: 'one', name })
const renamed = (name: string): Change => ({ update: 'conference', id: 'one', set: { name } })
const found = (row: RawRow) => cache.read('conference', 'one', () => Promise.resolve(row))
const known = () => cache.get('conference', 'one')?.['name']

test('keeps what was read, by table and id', async () => {
  await found(stored('first'))
  expect(known()).toBe('first')
  expect(cache.get('call', 'one')).toBeUndefined()
  expect(cache.get('conference', 'two')).toBeUndefined()
})

test('keeps nothing of a row that is not there', async () => {
  await cache.read('conference', 'one', () => Promise.resolve(undefined))
  expect(known()).toBeUndefined()
})

test('does not answer while a commit changes the row, and has the new value afterwards', async () => {
  await found(stored('first'))
  const done = cache.begin([renamed('second')])
  expect(known()).toBeUndefined()
  done(true)
  expect(known()).toBe('second')
})

test('forgets a row whose commit failed', async () => {
  await found(stored('first'))
  cache.begin([renamed('second')])(false)
  expect(known()).toBeUndefined()
})

test('applies commits that overlap in their order', async () => {
  await found(stored('first'))
  const [second, third] = [cache.begin([renamed('second')]), cache.begin([renamed('third')])]
  second(true)
  expect(known()).toBeUndefined()
  third(true)
  expect(known()).toBe('third')
})

test('does not keep what a read found when a commit came in between', async () => {
  const row = Promise.withResolvers<RawRow>()
  const reading = cache.read('conference', 'one', () => row.promise)
  cache.begin([renamed('second')])(true)
  row.resolve(stored('first'))
  expect(await reading).toEqual(stored('first'))
  expect(known()).toBeUndefined()
})

test('does not keep what a read found that began while a commit was under way', async () => {
  const done = cache.begin([renamed('second')])
  const row = Promise.withResolvers<RawRow>()
  const reading = cache.read('conference', 'one', () => row.promise)
  done(true)
  row.resolve(stored('first'))
  await reading
  expect(known()).toBeUndefined()
})

test('has the values that a commit left with, whatever the committer does to its objects afterwards', async () => {
  await found(stored('first'))
  const set = { name: 'second' }
  const done = cache.begin([{ update: 'conference', id: 'one', set }])
  set.name = 'changed later'
  done(true)
  expect(known()).toBe('second')
})

test('keeps no long rows, and no more than a thousand', async () => {
  await found(stored('x'.repeat(10_000)))
  expect(known()).toBeUndefined()
  await found(stored('first'))
  for (let n = 0; n < 1000; n += 1)
    await cache.read('conference', `other ${n}`, () => Promise.resolve({ id: `other ${n}` }))
  expect(known()).toBeUndefined()
  expect(cache.get('conference', 'other 999')).toEqual({ id: 'other 999' })
})

test('keeps a row that every call makes only when somebody read it', async () => {
  const row = conferencecallRow(createMemoryLedger())
  const status = () => cache.get('conferencecall', row.id)?.['status']
  cache.begin([{ insert: 'conferencecall', row }])(true)
  expect(status()).toBeUndefined()
  await cache.read('conferencecall', row.id, () => Promise.resolve({ id: row.id, status: 'joining' }))
  expect(status()).toBe('joining')
  cache.begin([{ update: 'conferencecall', id: row.id, set: { status: 'joined' } }])(true)
  expect(status()).toBe('joined')
})

test('keeps other rows from when they were made', () => {
  const row = conferenceRow(createMemoryLedger())
  cache.begin([{ insert: 'conference', row }])(true)
  expect(cache.get('conference', row.id)?.['name']).toBe(row.name)
})
