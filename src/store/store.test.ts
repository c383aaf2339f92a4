// The SQLite store: the conformance suite on a file and in memory, and what only a database on a disk can get wrong.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OperationalError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { columnsOf, tableNames } from '../event/tables.ts'
import { ledgerSuite } from './ledger.suite.ts'
import { conferenceRow, event, settingRow } from './sample-rows.ts'
import { openStore, type Store } from './store.ts'

let folder: string
let path: string
const stores: Store[] = []

/** The wall clock of these tests; timers are none of the store's business. */
const clockAt = (wallMicros: () => number) => ({
  now: () => 0,
  wallMicros,
  after: () => ({ cancel() {} }),
})
const clock = clockAt(() => Date.UTC(2026, 5, 1) * 1000)

async function open(at = path, clockUsed = clock): Promise<Store> {
  const store = await openStore({ path: at, clock: clockUsed, log: silentLog })
  stores.push(store)
  return store
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partyline-store-'))
  path = join(folder, 'data', 'partyline.db')
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await rm(folder, { recursive: true })
})

const asLedger = (store: Store) => ({ ledger: store, close: () => store.close() })
describe('store on a file', () => ledgerSuite(async () => asLedger(await open())))
describe('store in memory', () => ledgerSuite(async () => asLedger(await open(':memory:'))))

describe('opening', () => {
  test('finds everything again after closing, numbers on, and stamps later than ever before', async () => {
    const first = await open()
    const row = conferenceRow(first)
    const stored = await first.commit([{ insert: 'conference', row }, { event: event({ conference_id: row.id }) }])
    const newest = first.timestamp()
    await first.commit([{ update: 'conference', id: row.id, set: { tm_update: newest } }])
    await first.close()

    const second = await open(
      path,
      clockAt(() => Date.UTC(2020, 0, 1) * 1000),
    )
    expect(second.timestamp() > newest).toBe(true)
    expect(await second.get('conference', row.id)).toEqual({ ...row, tm_update: newest })
    expect(await second.events(0, 10)).toEqual(stored)
    const [next] = await second.commit([{ event: event({ conference_id: row.id }) }])
    expect(next).toMatchObject({ id: 2, customer_sequence: 2, conference_sequence: 2 })
  })

  test('refuses a folder that another server uses, and takes it once that server has closed', async () => {
    const first = await open()
    const second = open()
    await expect(second).rejects.toThrow(OperationalError)
    await expect(second).rejects.toThrow(/partyline\.db: another server is using it; PARTYLINE_DATA_DIR/)
    await first.commit([{ event: event() }])
    await first.close()
    expect((await (await open()).events(0, 10)).length).toBe(1)
  })

  test('names a damaged file each time it is tried', async () => {
    const damaged = join(folder, 'damaged.db')
    await writeFile(damaged, 'no database at all, but long enough to be one. '.repeat(100))
    for (let n = 0; n < 2; n++) {
      await expect(open(damaged)).rejects.toThrow(/damaged\.db: the file is damaged or no database; PARTYLINE_DATA_DIR/)
    }
  })

  test('names a folder that cannot be made or written', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(open(join(folder, 'file', 'partyline.db'))).rejects.toThrow(/PARTYLINE_DATA_DIR/)
    await expect(open('/proc/partyline.db')).rejects.toThrow(
      /\/proc\/partyline\.db: .*cannot be written; PARTYLINE_DATA_DIR/,
    )
  })

  test('gives every table exactly the columns of its specification', async () => {
    await (await open()).close()
    const raw = new DatabaseSync(path)
    for (const table of tableNames) {
      const columns = raw.prepare(`select name from pragma_table_info('${table}')`).all()
      const names = columns.map((column) => String(column['name']))
      expect(names.sort(), table).toEqual(Object.keys(columnsOf(table)).sort())
    }
    raw.close()
  })
})

describe('running', () => {
  test('closing commits what waits, then refuses', async () => {
    const store = await open()
    const commits = Array.from({ length: 20 }, (_, n) => store.commit([{ event: event({ n }) }]))
    const closed = store.close()
    await expect(store.commit([{ event: event() }])).rejects.toThrow(OperationalError)
    await expect(store.get('call', 'x')).rejects.toThrow(/closed/)
    expect((await Promise.all(commits)).flat().map((one) => one.id)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    )
    await closed
    expect((await (await open()).events(0, 100)).length).toBe(20)
  })

  test('a read does not wait behind a long batch, and sees none of it', async () => {
    const store = await open()
    await store.commit([{ insert: 'setting', row: settingRow(store, 'before', '') }])
    const order: string[] = []
    const long = Array.from({ length: 3000 }, (_, n) => ({
      insert: 'setting' as const,
      row: settingRow(store, `s${n}`, ''),
    }))
    const commit = store.commit(long).then(() => order.push('commit'))
    const read = store.find('setting', {}).then((rows) => order.push(`read ${rows.length}`))
    await Promise.all([commit, read])
    expect(order).toEqual(['read 1', 'commit'])
    expect((await store.find('setting', {})).length).toBe(3001)
  })

  test('a subscriber that throws is logged and disturbs nobody', async () => {
    const logged: string[] = []
    const log = { ...silentLog, error: (_: unknown, message: string) => void logged.push(message) }
    const store = await openStore({ path: ':memory:', clock, log })
    stores.push(store)
    const heard: number[] = []
    store.subscribe(() => {
      throw new Error('deaf')
    })
    store.subscribe((one) => heard.push(one.id))
    await store.commit([{ event: event() }])
    expect([heard, logged]).toEqual([[1], ['a subscriber of the event log threw']])
  })

  test('uses an index for every look-up by customer, page and unique column', async () => {
    await (await open()).close()
    const raw = new DatabaseSync(path)
    const plan = (where: string, table: string) =>
      raw
        .prepare(`explain query plan select * from "${table}" where ${where} order by tm_create desc limit 10`)
        .all()
        .map((step) => String(step['detail']))
        .join('; ')
    const live = "tm_delete = '9999-01-01 00:00:00.000000'"
    expect(plan(`customer_id = 'a' and ${live} and tm_create < 'x'`, 'call')).toMatch(/^SEARCH call USING INDEX [^;]*$/)
    expect(plan(`hash = 'a' and ${live}`, 'direct')).toContain('direct__hash__unique')
    expect(plan(`username = 'a' and ${live}`, 'agent')).toContain('agent__username__unique')
    expect(plan(`token_hash = 'a' and ${live}`, 'accesskey')).toContain('accesskey__token_hash__unique')
    raw.close()
  })

  test('keeps the write-ahead log inside the folder and folds it in when closing', async () => {
    const store = await open()
    await store.commit([{ insert: 'setting', row: settingRow(store, 'kept', 'in the file') }])
    await store.close()
    expect((await readFile(path)).includes('in the file')).toBe(true)
    await expect(readFile(`${path}-wal`)).rejects.toThrow(/ENOENT/)
  })

  test('loses nothing with 1, 10 and 100 committers at once, and tells how fast it is', async () => {
    const store = await open()
    let expected = 0
    for (const committers of [1, 10, 100]) {
      const rounds = 200 / committers
      const began = performance.now()
      const commitRounds = async (): Promise<void> => {
        for (let n = 0; n < rounds; n++)
          await store.commit([{ insert: 'conference', row: conferenceRow(store) }, { event: event() }])
      }
      await Promise.all(Array.from({ length: committers }, commitRounds))
      expected += 200
      const rate = 200_000 / (performance.now() - began)
      console.log(`${committers} committers: ${rate.toFixed(0)} commits/s`)
    }
    expect((await store.events(0, 1000)).length).toBe(expected)
    expect((await store.find('conference', {})).length).toBe(expected)
  })
})
