// Every action that decides, dials or reaches outside, each on a real call and told by the keys that the phone hears, by
// who rings, or by what a web server is asked. The calls run side by side on one server.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tone } from '../../demo/phone/sound.ts'
import type { Call } from './facts.ts'
import { type Activeflow, digits, Stage } from './flow-stage.ts'
import { eventually } from './tools.ts'

const kinds = ['ai', 'queue', 'email', 'message', 'case', 'transcribe', 'conversation'] as const

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open((web) => ({
    PARTYLINE_ADAPTERS: kinds.map((kind) => `${kind}=${web.url(`/adapter/${kind}`)}`).join(','),
  }))
})
afterAll(() => stage?.close())

/** What stands for a variable in an option. */
const value = (name: string): string => `$\{${name}}`
const id = (last: number): string => `33333333-0000-4000-8000-00000000000${last}`
const set = (key: string, text: string): object => ({ type: 'variable_set', option: { key, value: text } })
const sleep = (duration: number): object => ({ type: 'sleep', option: { duration } })
const receive = (option: object): object => ({ type: 'digits_receive', option: { duration: 10_000, ...option } })

/** The keys that a flow of these actions presses, to its end. */
async function keysOf(actions: readonly object[], presses = ''): Promise<string> {
  const { phone } = await stage.ring(actions)
  if (presses !== '') await phone.press(presses)
  expect(await phone.ended).toEqual({ by: 'remote', status: 0 })
  return phone.ears.keys
}

describe.concurrent('deciding', () => {
  test('answer takes a call that came in, once', async () => {
    const caller = await stage.phone({ name: 'caller' })
    await caller.invite(await stage.door([{ type: 'answer' }, { type: 'answer' }, digits('1')]))
    expect(await caller.ended).toEqual({ by: 'remote', status: 0 })
    expect(caller.ears.keys).toBe('1')
  })

  test('variable_set and condition_variable', async () => {
    const condition = (option: object): object => ({
      type: 'condition_variable',
      option: { false_target_id: id(1), ...option },
    })
    const keys = await keysOf([
      set('age', '41'),
      set('age', `${value('age')}7`),
      condition({ variable: value('age'), condition: '>', value_type: 'number', value_number: 416 }),
      digits('1'),
      condition({ variable: 'age', condition: '==', value_type: 'length', value_length: 3 }),
      digits('2'),
      condition({ variable: 'age', condition: '!=', value_type: 'string', value_string: '417' }),
      digits('3'),
      { id: id(1), ...digits('4') },
    ])
    expect(keys).toBe('124')
  })

  test('branch, by value and by default', async () => {
    const branch = { type: 'branch', option: { target_ids: { 7: id(2) }, default_target_id: id(3) } }
    const keys = await keysOf(
      [
        { id: id(1), ...receive({ length: 1 }) },
        branch,
        digits('0'),
        { id: id(3), ...digits('1') },
        { type: 'goto', option: { target_id: id(1), loop_count: 1 } },
        digits('0'),
        { id: id(2), ...digits('2') },
      ],
      '47',
    )
    expect(keys).toBe('12')
  })

  test('goto as often as it says', async () => {
    const goto = { type: 'goto', option: { target_id: id(1), loop_count: 2 } }
    expect(await keysOf([{ id: id(1), ...digits('1') }, goto, digits('2')])).toBe('1112')
  })

  test('condition_call_digits, by length and by key', async () => {
    const condition = (option: object): object => ({
      type: 'condition_call_digits',
      option: { false_target_id: id(1), ...option },
    })
    const actions = [
      receive({ length: 2 }),
      condition({ length: 2 }),
      digits('1'),
      condition({ key: '9' }),
      digits('2'),
      { id: id(1), ...digits('3') },
    ]
    expect(await keysOf(actions, '45')).toBe('13')
    expect(await keysOf(actions, '49')).toBe('123')
  })

  test('condition_call_status', async () => {
    const is = (status: string, target: number): object => ({
      type: 'condition_call_status',
      option: { status, false_target_id: id(target) },
    })
    expect(
      await keysOf([is('progressing', 1), digits('1'), is('ringing', 2), digits('2'), { id: id(2), ...digits('3') }]),
    ).toBe('13')
  })

  test('condition_datetime', async () => {
    const is = (option: object, target: number): object => ({
      type: 'condition_datetime',
      option: { false_target_id: id(target), ...option },
    })
    const everyDay = [0, 1, 2, 3, 4, 5, 6]
    const keys = await keysOf([
      is({ condition: '>=', minute: 0, hour: 0, weekdays: everyDay }, 1),
      digits('1'),
      is({ condition: '<', hour: 0 }, 1),
      digits('2'),
      { id: id(1), ...digits('3') },
    ])
    expect(keys).toBe('13')
  })

  test('fetch_flow runs another flow and goes on, empty and block do nothing on a call', async () => {
    const { id: flow_id } = await stage.flow([digits('1')])
    expect(
      await keysOf([{ type: 'empty' }, { type: 'block' }, { type: 'fetch_flow', option: { flow_id } }, digits('2')]),
    ).toBe('12')
  })

  test('stop ends flow and call', async () => {
    expect(await keysOf([digits('1'), { type: 'stop' }, digits('2')])).toBe('1')
  })

  test('hangup with a reason: of a call that is up, and of one that is not, which is refused by it', async () => {
    const hangup = { type: 'hangup', option: { reason: 'busy' } }
    const { phone, callId } = await stage.ring([digits('1'), hangup, digits('2')])
    await phone.ended
    expect(phone.ears.keys).toBe('1')
    expect(await stage.over(callId)).toMatchObject({ hangup_by: 'local', hangup_reason: 'busy' })
    const caller = await stage.phone({ name: 'caller' })
    await expect(caller.invite(await stage.door([hangup]))).rejects.toThrow('486')
  })

  test('block parks a flow without a call until it is stopped', async () => {
    const made = await stage.server.api<Activeflow>('POST', '/activeflows', { actions: [{ type: 'block' }] })
    await eventually('it is parked', async () => {
      const { current_action: current } = await stage.activeflow(made.id)
      return current.type === 'block' ? true : undefined
    })
    expect((await stage.activeflow(made.id)).status).toBe('running')
    await stage.server.api('POST', `/activeflows/${made.id}/stop`)
    await stage.ended(made.id)
  })
})

const to = (...phones: readonly { readonly uri: string }[]): object => ({
  source: { type: 'sip', target: 'flow' },
  destinations: phones.map(({ uri }) => ({ type: 'sip', target: uri })),
})

describe.concurrent('dialling', () => {
  test('connect joins two, and the flow goes on when they have parted', async () => {
    const far = await stage.phone({ name: 'far', source: tone(1000) })
    const { phone, callId } = await stage.ring([{ type: 'connect', option: to(far) }, digits('1')], {
      source: tone(700),
    })
    await far.answered
    await Promise.all([phone.hearsTone(1000), far.hearsTone(700)])
    const [from, farFrom] = [phone.count, far.count]
    await Promise.all([phone.hear(50), far.hear(50)])
    expect(phone.tones([700, 1000], from)).toMatchObject([{ share: 0 }, { share: 1 }])
    expect(far.tones([700, 1000], farFrom)).toMatchObject([{ share: 1 }, { share: 0 }])
    const { chained_call_ids } = await stage.server.api<{ chained_call_ids: string[] }>('GET', `/calls/${callId}`)
    expect(chained_call_ids).toHaveLength(1)
    expect(phone.ears.keys).toBe('')
    await far.bye()
    expect(await phone.ended).toEqual({ by: 'remote', status: 0 })
    expect(phone.ears.keys).toBe('1')
    expect(await stage.over(chained_call_ids[0] ?? '')).toMatchObject({ hangup_by: 'remote', hangup_reason: 'normal' })
  })

  test('connect hangs the far end up with the caller', async () => {
    const far = await stage.phone({ name: 'far' })
    const { phone } = await stage.ring([{ type: 'connect', option: to(far) }], { source: tone(700) })
    await far.answered
    await far.hearsTone(700)
    await phone.bye()
    expect(await far.ended).toEqual({ by: 'remote', status: 0 })
  })

  test('connect relays that the far end is busy to a caller who was not answered yet', async () => {
    const far = await stage.phone({ name: 'far', answers: 486 })
    const caller = await stage.phone({ name: 'caller' })
    const door = await stage.door([{ type: 'connect', option: { ...to(far), relay_reason: true } }, digits('1')])
    await expect(caller.invite(door)).rejects.toThrow('486')
  })

  test('connect without an answer lets the flow go on', async () => {
    const far = await stage.phone({ name: 'far', answers: 486 })
    expect(await keysOf([{ type: 'connect', option: to(far) }, digits('1')])).toBe('1')
  })

  test('call makes calls of their own and goes on; chained ones end with it', async () => {
    const tied = await stage.phone({ name: 'tied' })
    const free = await stage.phone({ name: 'free' })
    const { id: flow_id } = await stage.flow([digits('8'), sleep(60_000)])
    const { phone, callId } = await stage.ring(
      [
        { type: 'call', option: { ...to(tied), chained: true, actions: [digits(value('key')), sleep(60_000)] } },
        { type: 'call', option: { ...to(free), flow_id } },
        digits('1'),
        sleep(60_000),
      ],
      { variables: { key: '7' } },
    )
    await phone.until('that the flow went on', () => phone.ears.keys === '1')
    await Promise.all([tied.answered, free.answered])
    await tied.until('its key', () => tied.ears.keys === '7')
    await free.until('its key', () => free.ears.keys === '8')
    const { chained_call_ids: chained } = await stage.server.api<{ chained_call_ids: string[] }>(
      'GET',
      `/calls/${callId}`,
    )
    expect(chained).toHaveLength(1)
    await phone.bye()
    expect(await tied.ended).toEqual({ by: 'remote', status: 0 })
    expect(await stage.over(chained[0] ?? '')).toMatchObject({ master_call_id: callId, hangup_by: 'local' })
    await free.hear(25)
    await free.bye()
  })

  test('hangup with a reference ends for the reason that the other call ended with', async () => {
    const far = await stage.phone({ name: 'far', answers: 486 })
    const { calls } = await stage.server.api<{ calls: Call[] }>('POST', '/calls', { ...to(far), actions: [] })
    const reference = calls[0]?.id ?? ''
    expect(await stage.over(reference)).toMatchObject({ hangup_by: 'remote', hangup_reason: 'busy' })
    const { phone, callId } = await stage.ring([{ type: 'hangup', option: { reference_id: reference } }])
    await phone.ended
    expect(await stage.over(callId)).toMatchObject({ hangup_by: 'local', hangup_reason: 'busy' })
  })
})

describe.concurrent('outside', () => {
  test('fetch runs what the address answers, then goes on', async () => {
    const path = stage.web.page(() => ({ body: JSON.stringify([digits('1'), digits('2')]) }))
    const { phone, callId, activeflowId } = await stage.ring([
      { type: 'fetch', option: { event_url: stage.web.url(path) } },
      digits('3'),
    ])
    await phone.ended
    expect(phone.ears.keys).toBe('123')
    const [visit] = stage.web.visitsTo(path)
    expect(visit).toMatchObject({ method: 'POST', type: 'application/json; charset=utf-8' })
    expect(JSON.parse(visit?.body ?? '')).toEqual({ activeflow_id: activeflowId, reference_id: callId })
  })

  test('fetch of what is no list of good actions ends the call and says why', async () => {
    const path = stage.web.page(() => ({ body: '[{"type":"sleep","option":{"duration":"x"}}]' }))
    const { phone, activeflowId } = await stage.ring([
      { type: 'fetch', option: { event_url: stage.web.url(path) } },
      digits('3'),
    ])
    await phone.ended
    expect(phone.ears.keys).toBe('')
    expect((await stage.ended(activeflowId)).error).toContain('duration')
  })

  test('webhook_send sends what it is given, waits when it is told to, and tries again', async () => {
    let failures = 1
    const path = stage.web.page(() => ({ status: failures-- > 0 ? 503 : 204 }))
    const late = stage.web.page(() => ({}))
    const { phone, callId } = await stage.ring(
      [
        {
          type: 'webhook_send',
          option: {
            uri: stage.web.url(path),
            method: 'PUT',
            data_type: 'text/plain',
            data: `${value('who')} on ${value('voipbin.call.id')}`,
            sync: true,
          },
        },
        digits('1'),
        { type: 'webhook_send', option: { uri: stage.web.url(late), data: 'last words' } },
      ],
      { variables: { who: 'Anna' } },
    )
    await phone.until('the key', () => phone.ears.keys === '1')
    expect(stage.web.visitsTo(path)).toEqual(
      Array.from({ length: 2 }, () => ({
        method: 'PUT',
        path,
        type: 'text/plain',
        body: `Anna on ${callId}`,
      })),
    )
    await phone.ended
    const last = await eventually('what was sent in the background', () => stage.web.visitsTo(late)[0])
    expect(last).toMatchObject({ method: 'POST', body: 'last words' })
  })

  const target = { type: 'tel', target: '+15550100' }
  const onCalls = [
    ['ai_talk', 'ai', { assistance_type: 'ai', assistance_id: id(7) }],
    ['queue_join', 'queue', { queue_id: id(7) }],
    ['email_send', 'email', { destinations: [{ type: 'email', target: 'a@example.org' }], subject: value('what') }],
    ['message_send', 'message', { source: target, destinations: [target], text: value('what') }],
    ['case_create', 'case', { name: value('what'), sync: true }],
    ['transcribe_start', 'transcribe', { language: 'en-US' }],
    ['transcribe_stop', 'transcribe', {}],
    ['transcribe_recording', 'transcribe', { language: 'en-US' }],
    ['conversation_send', 'conversation', { conversation_id: id(7), text: value('what'), sync: true }],
  ] as const

  interface Asked {
    readonly action: string
    readonly option: Record<string, unknown>
    readonly call: { readonly id: string } | null
    readonly activeflow_id: string
  }
  const answering = ({ body }: { readonly body: string }) => {
    const { action, call } = JSON.parse(body) as Asked
    const place = onCalls.findIndex(([type]) => type === action)
    return {
      body: JSON.stringify({
        variables: { [`told.${action}`]: 'yes' },
        actions: call === null ? [] : [digits(String(place + 1))],
      }),
    }
  }
  const asked = (kind: string): Asked[] =>
    stage.web.visitsTo(`/adapter/${kind}`).map(({ body }) => JSON.parse(body) as Asked)

  test('adapters are told each action, and what they answer is done', async () => {
    for (const kind of kinds) stage.web.pages.set(`/adapter/${kind}`, answering)
    const actions = onCalls.map(([type, , option]) => ({ type, option }))
    const { phone, callId, activeflowId } = await stage.ring(actions, { variables: { what: 'good news' } })
    await phone.ended
    const { variables, error } = await stage.ended(activeflowId)
    expect(error).toBe('')
    expect(phone.ears.keys).toBe('123456789')
    for (const [type, kind, option] of onCalls) {
      const told = asked(kind).find((each) => each.action === type && each.activeflow_id === activeflowId)
      expect(told, type).toMatchObject({ call: { id: callId } })
      for (const [name, given] of Object.entries(option))
        expect(told?.option[name], `${type}.${name}`).toEqual(
          given === value('what')
            ? 'good news'
            : given !== null && typeof given === 'object'
              ? expect.anything()
              : given,
        )
      expect(variables[`told.${type}`]).toBe('yes')
    }
  })

  test('adapters are told of ai_task and ai_summary in flows without a call', async () => {
    for (const kind of kinds) stage.web.pages.set(`/adapter/${kind}`, answering)
    const { id: made } = await stage.server.api<Activeflow>('POST', '/activeflows', {
      actions: [
        { type: 'ai_task', option: { assistance_type: 'ai', assistance_id: id(7) } },
        { type: 'ai_summary', option: { reference_type: 'call', reference_id: id(8), language: 'en-US' } },
      ],
    })
    expect(await stage.ended(made)).toMatchObject({
      error: '',
      variables: { 'told.ai_task': 'yes', 'told.ai_summary': 'yes' },
    })
  })
})
