// Ctrl-C: every phone gets its BYE, every row its end, and the process ends by itself with status 0.
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

test.each(['SIGTERM', 'SIGINT'] as const)('%s hangs up all phones and leaves nothing open', async (signal) => {
  const server = await TestServer.start()
  closers.push(() => server.close())
  const metronome = createMetronome()
  closers.push(() => metronome.close())
  const { id, direct_hash: hash } = await server.api<Conference>('POST', '/conferences', {
    type: 'conference',
    name: 'drained',
  })
  const phones = await Promise.all(
    ['anna', 'ben', 'carla'].map((name) => createPhone({ name, localAddress: '127.0.0.1', metronome })),
  )
  for (const phone of phones) {
    closers.push(() => phone.close())
    await phone.invite(server.sip(`direct.${hash}`))
  }
  await eventually('all joined', async () => {
    const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${id}`)
    return ids.length === 3 || undefined
  })

  expect(await server.stop(signal)).toEqual({ code: 0, signal: null })
  for (const phone of phones) expect(await phone.ended).toEqual({ by: 'remote', status: 0 })

  await server.start()
  const { result: calls } = await server.api<List<Call>>('GET', '/calls')
  expect(calls.map(({ status, hangup_by, hangup_reason }) => ({ status, hangup_by, hangup_reason }))).toEqual(
    Array.from({ length: 3 }, () => ({ status: 'hangup', hangup_by: 'local', hangup_reason: 'normal' })),
  )
  const { result: people } = await server.api<List<Conferencecall>>('GET', '/conferencecalls')
  expect(people.map(({ status }) => status)).toEqual(['leaved', 'leaved', 'leaved'])
  expect(await server.api<Conference>('GET', `/conferences/${id}`)).toMatchObject({
    status: 'progressing',
    conferencecall_ids: [],
  })
})
