// kill -9 in the middle of calls and work, then a start on the same data: everything that was answered is there, what
// died with the process is closed with a reason, and the event log has neither gap nor repetition.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { createPhone } from '../../demo/phone/phone.ts'
import type { Call, Conference, Conferencecall, List } from './facts.ts'
import { TestServer } from './server.ts'
import { eventually } from './tools.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface LoggedEvent {
  readonly id: number
  readonly type: string
  readonly customer_id: string
  readonly conference_id: string
  readonly customer_sequence: number
  readonly conference_sequence: number
  readonly data: string
}

function readLog(dataDir: string): LoggedEvent[] {
  const file = readdirSync(dataDir).find((name) => name.endsWith('.db'))
  const database = new DatabaseSync(join(dataDir, file ?? 'missing.db'), { readOnly: true })
  try {
    return database.prepare('select * from event_log order by id').all() as unknown as LoggedEvent[]
  } finally {
    database.close()
  }
}

/** 1, 2, 3 … without a gap. */
function expectRow(numbers: readonly number[], what: string): void {
  expect(numbers, what).toEqual(numbers.map((_, index) => index + 1))
}

function expectWholeLog(log: readonly LoggedEvent[]): void {
  expectRow(
    log.map(({ id }) => id),
    'event ids',
  )
  for (const [customer, events] of Map.groupBy(log, (event) => event.customer_id)) {
    expectRow(
      events.map((event) => event.customer_sequence),
      `events of customer ${customer}`,
    )
  }
  const ofConferences = log.filter((event) => event.conference_sequence > 0)
  for (const [conference, events] of Map.groupBy(ofConferences, (event) => event.conference_id)) {
    expectRow(
      events.map((event) => event.conference_sequence),
      `events of conference ${conference}`,
    )
  }
}

/** How often each resource had this event. */
function times(log: readonly LoggedEvent[], type: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const event of log.filter((candidate) => candidate.type === type)) {
    const { id } = JSON.parse(event.data) as { id: string }
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** Creates conferences until the server is gone; the ones whose creation was answered. */
async function work(server: TestServer): Promise<Conference[]> {
  const answered: Conference[] = []
  for (;;) {
    try {
      answered.push(
        await server.api<Conference>('POST', '/conferences', { type: 'conference', name: `busy ${answered.length}` }),
      )
    } catch {
      return answered
    }
  }
}

test('after kill -9 everything is there, open calls are closed, and no event is missing or twice', async () => {
  const server = await TestServer.start()
  closers.push(() => server.close())
  const metronome = createMetronome()
  closers.push(() => metronome.close())

  const flow = await server.api<{ id: string }>('POST', '/flows', { name: 'kept', actions: [{ type: 'answer' }] })
  const key = await server.api<{ id: string; token: string }>('POST', '/accesskeys', {
    name: 'kept',
    detail: '',
    expire: 86_400,
  })
  const conference = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'kept' })
  const other = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'kept, too' })
  const renewed = await server.api<Conference>('POST', `/conferences/${other.id}/direct-hash-regenerate`)

  for (const name of ['anna', 'ben', 'carla']) {
    const phone = await createPhone({ name, localAddress: '127.0.0.1', metronome })
    closers.push(() => phone.close())
    await phone.invite(server.sip(`direct.${conference.direct_hash}`))
  }
  await eventually('three joined', async () => {
    const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${conference.id}`)
    return ids.length === 3 || undefined
  })

  const workers = Promise.all([work(server), work(server), work(server)])
  await eventually(
    'work is going on',
    async () => (await server.api<List<Conference>>('GET', '/conferences')).result.length > 30 || undefined,
  )
  await server.kill()
  const created = (await workers).flat()
  expect(created.length).toBeGreaterThan(20)
  expectWholeLog(readLog(server.dataDir))

  await server.start()
  for (const wanted of [conference, renewed, ...created]) {
    const found = await server.api<Conference>('GET', `/conferences/${wanted.id}`)
    expect(found).toMatchObject({
      id: wanted.id,
      direct_hash: wanted.direct_hash,
      status: 'progressing',
      conferencecall_ids: [],
    })
  }
  expect(await server.api<{ id: string }>('GET', `/flows/${flow.id}`)).toMatchObject({ id: flow.id, name: 'kept' })
  expect((await server.fetch('GET', `/v1.0/conferences?accesskey=${key.token}`)).status).toBe(200)
  const login = await server.fetch('POST', '/auth/login', { username: 'admin@localhost', password: server.password })
  expect(login.status).toBe(200)

  const { result: calls } = await server.api<List<Call>>('GET', '/calls')
  expect(calls).toHaveLength(3)
  for (const call of calls) {
    expect(call.status).toBe('hangup')
    expect(call.hangup_reason).not.toBe('')
  }
  const { result: people } = await server.api<List<Conferencecall>>('GET', '/conferencecalls')
  expect(people.map(({ status }) => status)).toEqual(['leaved', 'leaved', 'leaved'])

  // The hash from before the crash still leads into its conference.
  const late = await createPhone({ name: 'late', localAddress: '127.0.0.1', metronome })
  closers.push(() => late.close())
  await late.invite(server.sip(`direct.${conference.direct_hash}`))
  await late.bye()
  await eventually('the late call is over', async () => {
    const { result } = await server.api<List<Call>>('GET', '/calls')
    return result.every(({ status }) => status === 'hangup') || undefined
  })

  await server.stop()
  const log = readLog(server.dataDir)
  expectWholeLog(log)
  const once = (ids: readonly string[]): [string, number][] => ids.map((id) => [id, 1])
  const births = times(log, 'conference_created')
  for (const [id, count] of births) expect(count, `conference_created of ${id}`).toBe(1)
  for (const { id } of created) expect(births.get(id), `conference_created of ${id}`).toBe(1)
  const hangups = times(log, 'call_hangup')
  expect([...hangups]).toEqual(expect.arrayContaining(once(calls.map(({ id }) => id))))
  expect([...times(log, 'conferencecall_leaved')]).toEqual(expect.arrayContaining(once(people.map(({ id }) => id))))
})
