import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nilUuid } from '../../src/base/ids.ts'
import { type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'
import { addConferencecall } from './services-under-test.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApi()
  flowId = text(await api.ask('POST', '/v1.0/flows', { body: { name: 'greeting', actions: [] } }), 'id')
})
afterAll(() => api.app.close())

const nobody = '17039950-eab0-421d-a5f5-05acd1ac6801'
let flowId = ''
const create = (body: unknown) => api.ask('POST', '/v1.0/conferences', { body })

describe('a conference', () => {
  test('shows both generations of fields', async () => {
    const answer = await create({ type: 'conference', name: 'standup' })
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      id: text(answer, 'id'),
      customer_id: api.first.customerId,
      user_id: 1,
      type: 'conference',
      status: 'starting',
      name: 'standup',
      detail: '',
      data: {},
      timeout: 0,
      pre_flow_id: nilUuid,
      post_flow_id: nilUuid,
      pre_actions: nilUuid,
      post_actions: nilUuid,
      conferencecall_ids: [],
      recording_id: nilUuid,
      recording_ids: [],
      transcribe_id: nilUuid,
      transcribe_ids: [],
      direct_hash: expect.stringMatching(/^[0-9a-f]{12}$/),
      tm_end: '',
      tm_create: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
  })

  test('takes what the clients send: empty type and flow ids, null data, a timeout over 2^31 ms', async () => {
    const body = {
      name: 'x',
      detail: '',
      pre_flow_id: '',
      post_flow_id: '',
      timeout: 3_600_000,
      type: '',
      data: null,
      more: 1,
    }
    const { status, json } = await create(body)
    expect(status).toBe(200)
    expect(json).toMatchObject({ type: 'conference', data: {}, timeout: 3_600_000, pre_flow_id: nilUuid })
  })

  test('takes its flows by their older and newer names', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ pre_flow_id: flowId }, flowId],
      [{ pre_actions: flowId }, flowId],
      [{ pre_flow_id: '', pre_actions: flowId }, flowId],
      [{ pre_flow_id: flowId, pre_actions: '' }, flowId],
      [{ pre_flow_id: flowId.toUpperCase() }, flowId],
      [{ pre_actions: '' }, nilUuid],
    ]
    for (const [body, expected] of cases) {
      const { json } = await create({ type: 'conference', ...body })
      expect([body, json['pre_flow_id'], json['pre_actions']]).toEqual([body, expected, expected])
    }
  })

  test('keeps an id that the caller chose', async () => {
    const id = '85252d7b-777b-4580-9420-4df8c6adfc30'
    expect((await create({ id, type: 'conference' })).json['id']).toBe(id)
    const again = await create({ id, type: 'conference' })
    expect([again.status, reasonOf(again)]).toEqual([409, 'ALREADY_EXISTS'])
    expect((await create({ id: '', type: 'conference' })).json['id']).not.toBe('')
  })

  test('keeps what an update leaves out, and clears what it empties', async () => {
    const made = await create({
      type: 'conference',
      name: 'a',
      detail: 'b',
      timeout: 60,
      post_flow_id: flowId,
      data: { k: 1 },
    })
    const path = `/v1.0/conferences/${text(made, 'id')}`
    const renamed = await api.ask('PUT', path, { body: { name: 'c' } })
    expect(renamed.json).toMatchObject({ name: 'c', detail: 'b', timeout: 60, post_flow_id: flowId, data: { k: 1 } })
    const cleared = await api.ask('PUT', path, { body: { post_flow_id: '', detail: '' } })
    expect(cleared.json).toMatchObject({ name: 'c', detail: '', post_flow_id: nilUuid })
  })

  test('stays readable after its end, but not listed', async () => {
    const id = text(await create({ type: 'conference', name: 'gone' }), 'id')
    expect((await api.ask('DELETE', `/v1.0/conferences/${id}`)).status).toBe(200)
    expect((await api.ask('GET', `/v1.0/conferences/${id}`)).json['status']).toBe('terminated')
    expect(items(await api.ask('GET', '/v1.0/conferences')).map((item) => item['id'])).not.toContain(id)
  })

  test('does not give up a participant who has left', async () => {
    const row = await addConferencecall(api.ledger, api.first.customerId, nilUuid)
    const answer = await api.ask('DELETE', `/v1.0/conferencecalls/${row.id}`)
    expect([answer.status, reasonOf(answer)]).toEqual([409, 'STATE_INVALID'])
  })

  test.each(['transcribe_start', 'transcribe_stop'])('refuses %s, after looking for the conference', async (name) => {
    const id = text(await create({ type: 'conference' }), 'id')
    const answer = await api.ask('POST', `/v1.0/conferences/${id}/${name}`, { body: {} })
    expect([answer.status, reasonOf(answer)]).toEqual([501, 'NOT_IMPLEMENTED'])
    expect((await api.ask('POST', `/v1.0/conferences/${nobody}/${name}`)).status).toBe(404)
  })

  test('asks for the encapsulation of its media stream', async () => {
    const id = text(await create({ type: 'conference' }), 'id')
    const path = `/v1.0/conferences/${id}/media_stream`
    expect(reasonOf(await api.ask('GET', path))).toBe('MISSING_REQUEST_PARAMETER')
    expect(reasonOf(await api.ask('GET', path, { query: { encapsulation: 'rtp' } }))).toBe('NOT_IMPLEMENTED')
    expect(reasonOf(await api.ask('GET', path, { query: { encapsulation: 'mp3' } }))).toBe('INVALID_REQUEST_PARAMETER')
  })
})
