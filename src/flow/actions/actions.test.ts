// Each action on a call: what it does, and that a hang-up cuts it short.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.ts'
import { newUuid, nilUuid } from '../../base/ids.ts'
import { createWorld } from '../flow.fixture.ts'

const name = (text: string): string => `$\{${text}}`
const types = (list: readonly { readonly type: string }[]): string[] => list.map(({ type }) => type)
/** Sets `took` to the way that a flow went. */
const mark = (id: string, value: string) => ({ id, type: 'variable_set', option: { key: 'took', value } })

describe('index of actions', () => {
  it('is up to date', async () => {
    const script = fileURLToPath(new URL('../../../scripts/generate-actions.mjs', import.meta.url))
    await promisify(execFile)(process.execPath, [script, '--check'])
  })
})

describe('actions on the call', () => {
  it('answers, beeps and echoes in order, then hangs up', async () => {
    const { startOnCall, call, clock } = createWorld()
    const { done } = await startOnCall([
      { type: 'answer' },
      { type: 'beep' },
      { type: 'echo', option: { duration: 500 } },
    ])
    await clock.advance(199)
    expect(call.heard).toEqual(['answer', 'beep'])
    await clock.advance(501)
    await done
    expect(call.heard).toEqual(['answer', 'beep', 'echo 500', 'hangup normal'])
    expect(call.shownActions).toEqual(['answer', 'beep', 'echo'])
  })

  it('echoes for three minutes by default', async () => {
    const { startOnCall, call, clock } = createWorld()
    const { done } = await startOnCall([{ type: 'echo' }])
    await clock.advance(180_000)
    await done
    expect(call.heard).toEqual(['echo 180000', 'hangup normal'])
  })

  it('hangs up with a reason, or with that of another call, and runs nothing after it', async () => {
    const first = createWorld()
    await first.runOnCall([{ type: 'hangup', option: { reason: 'busy' } }, { type: 'answer' }])
    expect(first.call.heard).toEqual(['hangup busy'])

    const second = createWorld()
    const other = newUuid()
    await second.runOnCall([{ type: 'hangup', option: { reason: 'amd', reference_id: other } }])
    expect(second.call.heard).toEqual([`reason of ${other}`, 'hangup busy'])

    const third = createWorld()
    third.call.otherReason = ''
    await third.runOnCall([{ type: 'hangup', option: { reason: 'amd', reference_id: other } }])
    expect(third.call.heard).toEqual([`reason of ${other}`, 'hangup amd'])
  })

  it('goes on when answering fails', async () => {
    const { runOnCall, call } = createWorld()
    call.failAnswer = new UserError('STATE_INVALID', 'no')
    const { error, executed_actions } = await runOnCall([{ type: 'answer' }, { type: 'empty' }])
    expect(error).toBe('')
    expect(types(executed_actions)).toEqual(['answer', 'empty'])
  })

  it.each([
    ['sleep', { duration: 60_000 }],
    ['echo', {}],
    ['beep', {}],
    ['confbridge_join', { confbridge_id: newUuid() }],
  ])('a hang-up cuts %s short and leaves no timer', async (type, option) => {
    const { startOnCall, call, clock, activeflows, customerId } = createWorld()
    const { activeflowId, done } = await startOnCall([{ type: 'answer' }, { type, option }, { type: 'beep' }])
    await clock.advance(100)
    call.current = 'hangup'
    await activeflows.callEnded(activeflowId)
    await done
    expect(call.heard.filter((word) => word.startsWith('hangup'))).toEqual([])
    expect(await activeflows.get(customerId, activeflowId)).toMatchObject({ status: 'ended', error: '' })
    expect(types((await activeflows.get(customerId, activeflowId)).executed_actions)).toEqual(['answer', type])
    expect(clock.pending).toBe(0)
  })
})

describe('goto', () => {
  it('jumps as often as its count says, in every activeflow anew', async () => {
    const world = createWorld()
    const list = [
      { id: 'a', type: 'empty' },
      { type: 'goto', option: { target_id: 'a', loop_count: 2 } },
      { type: 'stop' },
    ]
    const flow = await world.flows.create(world.customerId, { actions: list })
    for (let round = 0; round < 2; round += 1) {
      const { id } = await world.activeflows.create(world.customerId, { flow_id: flow.id })
      await world.clock.advance(0)
      const { executed_actions } = await world.activeflows.get(world.customerId, id)
      expect(types(executed_actions).join(' ')).toBe('empty goto empty goto empty goto stop')
    }
    expect((await world.flows.get(world.customerId, flow.id)).actions[1]?.option['loop_count']).toBe(2)
  })

  it('falls through without a count', async () => {
    const { runOnCall } = createWorld()
    const { executed_actions } = await runOnCall([
      { id: 'a', type: 'empty' },
      { type: 'goto', option: { target_id: 'a' } },
    ])
    expect(types(executed_actions)).toEqual(['empty', 'goto'])
  })
})

describe('branch', () => {
  const flow = (digits: string) => [
    { type: 'variable_set', option: { key: 'voipbin.call.digits', value: digits } },
    { type: 'branch', option: { target_ids: { 1: 'one' }, default_target_id: 'other' } },
    mark('next', 'next'),
    { type: 'stop' },
    mark('one', 'one'),
    { type: 'stop' },
    mark('other', 'other'),
  ]

  it.each([
    ['1', 'one'],
    ['7', 'other'],
    ['constructor', 'other'],
  ])('with %j goes to %s and empties the variable', async (digits, took) => {
    const { variables } = await createWorld().runOnCall(flow(digits))
    expect(variables).toMatchObject({ took, 'voipbin.call.digits': '' })
  })

  it('goes on with the next action when there is no target', async () => {
    const { variables } = await createWorld().runOnCall([
      { type: 'variable_set', option: { key: 'menu', value: 'x' } },
      { type: 'branch', option: { variable: 'menu' } },
      mark('next', 'next'),
    ])
    expect(variables).toMatchObject({ took: 'next', menu: '' })
  })
})

describe('condition_variable', () => {
  const take = async (option: object): Promise<string | undefined> => {
    const { variables } = await createWorld().runOnCall([
      { type: 'variable_set', option: { key: 'age', value: '12' } },
      { type: 'condition_variable', option: { ...option, false_target_id: 'no' } },
      mark('yes', 'true'),
      { type: 'stop' },
      mark('no', 'false'),
    ])
    return variables['took']
  }

  it.each([
    [{ variable: name('age'), value_string: '12' }, 'true'],
    [{ variable: 'age', value_string: '12' }, 'true'],
    [{ variable: 'age', value_string: '13' }, 'false'],
    [{ variable: 'unknown', value_string: 'unknown' }, 'true'],
    [{ condition: '!=', variable: 'age', value_string: '13' }, 'true'],
    [{ condition: '>', variable: 'age', value_string: '9' }, 'false'],
    [{ condition: '>', variable: 'age', value_type: 'number', value_number: 9 }, 'true'],
    [{ condition: '>=', variable: 'age', value_type: 'number', value_number: 12 }, 'true'],
    [{ condition: '<', variable: 'age', value_type: 'number', value_number: 12 }, 'false'],
    [{ condition: '<=', variable: 'age', value_type: 'number', value_number: name('age') }, 'true'],
    [{ condition: '<', variable: name('nothing'), value_type: 'number', value_number: 12 }, 'false'],
    [{ variable: 'age', value_type: 'length', value_length: 2 }, 'true'],
  ])('%j is %s', async (option, took) => {
    expect(await take(option)).toBe(took)
  })
})

describe('condition_datetime, on Wednesday 2026-03-04 at 09:30 UTC', () => {
  it.each([
    [{}, true],
    [{ condition: '>=', hour: 8 }, true],
    [{ condition: '>=', hour: 10 }, false],
    [{ condition: '<', hour: 10, minute: 31 }, true],
    [{ condition: '<', hour: 10, minute: 30 }, false],
    [{ condition: '==', hour: 9, minute: -1, day: -1, month: 0 }, true],
    [{ condition: '==', day: 4, month: 3 }, true],
    [{ condition: '==', day: 4, month: 4 }, false],
    [{ weekdays: [1, 3] }, true],
    [{ weekdays: [0, 6], condition: '>=', hour: 0 }, false],
  ])('%j is %s', async (option, holds) => {
    const { variables } = await createWorld().runOnCall([
      { type: 'condition_datetime', option: { ...option, false_target_id: 'no' } },
      mark('yes', 'true'),
      { type: 'stop' },
      mark('no', 'false'),
    ])
    expect(variables['took']).toBe(String(holds))
  })
})

describe('variable_set', () => {
  it('takes other variables and goes on when a limit is exceeded', async () => {
    const { variables, error } = await createWorld().runOnCall([
      { type: 'variable_set', option: { key: 'who', value: `${name('voipbin.call.source.name')}!` } },
      { type: 'variable_set', option: { key: 'big', value: 'x'.repeat(40_000) } },
      { type: 'variable_set', option: { value: 'nameless' } },
      mark('m', 'end'),
    ])
    expect(error).toBe('')
    expect(variables).toMatchObject({ who: 'Ann!', took: 'end' })
    expect(variables).not.toHaveProperty('big')
  })
})

describe('fetch_flow', () => {
  it('runs the other flow, then goes on', async () => {
    const { flows, customerId, runOnCall, call } = createWorld()
    const { id } = await flows.create(customerId, { actions: [{ type: 'answer' }] })
    const { executed_actions } = await runOnCall([{ type: 'fetch_flow', option: { flow_id: id } }, { type: 'hangup' }])
    expect(types(executed_actions)).toEqual(['fetch_flow', 'answer', 'hangup'])
    expect(call.heard).toEqual(['answer', 'hangup normal'])
  })

  it('ends the activeflow when the flow is foreign, deleted or missing', async () => {
    const { flows, customerId, runOnCall, call } = createWorld()
    const foreign = await flows.create(newUuid(), { actions: [] })
    const deleted = await flows.create(customerId, { actions: [] })
    await flows.remove(customerId, deleted.id)
    for (const id of [foreign.id, deleted.id, newUuid(), nilUuid]) {
      call.current = 'ringing'
      const { error } = await runOnCall([{ type: 'fetch_flow', option: { flow_id: id } }])
      expect(error).toBe(`fetch_flow: there is no flow ${id}`)
    }
  })
})

describe('conference_join', () => {
  const conference = newUuid()
  const join = [{ type: 'conference_join', option: { conference_id: conference } }, mark('after', 'after')]

  it('runs the flow before, stays, and after a kick runs the flow after it and goes on', async () => {
    const world = createWorld()
    const { flows, customerId, conferences, clock, call } = world
    conferences.preFlowId = (await flows.create(customerId, { actions: [{ type: 'answer' }] })).id
    conferences.postFlowId = (await flows.create(customerId, { actions: [{ type: 'beep' }] })).id
    const { activeflowId, done } = await world.startOnCall(join)
    await clock.advance(60_000)
    expect(conferences.seen).toEqual([`admit ${conference}`, `stay ${conference}`])
    expect(call.heard).toEqual(['answer'])
    expect(await world.activeflows.get(customerId, activeflowId)).toMatchObject({
      status: 'running',
      current_action: {
        type: 'confbridge_join',
        option: { confbridge_id: conference, conferencecall_id: conferences.conferencecallId },
      },
    })
    conferences.kickAll()
    await clock.advance(200)
    await done
    expect(call.heard).toEqual(['answer', 'beep', 'hangup normal'])
    const { executed_actions, variables } = await world.activeflows.get(customerId, activeflowId)
    expect(types(executed_actions).join(' ')).toBe(
      'conference_join fetch_flow answer confbridge_join fetch_flow beep variable_set',
    )
    expect(variables['took']).toBe('after')
  })

  it('runs no flow after a hang-up', async () => {
    const { conferences, flows, customerId, startOnCall, clock, call, activeflows } = createWorld()
    conferences.postFlowId = (await flows.create(customerId, { actions: [{ type: 'beep' }] })).id
    const { activeflowId, done } = await startOnCall(join)
    await clock.advance(10)
    call.current = 'hangup'
    await activeflows.callEnded(activeflowId)
    await done
    expect(conferences.seen.at(-1)).toBe('cut short')
    expect(call.heard).toEqual([])
  })

  it('ends the activeflow and the call when the conference refuses', async () => {
    const { conferences, runOnCall, call } = createWorld()
    conferences.failAdmit = new UserError('CONFERENCE_NOT_FOUND', 'there is no such conference')
    const { error, status } = await runOnCall(join)
    expect({ error, status }).toEqual({ error: 'conference_join: there is no such conference', status: 'ended' })
    expect(call.heard).toEqual(['hangup normal'])
  })

  it('takes the conference from a variable and refuses what is no id', async () => {
    const list = [{ type: 'conference_join', option: { conference_id: name('room') } }]
    const good = createWorld()
    await good.startOnCall(list, { room: conference })
    await good.clock.advance(0)
    expect(good.conferences.seen[0]).toBe(`admit ${conference}`)

    const bad = createWorld()
    const { activeflowId, done } = await bad.startOnCall(list, { room: 'lobby' })
    await done
    expect((await bad.activeflows.get(bad.customerId, activeflowId)).error).toMatch(
      /^conference_join: option\.conference_id/,
    )
  })
})
