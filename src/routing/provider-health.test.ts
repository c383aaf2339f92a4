import { expect, test } from 'vitest'
import { settle, VirtualClock } from '../../test/virtual-clock.ts'
import { silentLog } from '../base/log.ts'
import type { Command } from '../sip/user-agent-io.ts'
import { createOptionsProbe } from './options-probe.ts'
import { ProviderHealth } from './provider-health.ts'
import { openRouting } from './routing.fixture.ts'

async function openHealth() {
  const house = await openRouting()
  const clock = new VirtualClock()
  const dead = new Set<string>()
  const asked: string[] = []
  let writes = 0
  const ledger = {
    ...house.ledger,
    get: house.ledger.get.bind(house.ledger),
    find: house.ledger.find.bind(house.ledger),
    commit: (changes: Parameters<typeof house.ledger.commit>[0]) => {
      writes += 1
      return house.ledger.commit(changes)
    },
  }
  const health = new ProviderHealth({
    ledger,
    clock,
    log: silentLog,
    resolve: async (host) => {
      if (host === 'gone.example') throw new Error('no such name')
      return [host, '2001:db8::5']
    },
    probe: async ({ requestUri, destination }) => {
      asked.push(requestUri)
      return !dead.has(destination.remoteAddress)
    },
  })
  const status = async (id: string) => (await house.providers.get(id)).health_status
  return { ...house, clock, dead, asked, health, status, writes: () => writes }
}

test('each provider is asked at once and then every minute; the verdict is written when it changes', async () => {
  const { clock, dead, asked, health, providers, status, writes } = await openHealth()
  const { id } = await providers.create({ hostname: '192.0.2.1:5080' })
  health.start()
  await settle()
  expect([asked, await status(id), writes()]).toEqual([['sip:192.0.2.1:5080'], 'healthy', 1])
  await clock.advance(5 * 60_000)
  expect([asked.length, writes()]).toEqual([6, 1])
  dead.add('192.0.2.1')
  await clock.advance(60_000)
  expect([await status(id), writes()]).toEqual(['unhealthy', 2])
  const { health_checked_at: at } = await providers.get(id)
  await clock.advance(9 * 60_000)
  expect(writes()).toBe(2)
  await clock.advance(60_000)
  expect([writes(), (await providers.get(id)).health_checked_at > at]).toEqual([3, true])
  health.close()
  await clock.advance(600_000)
  expect([asked.length, clock.waiting]).toEqual([17, 0])
})

test('a host that does not resolve is unhealthy, and its neighbours are asked all the same', async () => {
  const { health, providers, status } = await openHealth()
  const gone = await providers.create({ hostname: 'gone.example' })
  const there = await providers.create({ hostname: '192.0.2.1' })
  health.start()
  await settle()
  expect([await status(gone.id), await status(there.id)]).toEqual(['unhealthy', 'healthy'])
  health.close()
})

test('every address of a provider is known as one, until the provider is deleted', async () => {
  const { clock, health, providers } = await openHealth()
  const { id } = await providers.create({ hostname: '192.0.2.1' })
  expect(health.isProvider('192.0.2.1')).toBe(false)
  health.start()
  await settle()
  const known = () => ['192.0.2.1', '2001:db8::5', '192.0.2.2'].map((address) => health.isProvider(address))
  expect(known()).toEqual([true, true, false])
  await providers.remove(id)
  await clock.advance(60_000)
  expect(known()).toEqual([false, false, false])
  health.close()
})

test('a verdict on a host that the provider has left is dropped', async () => {
  const { health, providers, clock, ledger } = await openHealth()
  const { id } = await providers.create({ hostname: '192.0.2.1' })
  let answer: (healthy: boolean) => void = () => {}
  const slow = new ProviderHealth({
    ledger,
    clock,
    log: silentLog,
    resolve: async (host) => [host],
    probe: () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  })
  slow.start()
  await settle()
  await providers.update(id, { hostname: '192.0.2.2' })
  answer(true)
  await settle()
  expect(await providers.get(id)).toMatchObject({ hostname: '192.0.2.2', health_status: 'unknown' })
  slow.close()
  health.close()
})

test.each([
  [200, true],
  [404, true],
  [501, true],
  [0, false],
  [408, false],
  [503, false],
])('OPTIONS that ends with %d: there is %s', async (status, there) => {
  const commands: Command[] = []
  const options = createOptionsProbe({ command: (command) => commands.push(command) })
  const destination = { transport: 'UDP', remoteAddress: '192.0.2.1', remotePort: 5060 } as const
  const verdict = options.probe({ requestUri: 'sip:192.0.2.1', destination })
  const [command] = commands
  if (command?.kind !== 'options') throw new Error('no OPTIONS')
  expect(command).toMatchObject({ requestUri: 'sip:192.0.2.1', destination })
  options.onSession({ kind: 'optionsEnded', sessionId: '', requestId: 'another', status: 200 })
  expect(options.pending).toBe(1)
  options.onSession({ kind: 'optionsEnded', sessionId: '', requestId: command.requestId, status })
  expect([await verdict, options.pending]).toEqual([there, 0])
})
