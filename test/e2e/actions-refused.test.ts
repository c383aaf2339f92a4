// Flows that cannot run are refused when they are stored: 400 with the place of what is wrong.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Stage } from './flow-stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage?.close())

describe.concurrent('storing refuses a bad option with 400 and the place', () => {
  test.each([
    ['talk', { text: 7 }, 'text'],
    ['play', { stream_urls: ['ftp://example.org/a.wav'] }, 'stream_urls[0]'],
    ['echo', { duration: -1 }, 'duration'],
    ['sleep', { duration: 'long' }, 'duration'],
    ['digits_receive', { length: 101 }, 'length'],
    ['digits_send', { digits: '12x' }, 'digits'],
    ['digits_send', { digits: '1', duration: 99 }, 'duration'],
    ['recording_start', { format: 'mp3' }, 'format'],
    ['amd', { machine_handle: 'shout' }, 'machine_handle'],
    ['mute', { direction: 'up' }, 'direction'],
    ['external_media_start', { external_host: 'nowhere' }, 'external_host'],
    ['conference_join', { conference_id: 'x' }, 'conference_id'],
    ['connect', { destinations: 'all' }, 'destinations'],
    ['hangup', { reason: 'boredom' }, 'reason'],
    ['goto', { target_id: 'there' }, 'target_id'],
    ['condition_variable', { condition: '~' }, 'condition'],
    ['webhook_send', { uri: 'file:///etc/passwd' }, 'uri'],
    ['fetch', { event_method: 'PATCH' }, 'event_method'],
  ])('%s with %j', async (type, option, field) => {
    const { status, body } = await stage.server.request('POST', '/flows', {
      name: 'bad',
      actions: [{ type: 'answer' }, { type, option }],
    })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain(`actions[1].option.${field}`)
  })

  test('email_send without an adapter', async () => {
    const { status, body } = await stage.server.request('POST', '/flows', {
      name: 'bad',
      actions: [{ type: 'email_send', option: { subject: 'hello' } }],
    })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain('email')
  })
})
