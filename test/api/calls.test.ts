import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiUnderTest, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.app.close())

const dial = (body: unknown) => api.ask('POST', '/v1.0/calls', { body })

test('a new call stands in calls, and its fields beside it', async () => {
  const answer = await dial({
    source: { target: '+15551230001' },
    destinations: [{ target: 'alice@127.0.0.1' }, { target: 'sip:bob@[::1]' }],
  })
  expect(answer.status).toBe(200)
  const { calls, groupcalls } = answer.json
  expect(calls).toMatchObject([
    { source: { type: 'tel' }, destination: { type: 'sip', target: 'alice@127.0.0.1' } },
    { source: { type: 'tel' }, destination: { type: 'sip', target: 'sip:bob@[::1]' } },
  ])
  expect(groupcalls).toEqual([])
  expect(answer.json['id']).toBe(Array.isArray(calls) ? calls[0].id : '')
  expect(answer.text).not.toContain('secret-of-the-server')
})

test.each([
  ['+15551234567', 'tel'],
  ['1000', 'tel'],
  ['1000@host', 'sip'],
  ['sips:x@host', 'sip'],
  ['17039950-eab0-421d-a5f5-05acd1ac6801', 'agent'],
])('the type of %s is read off it as %s', async (target, type) => {
  const { json } = await dial({ destinations: [{ target }] })
  expect(json['destination']).toMatchObject({ type, target })
})

test.each([
  [{ destinations: [] }, 'INVALID_ARGUMENT', 'destinations must have at least 1 entry'],
  [{}, 'INVALID_ARGUMENT', 'destinations is missing'],
  [{ destinations: [{ target: 'alice' }] }, 'INVALID_ARGUMENT', 'destinations[0].type is missing'],
  [{ destinations: [{ type: 'pigeon', target: 'a' }] }, 'INVALID_ARGUMENT', 'destinations[0].type must be one of'],
  [{ destinations: ['sip:a@b'] }, 'INVALID_JSON_BODY', 'destinations[0] must be an object'],
  [{ destinations: [{ target: 'a@b' }], flow_id: 'x' }, 'INVALID_ARGUMENT', 'flow_id must be a UUID'],
  [{ destinations: [{ target: 'a@b' }], actions: [{}] }, 'INVALID_ACTION_TYPE', 'actions[0].type'],
  [{ destinations: [{ target: 'a@b' }], variables: { n: 1 } }, 'INVALID_VARIABLES', 'variables.n must be a string'],
  [{ destinations: [{ target: 'a@b' }], variables: [] }, 'INVALID_VARIABLES', 'variables must be an object'],
  [{ destinations: [{ target: 'a@b' }], anonymous: 'maybe' }, 'INVALID_ANONYMOUS_VALUE', 'anonymous must be'],
  [{ destinations: [{ target: 'a@b' }], anonymous: true }, 'INVALID_ANONYMOUS_VALUE', 'anonymous must be'],
])('%j is refused with %s', async (body, reason, message) => {
  const answer = await dial(body)
  expect([answer.status, reasonOf(answer)]).toEqual([400, reason])
  expect(text(answer, 'message')).toContain(message)
})

test('a flow wins over actions', async () => {
  const flow_id = '17039950-eab0-421d-a5f5-05acd1ac6801'
  const { status, json } = await dial({ destinations: [{ target: 'a@b' }], flow_id, actions: [{}] })
  expect([status, json['flow_id']]).toEqual([200, flow_id])
})

test('an anonymous call shows nothing of its source', async () => {
  const { json } = await dial({
    source: { target: '+15551230001' },
    destinations: [{ target: 'a@b' }],
    anonymous: 'yes',
  })
  expect(json['source']).toMatchObject({ target: 'anonymous@anonymous.invalid', target_name: 'Anonymous' })
  expect(JSON.stringify(json)).not.toContain('15551230001')
})

test('hang-up answers the call as JSON, and a deleted call is gone', async () => {
  const path = `/v1.0/calls/${text(await dial({ destinations: [{ target: 'a@b' }] }), 'id')}`
  expect((await api.ask('POST', `${path}/hangup`)).json['direction']).toBe('outgoing')
  expect((await api.ask('DELETE', path)).status).toBe(200)
  expect(reasonOf(await api.ask('GET', path))).toBe('CALL_NOT_FOUND')
})

test.each([
  ['POST', 'hold'],
  ['DELETE', 'hold'],
  ['POST', 'mute'],
  ['DELETE', 'mute'],
  ['POST', 'moh'],
  ['DELETE', 'moh'],
  ['POST', 'silence'],
  ['DELETE', 'silence'],
  ['POST', 'talk'],
] as const)('%s %s needs a call that is up, with and without a body', async (method, name) => {
  const path = `/v1.0/calls/${text(await dial({ destinations: [{ target: 'a@b' }] }), 'id')}/${name}`
  for (const body of [undefined, {}]) {
    const answer = await api.ask(method, path, { body })
    expect([answer.status, reasonOf(answer)]).toEqual([409, 'CALL_NOT_PROGRESSING'])
  }
  const unknown = await api.ask(method, `/v1.0/calls/17039950-eab0-421d-a5f5-05acd1ac6801/${name}`)
  expect([unknown.status, reasonOf(unknown)]).toEqual([404, 'CALL_NOT_FOUND'])
})

test.each([
  ['POST', 'mute', { direction: 'up' }, 'INVALID_ARGUMENT', 'direction'],
  ['DELETE', 'mute', { direction: 'up' }, 'INVALID_ARGUMENT', 'direction'],
  ['POST', 'mute', { direction: 1 }, 'INVALID_ARGUMENT', 'direction'],
  ['POST', 'talk', { text: 5 }, 'INVALID_JSON_BODY', 'text'],
  ['POST', 'mute', '{', 'INVALID_JSON_BODY', 'JSON'],
  ['POST', 'recording_start', { format: 'mp3' }, 'INVALID_ARGUMENT', 'format'],
  ['POST', 'recording_start', { end_of_key: 'x' }, 'INVALID_ARGUMENT', 'end_of_key'],
  ['POST', 'recording_start', { duration: -1 }, 'INVALID_ARGUMENT', 'duration'],
] as const)('%s %s with %j is refused with %s', async (method, name, body, reason, word) => {
  const path = `/v1.0/calls/17039950-eab0-421d-a5f5-05acd1ac6801/${name}`
  const answer = await api.ask(method, path, { body })
  expect([answer.status, reasonOf(answer)]).toEqual([400, reason])
  expect(text(answer, 'message')).toContain(word)
})

test('an activeflow needs a flow or actions', async () => {
  for (const body of [{}, { flow_id: '' }, { flow_id: '', actions: null }]) {
    const answer = await api.ask('POST', '/v1.0/activeflows', { body })
    expect([answer.status, text(answer, 'message')]).toEqual([400, expect.stringContaining('flow_id')])
  }
})

test('activeflows are made with 201', async () => {
  const answer = await api.ask('POST', '/v1.0/activeflows', {
    body: { actions: [], variables: { a: 'b', 'voipbin.x': 'y' } },
  })
  expect(answer.status).toBe(201)
  expect(answer.json['variables']).toMatchObject({ a: 'b' })
  expect(answer.json['variables']).not.toHaveProperty(['voipbin.x'])
  const stopped = await api.ask('POST', `/v1.0/activeflows/${text(answer, 'id')}/stop`)
  expect([stopped.status, stopped.json['status']]).toEqual([200, 'ended'])
})
