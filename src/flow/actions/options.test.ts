// What each action refuses when it is stored, naming the field; and that a variable may stand in its place.
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../base/ids.ts'
import { createWorld } from '../flow.fixture.ts'
import { normalise } from '../normalise.ts'
import { createRegistry } from '../registry.ts'
import { actions } from './index.gen.ts'

const registry = createRegistry(actions, { has: () => true })
const store = (type: string, option: object) =>
  normalise(registry, [{ type: 'answer' }, { type: 'answer' }, { type, option }])
const variable = '$'.concat('{it}')

/** Word, field, a value that is wrong. */
const wrong: readonly (readonly [string, string, unknown])[] = [
  ['ai_summary', 'reference_id', 'x'],
  ['ai_summary', 'language', 5],
  ['ai_talk', 'assistance_type', 'human'],
  ['ai_talk', 'duration', -1],
  ['ai_task', 'assistance_id', 'x'],
  ['amd', 'machine_handle', 'explode'],
  ['amd', 'async', 1],
  ['branch', 'variable', 7],
  ['branch', 'default_target_id', 'nowhere'],
  ['branch', 'target_ids', []],
  ['call', 'destinations', 'bob'],
  ['call', 'flow_id', 'x'],
  ['call', 'chained', 'maybe'],
  ['call', 'early_execution', 3],
  ['call', 'anonymous', 'perhaps'],
  ['call', 'source', 'bob'],
  ['case_create', 'name', 5],
  ['condition_call_digits', 'length', -1],
  ['condition_call_digits', 'key', 'x'],
  ['condition_call_status', 'status', 'dead'],
  ['condition_call_status', 'false_target_id', 'x'],
  ['condition_datetime', 'hour', 24],
  ['condition_datetime', 'minute', 60],
  ['condition_variable', 'condition', '~'],
  ['condition_variable', 'value_number', 'many'],
  ['confbridge_join', 'confbridge_id', 'x'],
  ['conference_join', 'conference_id', 'x'],
  ['connect', 'destinations', {}],
  ['connect', 'early_media', 'maybe'],
  ['connect', 'relay_reason', 'maybe'],
  ['connect', 'anonymous', 'perhaps'],
  ['conversation_send', 'conversation_id', 'x'],
  ['digits_receive', 'duration', -1],
  ['digits_receive', 'length', 101],
  ['digits_receive', 'key', 'x'],
  ['digits_send', 'digits', '12x'],
  ['digits_send', 'digits', '1'.repeat(101)],
  ['digits_send', 'duration', 99],
  ['digits_send', 'duration', 1001],
  ['digits_send', 'interval', 5001],
  ['echo', 'duration', 'long'],
  ['email_send', 'subject', 5],
  ['external_media_start', 'external_host', 'example.com'],
  ['external_media_start', 'external_host', 'a b:5004'],
  ['external_media_start', 'encapsulation', 'audiosocket'],
  ['external_media_start', 'transport', 'tcp'],
  ['external_media_start', 'connection_type', 'server'],
  ['external_media_start', 'format', 'mp3'],
  ['external_media_start', 'direction_listen', 'up'],
  ['external_media_start', 'direction_speak', 'up'],
  ['fetch', 'event_url', 'ftp://a.example'],
  ['fetch', 'event_method', 'PATCH'],
  ['fetch_flow', 'flow_id', 'x'],
  ['goto', 'target_id', 'nowhere'],
  ['goto', 'loop_count', 1.5],
  ['hangup', 'reason', 'bored'],
  ['hangup', 'reference_id', 'x'],
  ['message_send', 'text', 5],
  ['mute', 'direction', 'up'],
  ['play', 'stream_urls', 'https://a.example/1.wav'],
  ['queue_join', 'queue_id', 'x'],
  ['recording_start', 'format', 'mp3'],
  ['recording_start', 'end_of_silence', -1],
  ['recording_start', 'end_of_key', 'hash'],
  ['recording_start', 'duration', 86_401],
  ['recording_start', 'beep_start', 'maybe'],
  ['recording_start', 'on_end_flow_id', 'x'],
  ['sleep', 'duration', -1],
  ['stream_echo', 'duration', 0.5],
  ['talk', 'text', 5],
  ['talk', 'provider', 'azure'],
  ['talk', 'digits_handle', 'stop'],
  ['talk', 'async', 'maybe'],
  ['transcribe_recording', 'direction', 'up'],
  ['transcribe_start', 'direction', 'up'],
  ['transcribe_start', 'on_end_flow_id', 'x'],
  ['variable_set', 'key', 5],
  ['webhook_send', 'uri', 'mailto:a@example.com'],
  ['webhook_send', 'method', 'PATCH'],
  ['webhook_send', 'sync', 'maybe'],
]

/** Nothing to get wrong. */
const withoutOptions = [
  'answer',
  'beep',
  'block',
  'empty',
  'external_media_stop',
  'recording_stop',
  'stop',
  'transcribe_stop',
]

describe('a wrong option', () => {
  it.each(wrong)('of %s: %s is refused with 400, naming it', (type, field, value) => {
    expect(() => store(type, { [field]: value })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`actions[2].option.${field} `),
      }),
    )
  })

  it.each([
    ['connect', { destinations: [{ target: 'a' }, { type: 'pigeon' }] }, 'actions[2].option.destinations[1].type'],
    ['play', { stream_urls: ['https://a.example', 'file:///etc/passwd'] }, 'actions[2].option.stream_urls[1]'],
    ['branch', { target_ids: { 1: 'nowhere' } }, 'actions[2].option.target_ids.1'],
    ['condition_datetime', { weekdays: [1, 7] }, 'actions[2].option.weekdays[1]'],
    ['call', { actions: [{ type: 'talk', option: { async: 4 } }] }, 'actions[2].option.actions[0].option.async'],
  ])('inside %s %j is named by its whole path', (type, option, path) => {
    expect(() => store(type, option)).toThrow(expect.objectContaining({ message: expect.stringContaining(path) }))
  })

  it('is tested for every action that has options', () => {
    const tested = new Set([...wrong.map(([type]) => type), ...withoutOptions])
    expect(registry.types.filter((type) => !tested.has(type))).toEqual([])
    for (const type of withoutOptions) expect(registry.get(type)?.option.properties).toEqual({})
  })
})

describe('a variable in its place', () => {
  const asText = wrong.filter(
    ([, field, value]) => !Array.isArray(value) && !['destinations', 'source'].includes(field),
  )

  it.each(asText.filter(([, field]) => field !== 'stream_urls'))('in %s: %s is stored', (type, field) => {
    expect(store(type, { [field]: variable })[2]?.option).toEqual({ [field]: variable })
  })

  it('is checked when the action runs', async () => {
    const { startOnCall, activeflows, customerId, call, clock } = createWorld()
    const list = [
      { type: 'mute', option: { direction: variable } },
      { type: 'play', option: { stream_urls: [variable] } },
      { type: 'hangup', option: { reason: variable } },
    ]
    const { activeflowId, done } = await startOnCall(list, { it: 'sideways' })
    await clock.advance(0)
    await done
    expect((await activeflows.get(customerId, activeflowId)).error).toMatch(/^hangup: option\.reason is not valid/)
    expect(call.heard).toEqual(['hangup normal'])
  })

  it('becomes a number or a flag where the action wants one', async () => {
    const { startOnCall, clock, call } = createWorld()
    await startOnCall([{ type: 'digits_send', option: { digits: variable, duration: variable } }], { it: '200' })
    await clock.advance(0)
    expect(call.heard[0]).toBe('send 200 200/0')
    const id = newUuid()
    const other = createWorld()
    await other.startOnCall([{ type: 'hangup', option: { reference_id: variable } }], { it: id })
    await other.clock.advance(0)
    expect(other.call.heard[0]).toBe(`reason of ${id}`)
  })
})

describe('an error', () => {
  it('ends the activeflow in the actions that decide where it goes, and in no other', () => {
    const stopping = registry.types.filter((type) => registry.get(type)?.onError === 'stop')
    expect(stopping.join(' ')).toBe(
      'ai_summary ai_talk ai_task block branch call condition_call_digits condition_call_status condition_datetime condition_variable conference_join connect fetch fetch_flow goto hangup message_send queue_join stop',
    )
  })

  it('cannot come from an action that is skipped for want of a call, or because of one', () => {
    const media = registry.types.filter((type) => registry.get(type)?.media)
    expect(media.join(' ')).toBe(
      'ai_talk amd answer beep condition_call_digits condition_call_status confbridge_join conference_join connect digits_receive digits_send echo external_media_start external_media_stop hangup mute play queue_join recording_start recording_stop stream_echo talk transcribe_recording transcribe_start transcribe_stop',
    )
    const noCall = registry.types.filter((type) => registry.get(type)?.skippedOnCalls)
    expect(noCall.join(' ')).toBe('ai_summary ai_task block')
  })
})
