// Normalising actions: ids, references, options, limits.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUuid, newUuid, nilUuid } from '../base/ids.ts'
import { actions } from './actions/index.gen.ts'
import { flowLimits, normalise as normaliseWith } from './normalise.ts'
import { createRegistry } from './registry.ts'

const registry = createRegistry(actions, { has: () => true })
const normalise = (input: unknown) => normaliseWith(registry, input)

const words = [
  'ai_summary ai_talk ai_task amd answer beep block branch call case_create condition_call_digits condition_call_status',
  'condition_datetime condition_variable confbridge_join conference_join connect conversation_send digits_receive',
  'digits_send echo email_send empty external_media_start external_media_stop fetch fetch_flow goto hangup message_send',
  'mute play queue_join recording_start recording_stop sleep stop stream_echo talk transcribe_recording transcribe_start',
  'transcribe_stop variable_set webhook_send',
]
  .join(' ')
  .split(' ')

describe('action words', () => {
  it('accepts exactly the 44 words, without options too', () => {
    expect(registry.types).toEqual(words)
    expect(normalise(words.map((type) => ({ type }))).map(({ type }) => type)).toEqual(words)
  })

  it('refuses those whose adapter is not configured, naming place, action and adapter', () => {
    const bare = createRegistry(actions)
    const refused = words.filter((type) => {
      try {
        normaliseWith(bare, [{ type: 'answer' }, { type }])
        return false
      } catch (error) {
        const { message, code } = Object(error)
        expect(code).toBe('INVALID_ARGUMENT')
        expect(message).toMatch(
          new RegExp(
            `^actions\\[1\\]\\.type "${type}" is not available on this server; configure the "[a-z]+" adapter`,
          ),
        )
        return true
      }
    })
    expect(refused.join(' ')).toBe(
      'ai_summary ai_talk ai_task case_create conversation_send email_send message_send queue_join transcribe_recording transcribe_start transcribe_stop',
    )
  })

  it.each(['agent_call', 'chatbot_talk', 'hangup_relay', 'Answer', '', 5, undefined, '__proto__'])(
    'refuses %j',
    (type) => {
      expect(() => normalise([{ type: 'answer' }, { type }])).toThrow(
        expect.objectContaining({ code: 'INVALID_ACTION_TYPE', message: expect.stringContaining('actions[1].type') }),
      )
    },
  )
})

it('says that the type is missing when it is', () => {
  expect(() => normalise([{}])).toThrow(/^actions\[0\]\.type is missing; the actions are /)
})

describe('ids', () => {
  it('fills in what a bare action lacks', () => {
    const [action] = normalise([{ type: 'answer', option: null, next_id: '', tm_execute: '2026-01-01' }])
    expect(action).toEqual({ id: expect.any(String), next_id: nilUuid, type: 'answer', option: {}, tm_execute: null })
    expect(isUuid(action?.id ?? '')).toBe(true)
  })

  it('maps ids that are no UUIDs, and every reference to them', () => {
    const [a, b, c] = normalise([
      { id: 'a1', type: 'answer', next_id: 'a3' },
      {
        id: 'a2',
        type: 'branch',
        option: { default_target_id: 'a1', target_ids: { 1: 'a3', 2: '$' + '{dynamic}' } },
      },
      { id: 'a3', type: 'condition_variable', option: { false_target_id: 'a2', condition: '==' } },
    ])
    expect(a?.next_id).toBe(c?.id)
    expect(b?.option).toEqual({ default_target_id: a?.id, target_ids: { 1: c?.id, 2: '$' + '{dynamic}' } })
    expect(c?.option['false_target_id']).toBe(b?.id)
  })

  it('matches UUIDs in any case and keeps those of outer flows', () => {
    const id = newUuid()
    const outer = newUuid()
    const [a, b] = normalise([
      { id: id.toUpperCase(), type: 'empty', next_id: outer },
      { type: 'goto', option: { target_id: id.toUpperCase(), loop_count: 1 } },
    ])
    expect(a).toMatchObject({ id, next_id: outer })
    expect(b?.option['target_id']).toBe(id)
  })

  it('turns a next_id that names nothing into nil, but refuses such a target', () => {
    expect(normalise([{ type: 'empty', next_id: 'nowhere' }])[0]?.next_id).toBe(nilUuid)
    expect(() => normalise([{ type: 'goto', option: { target_id: 'nowhere' } }])).toThrow(
      /actions\[0\]\.option\.target_id/,
    )
  })

  it('refuses two actions with one id, and reserved ids', () => {
    const id = newUuid()
    expect(() =>
      normalise([
        { id: 'a', type: 'stop' },
        { id: 'a', type: 'stop' },
      ]),
    ).toThrow(/actions\[1\]\.id "a" is used twice/)
    expect(() =>
      normalise([
        { id, type: 'stop' },
        { id: id.toUpperCase(), type: 'stop' },
      ]),
    ).toThrow(/used twice/)
    expect(() => normalise([{ id: '00000000-0000-0000-0000-000000000001', type: 'stop' }])).toThrow(/reserved/)
  })

  it('maps the ids inside the actions of a call on their own', () => {
    const [a, b] = normalise([
      { id: 'x', type: 'answer' },
      {
        type: 'call',
        option: {
          actions: [
            { id: 'x', type: 'empty' },
            { type: 'goto', option: { target_id: 'x' } },
          ],
        },
      },
    ])
    const [inner, jump] = (b?.option['actions'] ?? []) as { id: string; option: Record<string, unknown> }[]
    expect(inner?.id).not.toBe(a?.id)
    expect(jump?.option['target_id']).toBe(inner?.id)
    expect(() => normalise([{ type: 'call', option: { actions: [{ type: 'nope' }] } }])).toThrow(
      /actions\[0\]\.option\.actions\[0\]\.type/,
    )
  })
})

describe('options', () => {
  it.each([
    [
      'sleep',
      { duration: 'long' },
      /actions\[0\]\.option\.duration must be integer \(got "long"\); it takes milliseconds/,
    ],
    ['sleep', { duration: -1 }, /duration must be >= 0/],
    ['hangup', { reason: 'bored' }, /option\.reason is not valid \(got "bored"\); .*"busy"/],
    ['conference_join', { conference_id: 'room' }, /conference_id is not valid .* the id of a conference/],
    ['condition_variable', { condition: '=' }, /option\.condition/],
    ['condition_datetime', { hour: 24 }, /option\.hour must be <= 23/],
    ['condition_datetime', { weekdays: [1, 7] }, /option\.weekdays\[1\]/],
    ['branch', { target_ids: { 1: 5 } }, /option\.target_ids\.1/],
    ['digits_send', { digits: '12x' }, /option\.digits/],
    ['connect', { destinations: [{ type: 'tel' }, { target: 5 }] }, /option\.destinations\[1\]\.target must be string/],
    ['talk', [], /actions\[0\]\.option must be an object/],
  ])('refuses a wrong option of %s', (type, option, message) => {
    expect(() => normalise([{ type, option }])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => normalise([{ type, option }])).toThrow(message)
  })

  it('keeps unknown keys, empty ids and variables', () => {
    const option = { text: 'hi', gender: 'female', voice_id: '' }
    expect(normalise([{ type: 'talk', option }])[0]?.option).toEqual(option)
    const dynamic = { conference_id: '$' + '{room}' }
    expect(normalise([{ type: 'conference_join', option: dynamic }])[0]?.option).toEqual(dynamic)
    expect(normalise([{ type: 'sleep', option: { duration: '$' + '{ms}' } }])[0]?.option).toEqual({
      duration: '$' + '{ms}',
    })
    expect(normalise([{ type: 'fetch_flow', option: { flow_id: '' } }])[0]?.option).toEqual({ flow_id: '' })
  })

  it('does not touch what it was given', () => {
    const given = [{ id: 'a', type: 'goto', option: { target_id: 'a' } }]
    const copy = structuredClone(given)
    normalise(given)
    expect(given).toEqual(copy)
  })
})

describe('limits', () => {
  it.each([
    ['no list', { type: 'answer' }, /actions must be a list/],
    ['no object', ['answer'], /actions\[0\] must be an object/],
    ['too many', Array.from({ length: flowLimits.actions + 1 }, () => ({ type: 'empty' })), /limit is 500/],
    ['too large', [{ type: 'talk', option: { text: 'x'.repeat(flowLimits.bytes) } }], /bytes; the limit is/],
  ])('refuses %s', (_, input, message) => {
    expect(() => normalise(input)).toThrow(message)
  })

  it('refuses deep nesting without running out of stack', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(() => normalise([{ type: 'talk', option: { deep } }])).toThrow(/nested more than 32/)
  })
})

describe('for any list', () => {
  const id = fc.oneof(fc.constantFrom('a', 'b', 'c', '', nilUuid), fc.uuid(), fc.string())
  const option = fc.record({ target_id: fc.oneof(fc.constantFrom('a', 'b', 'c', ''), fc.uuid()) }, { requiredKeys: [] })
  const list = fc.array(fc.record({ id, next_id: id, type: fc.constant('goto'), option }, { requiredKeys: ['type'] }), {
    maxLength: 8,
  })
  /** What normalise may refuse for good reason; anything else is a failure. */
  const tryNormalise = (input: unknown) => {
    try {
      return normalise(input)
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
      return undefined
    }
  }

  it('changes nothing the second time', () => {
    let accepted = 0
    fc.assert(
      fc.property(list, (input) => {
        const once = tryNormalise(input)
        if (!once) return
        accepted += 1
        expect(normalise(once)).toEqual(once)
      }),
    )
    expect(accepted).toBeGreaterThan(20)
  })

  it('resolves references to ids of the list, or leaves UUIDs as they are', () => {
    fc.assert(
      fc.property(list, (input) => {
        const once = tryNormalise(input)
        for (const [index, action] of (once ?? []).entries()) {
          const given = input[index]
          checkReference({ input, once, given: given?.next_id ?? '', result: action.next_id })
          const target = given?.option?.target_id
          if (target !== undefined)
            checkReference({ input, once, given: target, result: String(action.option['target_id']) })
        }
      }),
    )
  })

  function checkReference(case_: {
    input: { id?: string }[]
    once: { id: string }[] | undefined
    given: string
    result: string
  }) {
    const { input, once, given, result } = case_
    const place = given === '' || given === nilUuid ? -1 : input.findIndex((action) => action.id === given)
    if (place >= 0) expect(result).toBe(once?.[place]?.id)
    else expect(result).toBe(isUuid(given) ? given.toLowerCase() : nilUuid)
  }
})
