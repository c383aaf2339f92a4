// Group commit: each batch stands or falls alone, except when SQLite gives up the transaction that they share.
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SqliteConnection } from './sqlite-group.ts'
import type { Batch } from './sqlite-protocol.ts'

let database: DatabaseSync
let connection: SqliteConnection
beforeEach(() => {
  database = new DatabaseSync(':memory:')
  database.exec('create table item (name text primary key, size integer not null)')
  connection = new SqliteConnection(database)
})
afterEach(() => database.close())

const insert = (name: string) => ({
  sql: 'insert into item (name, size) values (?, 0) returning name',
  parameters: [name],
  guard: false,
})
const batch = (id: number, ...statements: Batch['statements']): Batch => ({ kind: 'batch', id, statements })
const names = () => connection.read('select name from item order by name', []).map((row) => row['name'])

test('a failing batch takes back only itself', () => {
  const outcomes = connection.commitGroup([
    batch(1, insert('a'), insert('b')),
    batch(2, insert('c'), insert('a')),
    batch(3, insert('d'), { sql: 'update item set size = 1 where name = ?', parameters: ['none'], guard: true }),
    batch(4, insert('e'), { sql: 'select * from nowhere', parameters: [], guard: false }),
    batch(5, insert('c')),
  ])
  expect(outcomes).toEqual([
    { id: 1, rows: [[{ name: 'a' }], [{ name: 'b' }]] },
    { id: 2, failure: { kind: 'unique', table: 'item', column: 'name' } },
    { id: 3, failure: { kind: 'guard', statement: 1 } },
    { id: 4, failure: { kind: 'bug', message: 'no such table: nowhere' } },
    { id: 5, rows: [[{ name: 'c' }]] },
  ])
  expect(names()).toEqual(['a', 'b', 'c'])
})

test('a full disk fails the batch as retryable and leaves the rest', () => {
  database.exec('create table blob (data text)')
  database.exec('pragma max_page_count = 20')
  const big = { sql: 'insert into blob (data) values (?)', parameters: ['x'.repeat(1_000_000)], guard: false }
  const [first, second] = connection.commitGroup([batch(1, insert('a')), batch(2, insert('b'), big)])
  expect(second).toMatchObject({ failure: { kind: 'world', retryable: true } })
  // SQLite may end the whole transaction here; then no batch may claim success.
  expect(names()).toEqual(first && 'rows' in first ? ['a'] : [])
  expect(connection.commitGroup([batch(3, insert('c'))])).toEqual([{ id: 3, rows: [[{ name: 'c' }]] }])
})

test('when SQLite gives up the shared transaction every batch of the group fails, and the next group works', () => {
  database.exec(
    "create trigger poison before insert on item when new.name = 'poison' begin select raise(rollback, 'gone'); end",
  )
  const outcomes = connection.commitGroup([batch(1, insert('a')), batch(2, insert('poison')), batch(3, insert('b'))])
  expect(outcomes.map((outcome) => 'failure' in outcome)).toEqual([true, true, true])
  expect(names()).toEqual([])
  expect(connection.commitGroup([batch(4, insert('c'))])).toEqual([{ id: 4, rows: [[{ name: 'c' }]] }])
})

test('statements beyond those kept prepared still run', () => {
  for (let n = 0; n < 1000; n++) expect(connection.read(`select ${n} as n`, [])).toEqual([{ n }])
})
