// Flows: creating, partial updates, direct hashes, tenancy.
import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import { createWorld } from './flow.fixture.ts'
import { maxFlowsPerCustomer } from './flows.ts'

describe('flows', () => {
  it('creates one with a direct hash that resolves to it', async () => {
    const { flows, customerId, ledger } = createWorld()
    const flow = await flows.create(customerId, {
      name: 'n',
      detail: 'd',
      actions: [{ type: 'answer' }],
      on_complete_flow_id: '',
    })
    expect(flow).toMatchObject({
      type: 'flow',
      name: 'n',
      detail: 'd',
      on_complete_flow_id: nilUuid,
      tm_update: '',
      tm_delete: notDeleted,
    })
    expect(flow.direct_hash).toMatch(/^[0-9a-f]{12}$/)
    expect(flow).not.toHaveProperty('persistent')
    const [direct] = await ledger.find('direct', { where: { hash: flow.direct_hash } })
    expect(direct).toMatchObject({ resource_type: 'flow', resource_id: flow.id, customer_id: customerId })
    expect(await flows.get(customerId, flow.id.toUpperCase())).toEqual(flow)
  })

  it('changes only what a patch names', async () => {
    const { flows, customerId } = createWorld()
    const flow = await flows.create(customerId, { name: 'n', detail: 'd', actions: [{ type: 'answer' }] })
    const renamed = await flows.update(customerId, flow.id, { name: 'm' })
    expect(renamed).toEqual({ ...flow, name: 'm', tm_update: renamed.tm_update })
    expect(renamed.tm_update > flow.tm_create).toBe(true)
    expect((await flows.update(customerId, flow.id, { actions: [] })).actions).toEqual([])
    await flows.update(customerId, flow.id, { actions: null })
    expect(await flows.get(customerId, flow.id)).toMatchObject({ name: 'm', detail: 'd', actions: [] })
  })

  it('removes it together with its hash', async () => {
    const { flows, customerId, ledger } = createWorld()
    const flow = await flows.create(customerId, {})
    expect((await flows.remove(customerId, flow.id)).tm_delete).not.toBe(notDeleted)
    expect(await ledger.find('direct', { where: { hash: flow.direct_hash } })).toEqual([])
    await expect(flows.get(customerId, flow.id)).rejects.toMatchObject({ code: 'FLOW_NOT_FOUND' })
    await expect(flows.remove(customerId, flow.id)).rejects.toMatchObject({ code: 'FLOW_NOT_FOUND' })
    expect(await flows.list(customerId, { limit: 10 })).toEqual([])
  })

  it('replaces the hash, and makes one where there was none', async () => {
    const { flows, customerId, ledger } = createWorld()
    const flow = await flows.create(customerId, {})
    const again = await flows.regenerateHash(customerId, flow.id)
    expect(again.direct_hash).not.toBe(flow.direct_hash)
    expect(await ledger.find('direct', { where: { hash: flow.direct_hash } })).toEqual([])
    expect(await ledger.find('direct', { where: { resource_id: flow.id } })).toMatchObject([
      { hash: again.direct_hash },
    ])

    const temporary = await flows.createTemporary(customerId, [])
    expect(temporary.direct_hash).toBe('')
    const { direct_hash: hash } = await flows.regenerateHash(customerId, temporary.id)
    expect(await ledger.find('direct', { where: { hash } })).toHaveLength(1)
  })

  it('draws another hash when one is taken, and gives up after the third', async () => {
    const { flows, customerId, ledger } = createWorld()
    const commit = ledger.commit.bind(ledger)
    let collisions = 2
    ledger.commit = (changes) => {
      collisions -= 1
      if (collisions < 0) return commit(changes)
      return Promise.reject(
        new UserError('ALREADY_EXISTS', 'taken', { details: [{ resource: 'direct', field: 'hash' }] }),
      )
    }
    expect((await flows.create(customerId, {})).direct_hash).toHaveLength(12)
    collisions = 3
    await expect(flows.create(customerId, {})).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('lists newest first, page by page, without temporary flows', async () => {
    const { flows, customerId } = createWorld()
    for (const name of ['a', 'b', 'c']) await flows.create(customerId, { name })
    await flows.createTemporary(customerId, [])
    await flows.create(newUuid(), { name: 'foreign' })
    const first = await flows.list(customerId, { limit: 2 })
    expect(first.map(({ name }) => name)).toEqual(['c', 'b'])
    const rest = await flows.list(customerId, { limit: 2, before: first[1]?.tm_create ?? '' })
    expect(rest.map(({ name }) => name)).toEqual(['a'])
  })

  it('refuses one flow more than a customer may have', async () => {
    const { flows, customerId, ledger } = createWorld()
    const find = ledger.find
    ledger.find = async () => Array.from<never>({ length: maxFlowsPerCustomer })
    await expect(flows.create(customerId, {})).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    ledger.find = find
    expect(await flows.list(customerId, { limit: 10 })).toEqual([])
  })

  it('refuses wrong ids with the name of the field', async () => {
    const { flows, customerId } = createWorld()
    const flow = await flows.create(customerId, {})
    const foreign = await flows.create(newUuid(), {})
    await expect(flows.create(customerId, { id: flow.id })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(flows.create(customerId, { id: 'x' })).rejects.toThrow(/^id must be a UUID/)
    for (const id of [foreign.id, newUuid(), 'x']) {
      await expect(flows.create(customerId, { on_complete_flow_id: id })).rejects.toThrow(/on_complete_flow_id/)
    }
  })

  it('hides flows from other customers', async () => {
    const { flows, customerId } = createWorld()
    const { id } = await flows.create(customerId, { name: 'mine' })
    const stranger = newUuid()
    const attempts = [
      flows.get(stranger, id),
      flows.update(stranger, id, { name: 'x' }),
      flows.remove(stranger, id),
      flows.regenerateHash(stranger, id),
    ]
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'FLOW_NOT_FOUND' })
    expect(await flows.get(customerId, id)).toMatchObject({ name: 'mine', tm_update: '' })
  })
})
