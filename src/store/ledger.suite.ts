// What every ledger must do, whatever keeps it: run by the memory ledger and by each database.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Bug, UserError } from '../base/errors.ts'
import { type Change, type Ledger, StaleRow, type StoredEvent } from '../event/ledger.ts'
import type { Rows } from '../schema/rows.ts'
import { agentRow, conferenceRow, directRow, event, flowRow, nil, settingRow } from './sample-rows.ts'

export interface OpenLedger {
  readonly ledger: Ledger
  close(): Promise<void>
}

/** Declares the tests; `open` gives each test an empty ledger. */
export function ledgerSuite(open: () => Promise<OpenLedger>): void {
  let opened: OpenLedger
  let ledger: Ledger
  beforeEach(async () => {
    opened = await open()
    ledger = opened.ledger
  })
  afterEach(() => opened.close())

  describe('rows', () => rowTests(() => ledger))
  describe('finding', () => findTests(() => ledger))
  describe('commits', () => commitTests(() => ledger))
  describe('unique columns', () => uniqueTests(() => ledger))
  describe('events', () => eventTests(() => ledger))
}

function rowTests(ledger: () => Ledger): void {
  test('gives back what was inserted, field by field', async () => {
    const flow = flowRow(ledger(), {
      name: "it's “quoted” \u{1F4DE}",
      persistent: false,
      actions: [
        { id: nil, next_id: nil, type: 'sleep', option: { duration: 5, deep: [{ a: null }] }, tm_execute: null },
      ],
    })
    await ledger().commit([{ insert: 'flow', row: flow }])
    expect(await ledger().get('flow', flow.id)).toEqual(flow)
    expect(await ledger().get('flow', randomUUID())).toBeUndefined()
  })

  test('keeps integers beyond 32 bits', async () => {
    const row = conferenceRow(ledger(), { timeout: 2 ** 40 })
    await ledger().commit([{ insert: 'conference', row }])
    expect((await ledger().get('conference', row.id))?.timeout).toBe(2 ** 40)
  })

  test('stores the row as it was when commit was called', async () => {
    const row = conferenceRow(ledger(), { data: { colour: 'red' } })
    const done = ledger().commit([{ insert: 'conference', row }])
    row.name = 'changed'
    row.data['colour'] = 'blue'
    await done
    const stored = await ledger().get('conference', row.id)
    expect([stored?.name, stored?.data]).toEqual(['weekly', { colour: 'red' }])
  })

  test('updates only the fields named', async () => {
    const row = conferenceRow(ledger())
    await ledger().commit([{ insert: 'conference', row }])
    const set = { status: 'progressing', recording_ids: [nil], tm_update: ledger().timestamp() } as const
    await ledger().commit([{ update: 'conference', id: row.id, set: { ...set, recording_ids: [nil] } }])
    expect(await ledger().get('conference', row.id)).toEqual({ ...row, ...set })
  })

  test('refuses a field that is no column, a wrong kind and a missing field', async () => {
    const row = conferenceRow(ledger())
    const excess: Rows['conference'] = Object.assign({}, row, { user_id: 1 })
    await expect(ledger().commit([{ insert: 'conference', row: excess }])).rejects.toThrow(Bug)
    const wrong: Rows['conference'] = Object.assign({}, row, { timeout: 'soon' })
    await expect(ledger().commit([{ insert: 'conference', row: wrong }])).rejects.toThrow(/timeout/)
    const { detail: _, ...partial } = row
    const missing = partial as Rows['conference']
    await expect(ledger().commit([{ insert: 'conference', row: missing }])).rejects.toThrow(/detail/)
    expect(await ledger().find('conference', {})).toEqual([])
  })
}

function findTests(ledger: () => Ledger): void {
  test('filters by equality, newest first, at most limit', async () => {
    const rows = Array.from({ length: 6 }, (_, n) =>
      conferenceRow(ledger(), {
        customer_id: n % 2 ? 'a' : 'b',
        type: n < 3 ? 'connect' : 'conference',
        name: String(n),
      }),
    )
    await ledger().commit(rows.map((row) => ({ insert: 'conference' as const, row })))
    const names = (found: Rows['conference'][]) => found.map((row) => row.name)
    expect(names(await ledger().find('conference', {}))).toEqual(['5', '4', '3', '2', '1', '0'])
    expect(names(await ledger().find('conference', { where: { customer_id: 'a' } }))).toEqual(['5', '3', '1'])
    expect(names(await ledger().find('conference', { where: { customer_id: 'a', type: 'connect' } }))).toEqual(['1'])
    expect(names(await ledger().find('conference', { limit: 2 }))).toEqual(['5', '4'])
    const before = rows[3]?.tm_create ?? ''
    expect(names(await ledger().find('conference', { before, limit: 2 }))).toEqual(['2', '1'])
  })

  test('filters by booleans and by objects', async () => {
    const [made, kept] = [flowRow(ledger(), { persistent: false }), flowRow(ledger())]
    await ledger().commit([
      { insert: 'flow', row: made },
      { insert: 'flow', row: kept },
    ])
    expect(await ledger().find('flow', { where: { persistent: false } })).toEqual([made])
    expect(await ledger().find('flow', { where: { persistent: true, actions: [] } })).toEqual([kept])
  })

  test('finds what was committed before, asked again and again', async () => {
    const find = async () => (await ledger().find('conference', { where: { customer_id: 'a' } })).map((row) => row.name)
    const row = conferenceRow(ledger(), { customer_id: 'a', name: 'one' })
    expect([await find(), await find()]).toEqual([[], []])
    await ledger().commit([{ insert: 'conference', row }])
    expect([await find(), await find()]).toEqual([['one'], ['one']])
    await ledger().commit([{ update: 'conference', id: row.id, set: { name: 'two' } }])
    expect([await find(), await find()]).toEqual([['two'], ['two']])
    const refused = { update: 'conference', id: row.id, set: { name: 'three' }, when: { name: 'one' } } as const
    await expect(ledger().commit([refused])).rejects.toThrow(StaleRow)
    expect([await find(), await find()]).toEqual([['two'], ['two']])
    await ledger().commit([{ update: 'conference', id: row.id, set: { tm_delete: ledger().timestamp() } }])
    expect([await find(), await find()]).toEqual([[], []])
  })

  test('hands out rows that nobody can change, and lists that are their owner’s', async () => {
    const row = conferenceRow(ledger(), { recording_ids: ['one'] })
    await ledger().commit([{ insert: 'conference', row }])
    const found = await ledger().find('conference', {})
    for (const given of [found[0], await ledger().get('conference', row.id)]) {
      expect(() => Object.assign(given ?? {}, { name: 'changed' })).toThrow(TypeError)
      expect(() => given?.recording_ids.push('two')).toThrow(TypeError)
    }
    found.length = 0
    expect(await ledger().find('conference', {})).toEqual([row])
  })

  test('gives every text back as it was', async () => {
    const name = `"quoted" \\ \n \0 \u0001 \u2028 ü 😀 ${'x'.repeat(20_000)}`
    const row = conferenceRow(ledger(), { name, data: { [name]: [name, null, 1.5, true] } })
    await ledger().commit([{ insert: 'conference', row }])
    expect(await ledger().find('conference', {})).toEqual([row])
    expect(await ledger().get('conference', row.id)).toEqual(row)
  })

  test('leaves deleted rows out unless asked, and still gets them by id', async () => {
    const row = conferenceRow(ledger())
    await ledger().commit([{ insert: 'conference', row }])
    const tm_delete = ledger().timestamp()
    await ledger().commit([{ update: 'conference', id: row.id, set: { tm_delete } }])
    expect(await ledger().find('conference', {})).toEqual([])
    expect(await ledger().find('conference', { deleted: true })).toEqual([{ ...row, tm_delete }])
    expect((await ledger().get('conference', row.id))?.tm_delete).toBe(tm_delete)
  })

  test('pages through 1000 rows without loss or repetition while others are inserted', async () => {
    const old = new Set<string>()
    for (let batch = 0; batch < 10; batch++) {
      const rows = Array.from({ length: 100 }, () => settingRow(ledger(), randomUUID(), 'old'))
      for (const row of rows) old.add(row.id)
      await ledger().commit(rows.map((row) => ({ insert: 'setting' as const, row })))
    }
    const seen: string[] = []
    const inserts: Promise<unknown>[] = []
    for (let before = ledger().timestamp(); ; ) {
      for (let n = 0; n < 3; n++) {
        inserts.push(ledger().commit([{ insert: 'setting', row: settingRow(ledger(), randomUUID(), 'new') }]))
      }
      const page = await ledger().find('setting', { before, limit: 37 })
      const last = page.at(-1)
      if (!last) break
      seen.push(...page.map((row) => row.id))
      before = last.tm_create
    }
    await Promise.all(inserts)
    expect(seen.length).toBe(1000)
    expect(new Set(seen)).toEqual(old)
  })
}

function commitTests(ledger: () => Ledger): void {
  const status = async (id: string) => (await ledger().get('conference', id))?.status

  test('an update whose guard fits goes through, once', async () => {
    const row = conferenceRow(ledger())
    await ledger().commit([{ insert: 'conference', row }])
    const advance: Change = {
      update: 'conference',
      id: row.id,
      set: { status: 'progressing' },
      when: { status: 'starting', tm_delete: row.tm_delete },
    }
    await ledger().commit([advance])
    await expect(ledger().commit([advance])).rejects.toThrow(StaleRow)
    expect(await status(row.id)).toBe('progressing')
  })

  test('of many guarded updates at once exactly one wins', async () => {
    const row = conferenceRow(ledger())
    await ledger().commit([{ insert: 'conference', row }])
    const tries = Array.from({ length: 20 }, (_, n) =>
      ledger().commit([
        { update: 'conference', id: row.id, set: { status: 'terminating', timeout: n }, when: { status: 'starting' } },
      ]),
    )
    const settled = await Promise.allSettled(tries)
    expect(settled.map((one) => one.status)).toEqual(['fulfilled', ...Array(19).fill('rejected')])
    expect((await ledger().get('conference', row.id))?.timeout).toBe(0)
  })

  test('a stale guard takes rows and events of its commit back, and names the row', async () => {
    const row = conferenceRow(ledger())
    await ledger().commit([{ insert: 'conference', row }])
    const other = conferenceRow(ledger())
    const failed = ledger().commit([
      { insert: 'conference', row: other },
      { event: event() },
      { update: 'conference', id: row.id, set: { name: 'new' } },
      { update: 'conference', id: row.id, set: { status: 'terminated' }, when: { status: 'progressing' } },
    ])
    await expect(failed).rejects.toMatchObject({ name: 'StaleRow', table: 'conference', id: row.id })
    expect(await ledger().get('conference', other.id)).toBeUndefined()
    expect((await ledger().get('conference', row.id))?.name).toBe('weekly')
    expect(await ledger().events(0, 10)).toEqual([])
  })

  test('updating a row that is not there is stale too, and an empty set still checks its guard', async () => {
    await expect(ledger().commit([{ update: 'call', id: nil, set: { status: 'hangup' } }])).rejects.toThrow(StaleRow)
    const row = conferenceRow(ledger())
    await ledger().commit([{ insert: 'conference', row }])
    const check = (value: 'starting' | 'terminated') =>
      ledger().commit([{ update: 'conference', id: row.id, set: {}, when: { status: value } }])
    expect(await check('starting')).toEqual([])
    await expect(check('terminated')).rejects.toThrow(StaleRow)
  })

  test('commits take effect in call order', async () => {
    const row = conferenceRow(ledger())
    const commits = [ledger().commit([{ insert: 'conference', row }])]
    for (let n = 1; n <= 30; n++) {
      commits.push(
        ledger().commit([{ update: 'conference', id: row.id, set: { timeout: n }, when: { timeout: n - 1 } }]),
      )
    }
    await Promise.all(commits)
    expect((await ledger().get('conference', row.id))?.timeout).toBe(30)
  })

  test('an empty commit is answered', async () => {
    expect(await ledger().commit([])).toEqual([])
  })
}

function uniqueTests(ledger: () => Ledger): void {
  test('a second live row with the same value is refused by name of the field', async () => {
    await ledger().commit([{ insert: 'agent', row: agentRow(ledger(), { username: 'ann' }) }])
    const again = ledger().commit([
      { event: event() },
      { insert: 'agent', row: agentRow(ledger(), { username: 'ann' }) },
    ])
    await expect(again).rejects.toThrow(UserError)
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: expect.stringContaining('username') })
    expect(await ledger().events(0, 10)).toEqual([])
  })

  test('the value of a deleted row is free again', async () => {
    const first = directRow(ledger(), 'abc')
    await ledger().commit([{ insert: 'direct', row: first }])
    const second = directRow(ledger(), 'abc')
    await expect(ledger().commit([{ insert: 'direct', row: second }])).rejects.toThrow(/hash/)
    await ledger().commit([
      { update: 'direct', id: first.id, set: { tm_delete: ledger().timestamp() } },
      { insert: 'direct', row: second },
    ])
    expect(await ledger().find('direct', { where: { hash: 'abc' } })).toEqual([second])
  })

  test('an update cannot take a value either', async () => {
    const [first, second] = [directRow(ledger(), 'one'), directRow(ledger(), 'two')]
    await ledger().commit([first, second].map((row) => ({ insert: 'direct' as const, row })))
    const steal = ledger().commit([{ update: 'direct', id: second.id, set: { hash: 'one' } }])
    await expect(steal).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('an id can be inserted once; a repeated tm_create is a bug', async () => {
    const row = settingRow(ledger(), 'jwt', 'x')
    await ledger().commit([{ insert: 'setting', row }])
    const again = settingRow(ledger(), 'jwt', 'y')
    await expect(ledger().commit([{ insert: 'setting', row: again }])).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const twin = { ...settingRow(ledger(), 'twin', 'z'), tm_create: row.tm_create }
    await expect(ledger().commit([{ insert: 'setting', row: twin }])).rejects.toThrow(Bug)
  })
}

function eventTests(ledger: () => Ledger): void {
  test('numbers events over the server, per customer and per conference', async () => {
    const [c1, c2] = [randomUUID(), randomUUID()]
    const stored = await ledger().commit([
      { event: event({ customer_id: 'a', conference_id: c1, data: { conference: { id: c1 } } }) },
      { event: event({ customer_id: 'b', conference_id: c2 }) },
      { event: event({ customer_id: 'a', conference_id: c2 }) },
      { event: event({ customer_id: 'a' }) },
    ])
    const numbers = stored.map((one) => [one.id, one.customer_sequence, one.conference_sequence])
    expect(numbers).toEqual([
      [1, 1, 1],
      [2, 1, 1],
      [3, 2, 2],
      [4, 3, 0],
    ])
    expect(stored[0]).toMatchObject({ type: 'conference_created', customer_id: 'a', data: { conference: { id: c1 } } })
    expect(await ledger().events(0, 10)).toEqual(stored)
    expect(await ledger().events(1, 2)).toEqual(stored.slice(1, 3))
  })

  test('sequences have no gaps under 50 commits at once with failures between them', async () => {
    const delivered: StoredEvent[] = []
    ledger().subscribe((one) => delivered.push(one))
    const conference_id = randomUUID()
    const commits = Array.from({ length: 50 }, (_, n) =>
      ledger().commit([
        { event: event({ conference_id, n }) },
        { insert: 'direct', row: directRow(ledger(), n % 3 === 1 ? 'same' : `own${n}`) },
        { event: event({ conference_id, n: n + 0.5 }) },
      ]),
    )
    const settled = await Promise.allSettled(commits)
    const failed = settled.flatMap((one, n) => (one.status === 'rejected' ? [n] : []))
    expect(failed).toEqual(Array.from({ length: 16 }, (_, k) => 3 * k + 4))
    const log = await ledger().events(0, 1000)
    const count = 2 * (50 - failed.length)
    expect(log.map((one) => one.conference_sequence)).toEqual(Array.from({ length: count }, (_, k) => k + 1))
    expect(log.map((one) => one.id)).toEqual(log.map((one) => one.customer_sequence))
    expect(log.map((one) => one.data['n'])).toEqual(
      [...log.map((one) => one.data['n'])].sort((a, b) => Number(a) - Number(b)),
    )
    expect(delivered).toEqual(log)
  })

  test('subscribers hear committed events only, in log order, until they leave', async () => {
    const heard: number[] = []
    const leave = ledger().subscribe((one) => heard.push(one.id))
    const seenState: Promise<unknown>[] = []
    const row = conferenceRow(ledger())
    ledger().subscribe(() => seenState.push(ledger().get('conference', row.id)))
    await ledger().commit([{ insert: 'conference', row }, { event: event() }])
    await expect(ledger().commit([{ event: event() }, { insert: 'conference', row }])).rejects.toThrow()
    expect(heard).toEqual([1])
    expect(await Promise.all(seenState)).toEqual([row])
    leave()
    await ledger().commit([{ event: event() }])
    expect(heard).toEqual([1])
  })

  test('a subscriber that commits again does not disturb the order for others', async () => {
    const heard: number[] = []
    const again: Promise<unknown>[] = []
    ledger().subscribe((one) => {
      if (one.id === 1) again.push(ledger().commit([{ event: event({ n: 99 }) }]))
    })
    ledger().subscribe((one) => heard.push(one.id))
    await ledger().commit([{ event: event() }, { event: event() }])
    await Promise.all(again)
    expect(heard).toEqual([1, 2, 3])
  })

  test('timestamps strictly grow', () => {
    const stamps = Array.from({ length: 1000 }, () => ledger().timestamp())
    expect(stamps).toEqual([...new Set(stamps)].sort())
  })
}
