// Actions that reach outside the call: other calls, the web, endpoints of the user's; and the two old conditions.
import { describe, expect, it } from 'vitest'
import { OperationalError, UserError } from '../../base/errors.ts'
import { newUuid, nilUuid } from '../../base/ids.ts'
import { createWorld, settle } from '../flow.fixture.ts'

const types = (list: readonly { readonly type: string }[]): string => list.map(({ type }) => type).join(' ')
const mark = (id: string, value: string) => ({ id, type: 'variable_set', option: { key: 'took', value } })
const bob = { type: 'sip', target: 'bob@example.com' } as const
const full = (address: object) => ({ name: '', detail: '', target_name: '', ...address })

describe('connect', () => {
  it('dials all destinations for the far party, and goes on when they have parted', async () => {
    const { runOnCall, call, dialling } = createWorld()
    const destinations = [bob, { target: '+15550001' }]
    const { executed_actions, id } = await runOnCall([
      { type: 'connect', option: { destinations, early_media: true, anonymous: 'yes', relay_reason: true } },
      { type: 'empty' },
    ])
    expect(types(executed_actions)).toBe('connect empty')
    expect(dialling.connected).toEqual([
      {
        call,
        activeflowId: id,
        source: call.source,
        destinations: [full(bob), full({ type: 'tel', target: '+15550001' })],
        earlyMedia: true,
        anonymous: 'yes',
        variables: expect.objectContaining({ 'voipbin.call.id': call.id }),
        signal: expect.any(AbortSignal),
      },
    ])
  })

  it('relays the reason of a single destination', async () => {
    const { runOnCall, call, dialling } = createWorld()
    const far = newUuid()
    dialling.outcome = { callId: far, answered: false, hangupReason: 'busy' }
    const option = { destinations: [bob], relay_reason: true }
    await runOnCall([{ type: 'connect', option }, { type: 'beep' }])
    expect(call.heard).toEqual([`reason of ${far}`, 'hangup busy'])

    const early = createWorld()
    early.call.otherReason = ''
    early.dialling.outcome = { callId: far, answered: false, hangupReason: 'noanswer' }
    await early.runOnCall([{ type: 'connect', option }])
    expect(early.call.heard.at(-1), 'the end of the other call is not stored yet').toBe('hangup noanswer')
  })

  it.each([
    [{}, 'connect: option.destinations is empty; give whom to call'],
    [{ destinations: [{ type: 'sip' }] }, 'connect: option.destinations[0].target is empty'],
    [{ destinations: [bob] }, 'connect: not allowed'],
  ])('with %j ends the activeflow and the call', async (option, message) => {
    const { runOnCall, call, dialling } = createWorld()
    dialling.fail = new UserError('DESTINATION_NOT_ALLOWED', 'not allowed')
    const { error } = await runOnCall([{ type: 'connect', option }, { type: 'beep' }])
    expect(error).toBe(message)
    expect(call.heard).toEqual(['hangup normal'])
  })
})

describe('call', () => {
  it('makes calls with actions of their own and goes on', async () => {
    const { runOnCall, call, dialling, customerId } = createWorld()
    const actions = [{ type: 'talk', option: { text: 'hi' } }]
    const option = { source: { target: '+15550009' }, destinations: [bob], actions, chained: true }
    const { executed_actions, id } = await runOnCall([{ type: 'call', option }, { type: 'empty' }])
    expect(types(executed_actions)).toBe('call empty')
    expect(dialling.dialled).toMatchObject([
      {
        ...{ customerId, call, activeflowId: id, flowId: nilUuid, chained: true, early: false, anonymous: '' },
        source: { type: 'tel', target: '+15550009' },
        destinations: [full(bob)],
        actions: [{ type: 'talk', option: { text: 'hi' }, next_id: nilUuid }],
      },
    ])
  })

  it('works without a call, with a flow that wins over actions', async () => {
    const { activeflows, customerId, clock, dialling } = createWorld()
    const flowId = newUuid()
    const option = { destinations: [bob], flow_id: flowId, actions: [{ type: 'beep' }], early_execution: true }
    await activeflows.create(customerId, { actions: [{ type: 'call', option }] })
    await clock.advance(0)
    expect(dialling.dialled).toMatchObject([{ call: undefined, flowId, actions: [], early: true, chained: false }])
  })

  it.each([
    [{ destinations: [bob] }, 'call: give option.flow_id or option.actions for the new calls'],
    [{ actions: [{ type: 'beep' }] }, 'call: option.destinations is empty; give whom to call'],
  ])('with %j ends the activeflow', async (option, message) => {
    const { runOnCall } = createWorld()
    expect((await runOnCall([{ type: 'call', option }])).error).toBe(message)
  })
})

describe('fetch', () => {
  const fetch = (option: object = {}) => ({ type: 'fetch', option: { event_url: 'https://a.example/x', ...option } })

  it('posts who asks, runs the actions of the answer, then goes on', async () => {
    const { runOnCall, call, web, customerId } = createWorld()
    const actions = [{ id: 'a', type: 'beep', next_id: 'b' }, { type: 'empty' }, { id: 'b', type: 'answer' }]
    web.answers = [{ status: 200, body: JSON.stringify(actions.with(0, { id: 'a', type: 'answer', next_id: 'b' })) }]
    const { id, executed_actions } = await runOnCall([fetch(), { type: 'empty' }])
    expect(types(executed_actions)).toBe('fetch answer answer empty')
    expect(web.asked).toMatchObject([
      { url: 'https://a.example/x', method: 'POST', contentType: 'application/json; charset=utf-8', customerId },
    ])
    expect(JSON.parse(web.asked[0]?.body ?? '')).toEqual({ activeflow_id: id, reference_id: call.id })
  })

  it('sends no body by GET', async () => {
    const { runOnCall, web } = createWorld()
    await runOnCall([fetch({ event_method: 'GET' })])
    expect(web.asked).toMatchObject([{ method: 'GET', body: '', contentType: '' }])
  })

  it.each([
    [{ status: 201, body: '[]' }, 'fetch: https://a.example/x answered 201; 200 with a list of actions is expected'],
    [{ status: 200, body: '<html>' }, 'fetch: the answer of https://a.example/x is not JSON'],
    [{ status: 200, body: '{}' }, 'fetch: answer must be a list of actions, e.g. [{"type": "answer"}]'],
    [{ status: 200, body: '[{"type":"talk","option":{"async":7}}]' }, /^fetch: answer\[0\]\.option\.async/],
    [{ status: 200, body: '[{"type":"ai_talk"}]' }, /^fetch: answer\[0\]\.type "ai_talk" is not available/],
    [new OperationalError('no answer'), 'fetch: no answer'],
  ])('with the answer %j ends the activeflow', async (answer, message) => {
    const { runOnCall, web } = createWorld()
    web.answers = [answer]
    const { error } = await runOnCall([fetch(), { type: 'empty' }])
    expect(error).toMatch(message)
  })
})

describe('webhook_send', () => {
  const send = (option: object = {}) => ({ type: 'webhook_send', option: { uri: 'https://a.example/h', ...option } })

  it('sends the text as it is, with variables, and waits when sync', async () => {
    const { runOnCall, web, customerId } = createWorld()
    const option = { sync: true, method: 'PUT', data_type: 'text/plain', data: `from ${'$'}{voipbin.call.source.name}` }
    await runOnCall([send(option)])
    expect(web.asked).toEqual([
      { url: 'https://a.example/h', method: 'PUT', contentType: 'text/plain', body: 'from Ann', customerId },
    ])
  })

  it('is repeated a second later on failure or 500, three times in all, also after the flow has ended', async () => {
    const { runOnCall, web, clock, warnings } = createWorld()
    web.answers = [new OperationalError('refused'), { status: 500, body: '' }]
    await runOnCall([send({ data: 'x', data_type: 'a/b' })])
    expect(web.asked).toHaveLength(1)
    await clock.advance(1000)
    expect(web.asked).toHaveLength(2)
    await clock.advance(5000)
    expect(web.asked).toHaveLength(3)
    expect(warnings).toEqual(['https://a.example/h answered 500'])
  })

  it('is final with any other answer, and never ends the flow', async () => {
    const { runOnCall, web } = createWorld()
    web.answers = [{ status: 404, body: '' }, new UserError('INVALID_ARGUMENT', 'private address')]
    const { error, executed_actions } = await runOnCall([
      send({ sync: true, method: 'GET', data: 'x' }),
      send({ sync: true }),
      { type: 'webhook_send' },
      { type: 'empty' },
    ])
    expect(error).toBe('')
    expect(types(executed_actions)).toBe('webhook_send webhook_send webhook_send empty')
    expect(web.asked.map(({ method, body }) => method + body)).toEqual(['GET', 'POST'])
  })

  it('is given up when the server stops', async () => {
    const { runOnCall, web, clock, activeflows } = createWorld()
    web.answers = [{ status: 503, body: '' }]
    await runOnCall([send()])
    await activeflows.close('server stopped')
    expect(clock.pending).toBe(0)
    expect(web.asked).toHaveLength(1)
  })
})

describe('actions of an adapter', () => {
  const kinds = [
    ['ai_talk', 'ai', true],
    ['queue_join', 'queue', true],
    ['transcribe_start', 'transcribe', true],
    ['transcribe_stop', 'transcribe', true],
    ['transcribe_recording', 'transcribe', true],
    ['message_send', 'message', true],
    ['email_send', 'email', true],
    ['conversation_send', 'conversation', true],
    ['case_create', 'case', true],
    ['ai_task', 'ai', false],
    ['ai_summary', 'ai', false],
  ] as const

  it.each(kinds)('%s asks the %s endpoint, takes its variables and runs its actions', async (type, kind, onCall) => {
    const { startOnCall, adapters, clock, activeflows, customerId, call } = createWorld()
    adapters.configured.add(kind)
    adapters.reply = { variables: { answer: '42' }, actions: [{ type: 'empty', option: {} }] }
    const list = [{ type, option: { sync: true } }, { type: 'stop' }]
    const id = onCall
      ? (await startOnCall(list)).activeflowId
      : (await activeflows.create(customerId, { actions: list })).id
    await clock.advance(100)
    const { executed_actions, variables } = await activeflows.get(customerId, id)
    expect(types(executed_actions)).toBe(`${type} empty stop`)
    expect(variables['answer']).toBe('42')
    const payload = { action: type, activeflow_id: id, customer_id: customerId, call: onCall ? { id: call.id } : null }
    expect(adapters.asked).toMatchObject([{ kind, payload }])
  })

  it.each(kinds)(
    '%s stops the flow or goes on when the %s endpoint fails, by the table',
    async (type, kind, onCall) => {
      const { startOnCall, adapters, clock, activeflows, customerId } = createWorld()
      adapters.configured.add(kind)
      adapters.reply = new OperationalError('no answer')
      const list = [{ type, option: { sync: true } }, { type: 'stop' }]
      const id = onCall
        ? (await startOnCall(list)).activeflowId
        : (await activeflows.create(customerId, { actions: list })).id
      await clock.advance(100)
      const goesOn = /^(case|conversation|email|transcribe)_/.test(type)
      expect((await activeflows.get(customerId, id)).error).toBe(goesOn ? '' : `${type}: no answer`)
    },
  )

  it('does not wait without sync, and takes the variables when they come', async () => {
    const { startOnCall, adapters, clock, activeflows, customerId } = createWorld()
    adapters.configured.add('case')
    adapters.reply = { variables: { answer: '42' }, actions: [] }
    const { activeflowId } = await startOnCall([{ type: 'case_create' }, { type: 'sleep', option: { duration: 500 } }])
    await clock.advance(50)
    expect(await activeflows.get(customerId, activeflowId)).toMatchObject({ current_action: { type: 'sleep' } })
    await clock.advance(60)
    expect((await activeflows.get(customerId, activeflowId)).variables['answer']).toBe('42')
  })

  it('refuses at run time what was stored while the adapter was configured', async () => {
    const { flows, customerId, adapters, activeflows, clock } = createWorld()
    adapters.configured.add('message').add('email')
    const list = [{ type: 'email_send' }, { type: 'message_send' }]
    const flow = await flows.create(customerId, { actions: list })
    adapters.configured.clear()
    const { id } = await activeflows.create(customerId, { flow_id: flow.id })
    await clock.advance(0)
    const { error, executed_actions } = await activeflows.get(customerId, id)
    expect(error).toMatch(/^message_send: the action is not available on this server; configure the "message" adapter/)
    expect(types(executed_actions)).toBe('email_send message_send')
  })
})

describe('conditions on the call', () => {
  const digits = (value: string, option: object) => [
    { type: 'variable_set', option: { key: 'voipbin.call.digits', value } },
    { type: 'condition_call_digits', option: { ...option, false_target_id: 'no' } },
    mark('yes', 'true'),
    { type: 'stop' },
    mark('no', 'false'),
  ]

  it.each([
    ['12', { length: 2 }, 'true'],
    ['1', { length: 2 }, 'false'],
    ['1#', { length: 5, key: '#' }, 'true'],
    ['12', { key: '#' }, 'false'],
    ['', {}, 'true'],
  ])('condition_call_digits with %j and %j is %s', async (value, option, took) => {
    const { runOnCall } = createWorld()
    expect((await runOnCall(digits(value, option))).variables['took']).toBe(took)
  })

  it.each([
    ['progressing', 'true'],
    ['ringing', 'false'],
  ])('condition_call_status %s is %s', async (status, took) => {
    const { runOnCall } = createWorld()
    const { variables } = await runOnCall([
      { type: 'answer' },
      { type: 'condition_call_status', option: { status, false_target_id: 'no' } },
      mark('yes', 'true'),
      { type: 'stop' },
      mark('no', 'false'),
    ])
    expect(variables['took']).toBe(took)
  })
})

describe('block', () => {
  it('parks an activeflow without a call until it is stopped', async () => {
    const { activeflows, customerId, clock } = createWorld()
    const { id } = await activeflows.create(customerId, { actions: [{ type: 'block' }, { type: 'empty' }] })
    await clock.advance(23 * 3_600_000)
    expect(await activeflows.get(customerId, id)).toMatchObject({
      status: 'running',
      current_action: { type: 'block' },
    })
    expect(await activeflows.stop(customerId, id)).toMatchObject({ status: 'ended', error: '' })
    await settle()
    expect(clock.pending).toBe(0)
  })

  it('ends it after a day, and is nothing on a call', async () => {
    const { activeflows, customerId, clock, runOnCall } = createWorld()
    const { id } = await activeflows.create(customerId, { actions: [{ type: 'block' }, { type: 'empty' }] })
    await clock.advance(24 * 3_600_000)
    expect((await activeflows.get(customerId, id)).error).toBe(
      'block: the activeflow was parked for 24 hours; the limit is reached',
    )
    expect(types((await runOnCall([{ type: 'block' }, { type: 'empty' }])).executed_actions)).toBe('empty')
  })
})
