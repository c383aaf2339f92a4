// What a killed server leaves behind: every answered commit, whole, and a log without gap or repetition.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import type { StoredEvent } from '../event/ledger.ts'
import { openStore, type Store } from './store.ts'

let path: string
let folder: string
const children: ChildProcess[] = []
const clock = { now: () => 0, wallMicros: () => Date.UTC(2026, 5, 1) * 1000, after: () => ({ cancel() {} }) }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partyline-crash-'))
  path = join(folder, 'partyline.db')
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

interface Answered {
  readonly hash: string
  readonly id: number
}

/** Runs the storm, kills it once `count` commits were answered, and gives all that it printed. */
async function storm(count: number): Promise<Answered[]> {
  const script = fileURLToPath(new URL('./commit-storm.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const exit = once(child, 'exit')
  const answered: Answered[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // The kill may cut the last line short.
    if (line.endsWith('}')) answered.push(JSON.parse(line))
    if (answered.length === count) child.kill('SIGKILL')
  }
  expect((await exit)[1]).toBe('SIGKILL')
  return answered
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

function expectGapless(log: readonly StoredEvent[]): void {
  expect(log.map((one) => one.id)).toEqual(upTo(log.length))
  expect(log.map((one) => one.customer_sequence)).toEqual(upTo(log.length))
  for (const conference of new Set(log.map((one) => one.conference_id))) {
    const own = log.filter((one) => one.conference_id === conference)
    expect(own.map((one) => one.conference_sequence)).toEqual(upTo(own.length))
  }
  const stamps = log.map((one) => one.tm_create)
  expect(stamps).toEqual([...new Set(stamps)].sort())
}

async function expectWhole(store: Store, answered: readonly Answered[]): Promise<void> {
  const log = await store.events(0, 1_000_000)
  expectGapless(log)
  const rows = await store.find('direct', {})
  expect(rows.map((row) => row.hash).sort()).toEqual(log.map((one) => String(one.data['hash'])).sort())
  const hashOf = new Map(log.map((one) => [one.id, one.data['hash']]))
  expect(answered.filter((one) => hashOf.get(one.id) !== one.hash)).toEqual([])
}

test('killed in the middle of commits three times, it loses nothing answered and breaks no sequence', {
  timeout: 60_000,
}, async () => {
  const answered: Answered[] = []
  for (const count of [150, 400, 700]) {
    answered.push(...(await storm(count)))
    const store = await openStore({ path, clock, log: silentLog })
    await expectWhole(store, answered)
    await store.close()
  }
  expect(answered.length).toBeGreaterThanOrEqual(1250)
})

test('the folder of a running server is refused to another process', { timeout: 60_000 }, async () => {
  const script = fileURLToPath(new URL('./commit-storm.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const exit = once(child, 'exit')
  await once(child.stdout, 'data')
  await expect(openStore({ path, clock, log: silentLog })).rejects.toThrow(/another server is using it/)
  child.stdout.resume()
  child.kill('SIGKILL')
  await exit
  await (await openStore({ path, clock, log: silentLog })).close()
})
