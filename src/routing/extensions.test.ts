import { expect, test } from 'vitest'
import { newUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Change } from '../event/ledger.ts'
import { withNewHash } from './directs.ts'
import { createExtensions, extensionByNumber } from './extensions.ts'
import { eventTypes, openRouting, password, seal } from './routing.fixture.ts'

test('an extension, its hash and its event come and go in one commit each', async () => {
  const { ledger, first } = await openRouting()
  const commits: (readonly Change[])[] = []
  const extensions = createExtensions({
    seal,
    ledger: {
      get: (table, id) => ledger.get(table, id),
      find: (table, query) => ledger.find(table, query),
      events: (after, limit) => ledger.events(after, limit),
      subscribe: (listener) => ledger.subscribe(listener),
      timestamp: () => ledger.timestamp(),
      commit: (changes) => {
        commits.push(changes)
        return ledger.commit(changes)
      },
    },
  })
  const { id } = await extensions.create(first, { extension: '1001', password })
  await extensions.regenerateHash(first, id)
  await extensions.remove(first, id)
  expect(commits).toHaveLength(3)
  expect(await eventTypes(ledger, id)).toEqual(['extension_created', 'extension_updated', 'extension_deleted'])
  expect(await ledger.find('direct', { where: { resource_id: id } })).toEqual([])
})

test('the registrations of a deleted extension are forgotten with it', async () => {
  const { ledger, first, extensions } = await openRouting()
  const { id } = await extensions.create(first, { extension: '1001', password })
  const contactId = newUuid()
  await ledger.commit([
    {
      insert: 'contact',
      row: {
        id: contactId,
        customer_id: first,
        extension_id: id,
        aor_key: `${first}/1001`,
        uri: 'sip:1001@192.0.2.1',
        binding_key: 'k',
        instance_id: '',
        reg_id: 0,
        flow: {},
        path: [],
        user_agent: '',
        call_id: 'c',
        cseq: 1,
        q: 1000,
        tm_expire: notDeleted,
        tm_create: ledger.timestamp(),
        tm_update: '',
        tm_delete: notDeleted,
      },
    },
  ])
  await extensions.remove(first, id)
  expect((await ledger.get('contact', contactId))?.tm_delete).not.toBe(notDeleted)
  expect(await extensionByNumber(ledger, first, '1001')).toBeUndefined()
})

test('a hash that is made while its extension is being deleted does not outlive it', async () => {
  const { ledger, first, extensions } = await openRouting()
  const { id } = await extensions.create(first, { extension: '1001', password })
  const settled = await Promise.allSettled([
    extensions.remove(first, id),
    extensions.regenerateHash(first, id),
    extensions.regenerateHash(first, id),
  ])
  expect(settled[0]?.status).toBe('fulfilled')
  await expect(extensions.get(first, id)).rejects.toMatchObject({ code: 'EXTENSION_NOT_FOUND' })
  expect(await ledger.find('direct', { where: { resource_id: id } })).toEqual([])
})

test('changes of one trunk at the same time leave nothing that lacks its means', async () => {
  const { ledger, first, trunks } = await openRouting()
  const { id } = await trunks.create(first, {
    domain_name: 'office',
    username: 'pbx',
    password,
    allowed_ips: ['192.0.2.1'],
  })
  const settled = await Promise.allSettled([
    trunks.update(first, id, { auth_types: ['basic'], allowed_ips: [] }),
    trunks.update(first, id, { auth_types: ['ip'], username: '' }),
    trunks.update(first, id, { name: 'new' }),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await trunks.get(first, id)).toMatchObject({ name: 'new', auth_types: ['basic'], username: 'pbx' })
  expect(await eventTypes(ledger, id)).toEqual(['trunk_created', 'trunk_updated', 'trunk_updated'])
})

test('a hash that is taken is drawn again, three times at most', async () => {
  const { ledger, first } = await openRouting()
  const taken = (hash: string) => async (): Promise<void> => {
    const lifetime = { tm_create: ledger.timestamp(), tm_update: '', tm_delete: notDeleted }
    const row = { id: newUuid(), customer_id: first, resource_type: 'agent', resource_id: newUuid() } as const
    await ledger.commit([{ insert: 'direct', row: { ...row, ...lifetime, hash } }])
  }
  await taken('aaaaaaaaaaaa')()
  const drawn: string[] = []
  const commit = (unlucky: number) => async (hash: string) => {
    drawn.push(hash)
    await taken(drawn.length <= unlucky ? 'aaaaaaaaaaaa' : hash)()
    return hash
  }
  expect(await withNewHash(commit(2))).toBe(drawn[2])
  expect(new Set(drawn).size).toBe(3)
  drawn.length = 0
  await expect(withNewHash(commit(3))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  expect(drawn).toHaveLength(3)
})
