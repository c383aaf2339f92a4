// Recordings over HTTP: started and stopped with their call or conference, read, deleted, and downloaded by an address that needs no credential.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAccounts } from '../../src/account/accounts.ts'
import { bootstrapAccounts } from '../../src/account/bootstrap.ts'
import { newUuid, nilUuid } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { createMemoryLedger } from '../../src/event/memory-ledger.ts'
import { createApp } from '../../src/http/app.ts'
import { type RecordingHouse, recordingHouse } from '../../src/recording/recording.fixture.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { type Answer, ApiUnderTest, items, noLimits, reasonOf, text } from './api-under-test.ts'
import { servicesUnderTest } from './services-under-test.ts'

let api: ApiUnderTest
let house: RecordingHouse
let clock: VirtualClock
let customerId = ''
beforeEach(async () => {
  clock = new VirtualClock()
  const ledger = createMemoryLedger({ clock })
  const accounts = createAccounts(ledger, clock)
  const first = await bootstrapAccounts(ledger)
  customerId = first.customerId
  house = recordingHouse(ledger, clock)
  const app = await createApp({
    accounts,
    clock,
    log: silentLog,
    services: { ...servicesUnderTest(ledger, clock), recordings: house.recordings },
    ready: () => true,
    info: { version: '0.0.0', publicUrl: 'http://pbx.example:8080' },
    limits: noLimits,
  })
  api = new ApiUnderTest({ app, ledger, accounts, clock, first, logged: [] })
})
afterEach(() => api.app.close())

const tenant = () => customerId

async function recordedConference(): Promise<{ id: string; recordingId: string }> {
  const { id } = await house.conference(tenant())
  house.joined.set(id, [newUuid()])
  const answer = await api.ask('POST', `/v1.0/conferences/${id}/recording_start`)
  expect([answer.status, answer.json['id']]).toEqual([200, id])
  return { id, recordingId: text(answer, 'recording_id') }
}

async function endedConference(): Promise<string> {
  const { id, recordingId } = await recordedConference()
  expect((await api.ask('POST', `/v1.0/conferences/${id}/recording_stop`)).status).toBe(200)
  return recordingId
}

async function endedCall(): Promise<string> {
  const call = await house.call(tenant())
  const answer = await api.ask('POST', `/v1.0/calls/${call.id}/recording_start`, { body: {} })
  expect(answer.status).toBe(200)
  expect((await api.ask('POST', `/v1.0/calls/${call.id}/recording_stop`)).json['recording_id']).toBe(nilUuid)
  return text(answer, 'recording_id')
}

describe('recording a conference', () => {
  test('shows in the conference while it runs, and stays in its history', async () => {
    const { id, recordingId } = await recordedConference()
    const running = await api.ask('GET', `/v1.0/conferences/${id}`)
    expect(running.json).toMatchObject({ recording_id: recordingId, recording_ids: [recordingId] })
    const stopped = await api.ask('POST', `/v1.0/conferences/${id}/recording_stop`)
    expect(stopped.json).toMatchObject({ id, recording_id: nilUuid, recording_ids: [recordingId] })
  })

  test('is refused twice, with nobody in it, and when nothing is recorded', async () => {
    const { id } = await recordedConference()
    const start = `/v1.0/conferences/${id}/recording_start`
    const twice = await api.ask('POST', start, { body: {} })
    expect([twice.status, reasonOf(twice)]).toEqual([409, 'RECORDING_ALREADY_ACTIVE'])
    const empty = await house.conference(tenant())
    const lonely = await api.ask('POST', `/v1.0/conferences/${empty.id}/recording_start`)
    expect([lonely.status, reasonOf(lonely)]).toEqual([400, 'INVALID_ARGUMENT'])
    const idle = await api.ask('POST', `/v1.0/conferences/${empty.id}/recording_stop`)
    expect([idle.status, reasonOf(idle)]).toEqual([409, 'RECORDING_NOT_ACTIVE'])
  })

  test.each([
    [{ format: 'mp3' }, 'format'],
    [{ duration: -1 }, 'duration'],
    [{ on_end_flow_id: 'x' }, 'on_end_flow_id'],
    [{ on_end_flow_id: newUuid() }, 'on_end_flow_id'],
  ])('refuses %j, naming the field', async (body, field) => {
    const { id } = await house.conference(tenant())
    house.joined.set(id, [newUuid()])
    const answer = await api.ask('POST', `/v1.0/conferences/${id}/recording_start`, { body })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain(`"field":"${field}"`)
  })

  test('takes what clients send: empty words, and more seconds than a day', async () => {
    const { id } = await house.conference(tenant())
    house.joined.set(id, [newUuid()])
    const body = { format: '', duration: 100_000, on_end_flow_id: '' }
    expect((await api.ask('POST', `/v1.0/conferences/${id}/recording_start`, { body })).status).toBe(200)
  })

  test('answers 503 on a full disk, saying so', async () => {
    const { id } = await house.conference(tenant())
    house.joined.set(id, [newUuid()])
    house.files.free = 1
    const answer = await api.ask('POST', `/v1.0/conferences/${id}/recording_start`)
    expect([answer.status, reasonOf(answer)]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect(answer.text).toContain('64 MiB')
  })
})

describe('recordings', () => {
  test('are listed newest first, read, and gone with their files once deleted', async () => {
    const [older, newer] = [await endedConference(), await endedConference()]
    expect(items(await api.ask('GET', '/v1.0/recordings')).map((item) => item['id'])).toEqual([newer, older])
    const page = await api.ask('GET', '/v1.0/recordings', { query: { page_size: '1' } })
    expect(items(page)).toHaveLength(1)
    const { json } = await api.ask('GET', `/v1.0/recordings/${older}`)
    expect(json).toMatchObject({ id: older, reference_type: 'confbridge', status: 'ended', format: 'wav' })
    expect(Object.keys(json)).not.toContain('files')
    expect((await api.ask('DELETE', `/v1.0/recordings/${older}`)).json['id']).toBe(older)
    expect([...house.files.content.keys()]).toEqual([`${newer}_in.wav`])
    for (const method of ['GET', 'DELETE'] as const) {
      const gone = await api.ask(method, `/v1.0/recordings/${older}`)
      expect([gone.status, reasonOf(gone)]).toEqual([404, 'RECORDING_NOT_FOUND'])
    }
  })

  test('of another customer do not exist', async () => {
    const other = await house.conference(newUuid())
    house.joined.set(other.id, [newUuid()])
    const input = { format: 'wav', duration: 0, end_of_silence: 0, end_of_key: '', on_end_flow_id: nilUuid } as const
    const { id } = await house.recordings.startForConference(other.customer_id, other.id, input)
    for (const path of [`recordings/${id}`, `recordingfiles/${id}`]) {
      const answer = await api.ask('GET', `/v1.0/${path}`)
      expect([path, answer.status, reasonOf(answer)]).toEqual([path, 404, 'RECORDING_NOT_FOUND'])
    }
    expect((await api.ask('DELETE', `/v1.0/recordings/${id}`)).status).toBe(404)
    for (const word of ['start', 'stop']) {
      const answer = await api.ask('POST', `/v1.0/conferences/${other.id}/recording_${word}`)
      expect([answer.status, reasonOf(answer)]).toEqual([404, 'CONFERENCE_NOT_FOUND'])
    }
    expect(items(await api.ask('GET', '/v1.0/recordings'))).toEqual([])
    expect(house.engine.open.size).toBe(1)
  })
})

describe('the files of a recording', () => {
  /** Without any credential. */
  const download = (answer: Answer, headers: Record<string, string> = {}): Promise<Answer> => {
    const { pathname, searchParams } = new URL(String(answer.headers['location']))
    return api.ask('GET', pathname, { key: '', query: Object.fromEntries(searchParams), headers })
  }

  test('are behind a redirect without a body, to an address that works for five minutes', async () => {
    const id = await endedConference()
    const answer = await api.ask('GET', `/v1.0/recordingfiles/${id}`)
    expect([answer.status, answer.text]).toEqual([307, ''])
    expect(String(answer.headers['content-type'])).not.toContain('json')
    expect(answer.headers['location']).toMatch(`http://pbx.example:8080/v1.0/recordingfiles/${id}/download?token=`)
    const file = await download(answer)
    expect([file.status, file.text]).toEqual([200, `whole ${id}_in.wav`])
    expect(file.headers).toMatchObject({
      'content-type': 'audio/wav',
      'content-length': String(file.text.length),
      'content-disposition': `attachment; filename="${id}_in.wav"`,
    })
    await clock.advance(299_000)
    expect((await download(answer)).status).toBe(200)
    await clock.advance(1_000)
    expect(reasonOf(await download(answer))).toBe('INVALID_CREDENTIALS')
  })

  test('of a call are a tar', async () => {
    const id = await endedCall()
    const file = await download(await api.ask('GET', `/v1.0/recordingfiles/${id}`))
    expect(file.headers['content-type']).toBe('application/x-tar')
    expect(file.text.length).toBe(6 * 512)
    expect(file.text.slice(0, 44)).toBe(`${id}_in.wav`.padEnd(44, '\0'))
    expect(file.text).toContain(`whole ${id}_in.wav`)
    expect(file.text).toContain(`whole ${id}_out.wav`)
  })

  test('are sent in ranges', async () => {
    const id = await endedConference()
    const answer = await api.ask('GET', `/v1.0/recordingfiles/${id}`)
    const whole = (await download(answer)).text
    const part = async (range: string, more: Record<string, string> = {}) => {
      const { status, text: body, headers } = await download(answer, { range, ...more })
      return [status, body, headers['content-range']]
    }
    const size = whole.length
    expect(await part('bytes=6-9')).toEqual([206, whole.slice(6, 10), `bytes 6-9/${size}`])
    expect(await part('bytes=6-')).toEqual([206, whole.slice(6), `bytes 6-${size - 1}/${size}`])
    expect(await part('bytes=-4')).toEqual([206, whole.slice(-4), `bytes ${size - 4}-${size - 1}/${size}`])
    expect(await part('bytes=0-99999')).toEqual([206, whole, `bytes 0-${size - 1}/${size}`])
    expect(await part(`bytes=${size}-`)).toEqual([416, '', `bytes */${size}`])
    for (const all of ['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-'])
      expect(await part(all)).toEqual([200, whole, undefined])
    const { etag } = (await download(answer)).headers
    expect((await part('bytes=0-1', { 'if-range': String(etag) }))[0]).toBe(206)
    expect((await part('bytes=0-1', { 'if-range': '"other"' }))[0]).toBe(200)
  })

  test('are for nobody with a token that is missing, changed, or of another recording', async () => {
    const [one, other] = [await endedConference(), await endedConference()]
    const location = String((await api.ask('GET', `/v1.0/recordingfiles/${one}`)).headers['location'])
    const token = new URL(location).searchParams.get('token') ?? ''
    const later = token.replace(/^\d+/, (seconds) => String(Number(seconds) + 3600))
    const cases = [
      [one, ''],
      [one, later],
      [one, `${token}A`],
      [one, token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
      [other, token],
    ] as const
    for (const [id, given] of cases) {
      const answer = await api.ask('GET', `/v1.0/recordingfiles/${id}/download`, { key: '', query: { token: given } })
      expect([given, answer.status, reasonOf(answer)]).toEqual([given, 401, 'INVALID_CREDENTIALS'])
    }
  })

  test('are not there while it runs, nor after it was deleted', async () => {
    const { recordingId } = await recordedConference()
    expect(reasonOf(await api.ask('GET', `/v1.0/recordingfiles/${recordingId}`))).toBe('STATE_INVALID')
    const id = await endedConference()
    const answer = await api.ask('GET', `/v1.0/recordingfiles/${id}`)
    await api.ask('DELETE', `/v1.0/recordings/${id}`)
    expect(reasonOf(await download(answer))).toBe('RECORDING_NOT_FOUND')
  })
})
