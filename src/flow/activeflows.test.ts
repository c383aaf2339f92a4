// Activeflows: execution rules and limits, storage, events, stopping, recovery.
import { describe, expect, it } from 'vitest'
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import { maxCompleteCount } from './activeflows.ts'
import { createWorld, settle } from './flow.fixture.ts'

const types = (list: readonly { readonly type: string }[]): string => list.map(({ type }) => type).join(' ')

describe('the order of actions', () => {
  it('follows next_id before the order of the list, also out of a pushed list', async () => {
    const { flows, customerId, runOnCall } = createWorld()
    const { id } = await flows.create(customerId, { actions: [{ type: 'empty' }] })
    const { executed_actions } = await runOnCall([
      { type: 'fetch_flow', option: { flow_id: id }, next_id: 'last' },
      { type: 'beep' },
      { id: 'last', type: 'stop' },
    ])
    expect(types(executed_actions)).toBe('fetch_flow empty stop')
  })

  it('jumps from a pushed list to one below it, and never back up', async () => {
    const { flows, customerId, runOnCall } = createWorld()
    const outer = newUuid()
    const inner = [{ type: 'goto', option: { target_id: outer, loop_count: 1 } }, { type: 'beep' }]
    const { id } = await flows.create(customerId, { actions: inner })
    const { executed_actions } = await runOnCall([
      { type: 'fetch_flow', option: { flow_id: id } },
      { type: 'beep' },
      { id: outer, type: 'empty' },
    ])
    expect(types(executed_actions)).toBe('fetch_flow goto empty')
  })

  it('ends with an error when a target does not exist', async () => {
    const { runOnCall } = createWorld()
    const { error } = await runOnCall([{ type: 'goto', option: { target_id: newUuid(), loop_count: 1 } }])
    expect(error).toMatch(/^no action of the running flow has the id/)
  })

  it('knows the reserved ids for the next action and the end', async () => {
    const { runOnCall } = createWorld()
    const { executed_actions } = await runOnCall([
      { type: 'empty', next_id: '00000000-0000-0000-0000-000000000003' },
      { type: 'answer', next_id: '00000000-0000-0000-0000-000000000002' },
      { type: 'beep' },
    ])
    expect(types(executed_actions)).toBe('empty answer')
  })

  it('records when each action ran, later ones later', async () => {
    const { executed_actions } = await createWorld().runOnCall([{ type: 'empty' }, { type: 'empty' }])
    const [first, second] = executed_actions.map(({ tm_execute }) => tm_execute ?? '')
    expect(first).toMatch(/^2026-03-04 09:30:00\.\d{6}$/)
    expect(second && first && second > first).toBe(true)
  })
})

describe('limits', () => {
  it('runs one action at most 100 times', async () => {
    const { runOnCall } = createWorld()
    const { error, executed_actions } = await runOnCall([{ id: 'a', type: 'answer', next_id: 'a' }])
    expect(error).toMatch(/answer .* more than 100 times/)
    expect(executed_actions).toHaveLength(100)
  })

  it('runs at most 1000 actions in a row that do not reach the call', async () => {
    const { runOnCall } = createWorld()
    const list = Array.from({ length: 20 }, (_, index) => ({
      id: `n${index}`,
      type: 'empty',
      next_id: `n${(index + 1) % 20}`,
    }))
    const { error, executed_actions } = await runOnCall(list)
    expect(error).toBe('1000 actions in a row did not reach the call')
    expect(executed_actions).toHaveLength(1000)
  })

  it('counts skipped actions too', async () => {
    const { activeflows, customerId, clock } = createWorld()
    const { id } = await activeflows.create(customerId, { actions: [{ id: 'a', type: 'answer', next_id: 'a' }] })
    await clock.advance(0)
    expect((await activeflows.get(customerId, id)).error).toMatch(/^1000 actions/)
  })

  it('nests flows at most 100 deep', async () => {
    const { flows, customerId, runOnCall, call } = createWorld()
    const ids = Array.from({ length: 101 }, () => newUuid())
    for (const [index, id] of ids.entries()) {
      const next = ids[index + 1]
      await flows.create(customerId, { id, actions: next ? [{ type: 'fetch_flow', option: { flow_id: next } }] : [] })
    }
    const start = (id: string | undefined) => runOnCall([{ type: 'fetch_flow', option: { flow_id: id } }])
    expect((await start(ids[2])).error).toBe('')
    call.current = 'ringing'
    expect((await start(ids[0])).error).toMatch(/nested more than 100 deep/)
  })

  it('starts at most five flows on completion, each knowing the one before', async () => {
    const { flows, customerId, activeflows, clock } = createWorld()
    const { id } = await flows.create(customerId, { actions: [{ type: 'empty' }] })
    await flows.update(customerId, id, { on_complete_flow_id: id })
    await activeflows.create(customerId, { flow_id: id })
    await clock.advance(0)
    const list = await activeflows.list(customerId, { limit: 100 })
    expect(list).toHaveLength(1 + maxCompleteCount)
    expect(list.map(({ variables }) => variables['voipbin.activeflow.complete_count'])).toEqual([
      '5',
      '4',
      '3',
      '2',
      '1',
      '0',
    ])
    for (const [index, one] of list.entries()) {
      expect(one).toMatchObject({ status: 'ended', reference_type: 'api', flow_id: id })
      expect(one.reference_activeflow_id).toBe(list[index + 1]?.id ?? nilUuid)
    }
  })
})

describe('an activeflow without a call', () => {
  it('skips what needs media and runs the rest at once', async () => {
    const { activeflows, customerId, clock, conferences } = createWorld()
    const actions = [
      { type: 'answer' },
      { type: 'talk' },
      { type: 'conference_join', option: { conference_id: newUuid() } },
      { type: 'variable_set', option: { key: 'a', value: 'b' } },
      { type: 'hangup' },
    ]
    const created = await activeflows.create(customerId, { actions, variables: { x: '1', 'voipbin.a': '2' } })
    expect(created).toMatchObject({
      status: 'running',
      reference_type: 'api',
      reference_id: nilUuid,
      customer_id: customerId,
    })
    await clock.advance(0)
    const { executed_actions, variables, error } = await activeflows.get(customerId, created.id)
    expect(types(executed_actions)).toBe('variable_set')
    expect(variables).toMatchObject({ a: 'b', x: '1', 'voipbin.activeflow.id': created.id })
    expect(variables).not.toHaveProperty('voipbin.a')
    expect(error).toBe('')
    expect(conferences.seen).toEqual([])
  })

  it('is refused with a clear word for each wrong field', async () => {
    const { activeflows, customerId } = createWorld()
    const create = (input: object) => activeflows.create(customerId, input)
    const taken = await create({ actions: [] })
    await expect(create({})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('flow_id'),
    })
    await expect(create({ flow_id: newUuid() })).rejects.toMatchObject({ code: 'FLOW_NOT_FOUND' })
    await expect(create({ actions: [{ type: 'no' }] })).rejects.toMatchObject({ code: 'INVALID_ACTION_TYPE' })
    await expect(create({ actions: [], webhook_uri: 'ftp://x' })).rejects.toThrow(/webhook_uri/)
    await expect(create({ actions: [], webhook_method: 'PATCH' })).rejects.toThrow(/webhook_method/)
    await expect(create({ actions: [], variables: { a: 1 } })).rejects.toMatchObject({ code: 'INVALID_VARIABLES' })
    await expect(create({ actions: [], id: taken.id })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})

describe('storage', () => {
  it('writes a short flow with two commits, and its events tell the same as its row', async () => {
    const { activeflows, customerId, clock, events, ledger } = createWorld()
    const list = Array.from({ length: 50 }, () => ({ type: 'empty' }))
    const { id } = await activeflows.create(customerId, { actions: list })
    await clock.advance(0)
    expect(events.map(({ type }) => type)).toEqual(['activeflow_created', 'activeflow_updated'])
    expect(events[1]?.data).toEqual(await activeflows.get(customerId, id))
    expect(events[1]?.data).toMatchObject({ status: 'ended', tm_delete: notDeleted })
    expect(events[1]?.data).not.toHaveProperty('complete_count')
    expect(await ledger.get('activeflow', id)).toMatchObject({ status: 'ended', complete_count: 0 })
    expect(clock.pending).toBe(0)
  })

  it('stores the action that it waits in', async () => {
    const { startOnCall, clock, ledger, events } = createWorld()
    const { activeflowId } = await startOnCall([{ type: 'answer' }, { type: 'sleep', option: { duration: 1000 } }])
    await clock.advance(20)
    expect(await ledger.get('activeflow', activeflowId)).toMatchObject({
      status: 'running',
      current_action: { type: 'sleep', option: { duration: 1000 } },
      executed_actions: [{ type: 'answer' }],
    })
    expect(events).toHaveLength(2)
  })

  it('hangs the call up even when the end cannot be stored', async () => {
    const { startOnCall, clock, ledger, call } = createWorld()
    const { done } = await startOnCall([{ type: 'sleep', option: { duration: 5 } }])
    ledger.commit = () => Promise.reject(new Error('disk full'))
    await clock.advance(5)
    await done
    expect(call.heard).toEqual(['hangup normal'])
  })

  it('does not start when it cannot be stored', async () => {
    const { startOnCall, ledger, activeflows, call } = createWorld()
    ledger.commit = () => Promise.reject(new Error('disk full'))
    await expect(startOnCall([{ type: 'answer' }])).rejects.toThrow('disk full')
    await activeflows.close('test over')
    expect(call.heard).toEqual([])
  })
})

describe('stopping', () => {
  it('ends the running action, hangs up, and may be repeated', async () => {
    const { startOnCall, clock, activeflows, customerId, call } = createWorld()
    const { activeflowId, done } = await startOnCall([
      { type: 'sleep', option: { duration: 60_000 } },
      { type: 'answer' },
    ])
    await clock.advance(100)
    const stopped = await activeflows.stop(customerId, activeflowId)
    expect(stopped).toMatchObject({ status: 'ended', error: '' })
    await done
    expect(call.heard).toEqual(['hangup normal'])
    expect(await activeflows.stop(customerId, activeflowId)).toEqual(stopped)
  })

  it('also works while it is being stored', async () => {
    const { activeflows, customerId, call, clock } = createWorld()
    const id = newUuid()
    const starting = activeflows.start({ customerId, id, actions: [{ type: 'answer' }], call })
    await Promise.resolve()
    call.current = 'hangup'
    await activeflows.callEnded(id)
    await (await starting).done
    await clock.advance(0)
    expect(await activeflows.get(customerId, id)).toMatchObject({ status: 'ended', executed_actions: [] })
    expect(call.heard).toEqual([])
  })

  it('removes: stopped, deleted, then not found', async () => {
    const { activeflows, customerId, events, clock } = createWorld()
    const { id } = await activeflows.create(customerId, { actions: [{ type: 'sleep', option: { duration: 60_000 } }] })
    const removed = await activeflows.remove(customerId, id)
    expect(removed.status).toBe('ended')
    expect(removed.tm_delete).not.toBe(notDeleted)
    expect(events.map(({ type }) => type)).toEqual(['activeflow_created', 'activeflow_updated', 'activeflow_deleted'])
    expect(events[2]?.data).toEqual(removed)
    await expect(activeflows.get(customerId, id)).rejects.toMatchObject({ code: 'ACTIVEFLOW_NOT_FOUND' })
    expect(await activeflows.list(customerId, { limit: 10 })).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('hides activeflows from other customers', async () => {
    const { activeflows, customerId } = createWorld()
    const { id } = await activeflows.create(customerId, { actions: [] })
    const stranger = newUuid()
    for (const attempt of [activeflows.get, activeflows.stop, activeflows.remove]) {
      await expect(attempt.call(activeflows, stranger, id)).rejects.toMatchObject({ code: 'ACTIVEFLOW_NOT_FOUND' })
    }
    expect(await activeflows.list(stranger, { limit: 10 })).toEqual([])
  })

  it('closes all with a reason, starts nothing after, and leaves no timer', async () => {
    const { activeflows, customerId, startOnCall, flows, clock, call } = createWorld()
    const next = await flows.create(customerId, { actions: [] })
    const sleep = [{ type: 'sleep', option: { duration: 60_000 } }]
    const flow = await flows.create(customerId, { actions: sleep, on_complete_flow_id: next.id })
    await activeflows.create(customerId, { flow_id: flow.id })
    await startOnCall(sleep)
    await clock.advance(50)
    await activeflows.close('server stopped')
    const list = await activeflows.list(customerId, { limit: 10 })
    expect(list.map(({ status, error }) => `${status}: ${error}`)).toEqual([
      'ended: server stopped',
      'ended: server stopped',
    ])
    expect(call.heard).toEqual(['hangup normal'])
    await expect(startOnCall([])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(clock.pending).toBe(0)
  })
})

describe('recovery', () => {
  it('closes what a dead process left running, with a reason and an event each', async () => {
    const { activeflows, customerId, ledger, events } = createWorld()
    const { id } = await activeflows.create(customerId, { actions: [] })
    await settle()
    const ended = await ledger.get('activeflow', id)
    if (!ended) throw new Error('row missing')
    for (let index = 0; index < 120; index += 1) {
      const row = { ...ended, id: newUuid(), status: 'running' as const, tm_create: ledger.timestamp() }
      await ledger.commit([{ insert: 'activeflow', row }])
    }
    const before = events.length
    expect(await activeflows.recover()).toBe(120)
    expect(events.length - before).toBe(120)
    expect(events.at(-1)).toMatchObject({
      type: 'activeflow_updated',
      data: { status: 'ended', error: 'server restarted' },
    })
    expect(await ledger.find('activeflow', { where: { status: 'running' } })).toEqual([])
    expect(await activeflows.recover()).toBe(0)
  })
})
