import { beforeEach, describe, expect, it } from 'vitest'
import { settle, VirtualClock } from '../../test/virtual-clock.ts'
import { OperationalError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { StoredEvent } from '../event/ledger.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import { flowRecordings } from './flow-recordings.ts'
import { type FakeCall, type RecordingHouse, recordingHouse } from './recording.fixture.ts'
import type { RecordingInput } from './recordings.ts'

const customer = newUuid()
const plain: RecordingInput = { format: 'wav', duration: 0, end_of_silence: 0, end_of_key: '', on_end_flow_id: nilUuid }

let clock: VirtualClock
let house: RecordingHouse
let call: FakeCall
beforeEach(async () => {
  clock = new VirtualClock()
  house = recordingHouse(createMemoryLedger({ clock }), clock)
  call = await house.call(customer)
})

const start = (input: Partial<RecordingInput> = {}) =>
  house.recordings.startForCall(customer, call.id, { ...plain, ...input })
const rowOf = (id: string) => house.ledger.get('recording', id)
const events = async (): Promise<StoredEvent[]> => house.ledger.events(0, 1000)
const words = async (): Promise<string[]> => (await events()).map(({ type }) => type)
const finished = async (): Promise<StoredEvent | undefined> =>
  (await events()).find(({ type }) => type === 'recording_finished')

describe('a recording of a call', () => {
  it('makes a file for each direction, and names itself in the call while it runs', async () => {
    const recording = await start()
    expect(recording).toMatchObject({
      status: 'recording',
      reference_type: 'call',
      reference_id: call.id,
      format: 'wav',
    })
    expect([...house.engine.open.values()]).toMatchObject([
      { legId: call.legId, side: 'in', path: `/recordings/${recording.id}_in.wav` },
      { legId: call.legId, side: 'out', path: `/recordings/${recording.id}_out.wav` },
    ])
    const running = { recording_id: recording.id, recording_ids: [recording.id] }
    expect(await house.ledger.get('call', call.id)).toMatchObject(running)
    expect(call.row).toMatchObject(running)
    const stopped = await house.recordings.stopForCall(customer, call.id)
    expect(stopped).toMatchObject({ id: recording.id, status: 'ended' })
    expect(await house.ledger.get('call', call.id)).toMatchObject({ ...running, recording_id: nilUuid })
    expect(await words()).toEqual(['recording_started', 'call_updated', 'recording_finished', 'call_updated'])
  })

  it('tells of each file its size, duration and digest', async () => {
    const { id } = await start()
    await house.recordings.stopForCall(customer, call.id)
    const file = { bytes: expect.any(Number), duration_ms: 1000, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }
    const files = [
      { ...file, name: `${id}_in.wav` },
      { ...file, name: `${id}_out.wav` },
    ]
    expect((await finished())?.data).toMatchObject({ id, status: 'ended', error: '', files })
    expect(await rowOf(id)).toMatchObject({ files })
  })

  it('is the only one of its call', async () => {
    const two = await Promise.allSettled([start(), start()])
    expect(two.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(start()).rejects.toMatchObject({ code: 'RECORDING_ALREADY_ACTIVE' })
    await house.recordings.stopForCall(customer, call.id)
    await expect(house.recordings.stopForCall(customer, call.id)).rejects.toMatchObject({
      code: 'RECORDING_NOT_ACTIVE',
    })
    expect((await start()).status).toBe('recording')
    expect(call.row.recording_ids).toHaveLength(2)
  })

  it('needs a progressing call of the same customer', async () => {
    await expect(house.recordings.startForCall(newUuid(), call.id, plain)).rejects.toMatchObject({
      code: 'CALL_NOT_FOUND',
    })
    await call.hangup(house.ledger)
    await expect(start()).rejects.toMatchObject({ code: 'CALL_NOT_PROGRESSING' })
  })

  it('ends when the call hangs up', async () => {
    const { id } = await start()
    await call.hangup(house.ledger)
    await settle()
    expect(await rowOf(id)).toMatchObject({ status: 'ended' })
    expect(await house.ledger.get('call', call.id)).toMatchObject({ recording_id: nilUuid, recording_ids: [id] })
  })

  it('ends after its duration', async () => {
    const { id } = await start({ duration: 5 })
    await clock.advance(4999)
    expect((await rowOf(id))?.status).toBe('recording')
    await clock.advance(1)
    expect((await rowOf(id))?.status).toBe('ended')
    expect(clock.waiting).toBe(0)
  })

  it.each([
    ['#', '1', '#'],
    ['12', '3', '2'],
    ['any', '', '7'],
    ['a', 'B', 'A'],
  ])('ends at key %s, not at %s', async (keys, other, key) => {
    const { id } = await start({ end_of_key: keys })
    const press = (digit: string): void =>
      house.engine.notify({ kind: 'digit', legId: call.legId, digit, durationMs: 100 })
    if (other !== '') press(other)
    house.engine.notify({ kind: 'digit', legId: newUuid(), digit: key, durationMs: 100 })
    await settle()
    expect((await rowOf(id))?.status).toBe('recording')
    press(key)
    await settle()
    expect((await rowOf(id))?.status).toBe('ended')
  })

  it('ends after silence, counted anew whenever somebody talks', async () => {
    const { id } = await start({ end_of_silence: 3 })
    const talk = (talking: boolean): void => house.engine.notify({ kind: 'talking', legId: call.legId, talking })
    await clock.advance(2000)
    talk(true)
    await clock.advance(60_000)
    talk(false)
    await clock.advance(2999)
    expect((await rowOf(id))?.status).toBe('recording')
    await clock.advance(1)
    expect((await rowOf(id))?.status).toBe('ended')
  })

  it('does not count silence while the phone talks from before', async () => {
    house.engine.talking = true
    const { id } = await start({ end_of_silence: 1 })
    await clock.advance(60_000)
    expect((await rowOf(id))?.status).toBe('recording')
  })

  it('beeps before a flow records, and tells the flow its names', async () => {
    const request = { activeflowId: newUuid(), format: 'ogg', endOfSilence: 0, endOfKey: '', duration: 0 } as const
    const flows = flowRecordings(house.recordings)
    const flowCall = { ...call, id: call.id } as unknown as Parameters<typeof flows.start>[0]
    const started = await flows.start(flowCall, { ...request, beep: true, onEndFlowId: nilUuid })
    expect(call.beeps).toBe(1)
    expect(started).toEqual({
      id: started.id,
      format: 'ogg',
      name: started.id,
      filenames: [`${started.id}_in.ogg`, `${started.id}_out.ogg`],
    })
    expect((await rowOf(started.id))?.activeflow_id).toBe(request.activeflowId)
    await flows.stop(call.id)
    await flows.stop(call.id)
    expect((await rowOf(started.id))?.status).toBe('ended')
  })
})

describe('a call that moves to another media worker', () => {
  it('is recorded on, and all of it is one file with the gap as silence', async () => {
    const { id } = await start()
    await clock.advance(1250)
    for (const file of [...house.engine.open.values()]) house.engine.finish(file)
    await settle()
    expect([...house.engine.open.keys()]).toEqual([
      `/recordings/${id}_in.part0002.wav`,
      `/recordings/${id}_out.part0002.wav`,
    ])
    await house.recordings.stopForCall(customer, call.id)
    expect([...house.files.content.keys()].sort()).toEqual([`${id}_in.wav`, `${id}_out.wav`])
    const whole = Buffer.from(house.files.content.get(`${id}_in.wav`) ?? []).toString()
    expect(whole).toBe(` 0 whole ${id}_in.wav 250 whole ${id}_in.part0002.wav`)
    expect((await finished())?.data).toMatchObject({ error: '', files: [{}, {}] })
  })

  it('that is over is not', async () => {
    const { id } = await start()
    const open = [...house.engine.open.values()]
    await call.hangup(house.ledger)
    for (const file of open) house.engine.finish(file)
    await settle()
    expect(house.engine.open.size).toBe(0)
    expect(await rowOf(id)).toMatchObject({ status: 'ended', files: [{ name: `${id}_in.wav` }, {}] })
  })
})

describe('what goes wrong', () => {
  it('a full disk refuses the start and leaves no row', async () => {
    house.files.free = 64 * 2 ** 20 - 1
    await expect(start()).rejects.toThrow('64 MiB')
    await expect(start()).rejects.toBeInstanceOf(OperationalError)
    expect(await house.ledger.find('recording', {})).toEqual([])
    house.files.free = 64 * 2 ** 20
    expect((await start()).status).toBe('recording')
  })

  it('a file that breaks ends the recording; what there is of it is mended, and it is announced', async () => {
    const { id } = await start()
    const [first] = house.engine.open.values()
    if (first) house.engine.finish(first, 'disk_full')
    await settle()
    expect(await rowOf(id)).toMatchObject({ status: 'ended', files: [{ duration_ms: 500 }, { duration_ms: 1000 }] })
    expect((await finished())?.data).toMatchObject({ id, error: 'disk_full: it broke' })
    expect(house.engine.open.size).toBe(0)
    expect(call.row.recording_id).toBe(nilUuid)
  })

  it('an engine that refuses is announced, and leaves no files', async () => {
    house.engine.refuse = new OperationalError('no such folder')
    await expect(start()).rejects.toThrow('no such folder')
    expect((await finished())?.data).toMatchObject({ status: 'ended', error: 'no such folder', files: [] })
    expect(house.files.content.size).toBe(0)
    expect(call.row.recording_ids).toEqual([])
    house.engine.refuse = undefined
    expect((await start()).status).toBe('recording')
  })

  it('a flow to follow must be the customer’s own', async () => {
    await expect(start({ on_end_flow_id: newUuid() })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('a recording of a conference', () => {
  it('needs somebody in it, makes one file, and ends with it', async () => {
    const row = await house.conference(customer)
    const record = () => house.recordings.startForConference(customer, row.id, plain)
    await expect(record()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(house.recordings.startForConference(newUuid(), row.id, plain)).rejects.toMatchObject({
      code: 'CONFERENCE_NOT_FOUND',
    })
    house.joined.set(row.id, [newUuid()])
    const { id } = await record()
    expect([...house.engine.open.values()]).toMatchObject([{ mixId: row.id, path: `/recordings/${id}_in.wav` }])
    expect(await house.ledger.get('conference', row.id)).toMatchObject({ recording_id: id, recording_ids: [id] })
    await expect(record()).rejects.toMatchObject({ code: 'RECORDING_ALREADY_ACTIVE' })

    const set = { status: 'terminating' } as const
    const event = {
      type: 'conference_updated',
      customer_id: customer,
      conference_id: row.id,
      data: { ...row, ...set },
    }
    await house.ledger.commit([{ update: 'conference', id: row.id, set }, { event }])
    await settle()
    expect(await rowOf(id)).toMatchObject({ status: 'ended', reference_type: 'confbridge', files: [{}] })
    expect(await house.ledger.get('conference', row.id)).toMatchObject({ recording_id: nilUuid, recording_ids: [id] })
    expect((await finished())?.conference_id).toBe(row.id)
    await expect(record()).rejects.toMatchObject({ code: 'STATE_INVALID' })
  })
})

describe('a recording that is over', () => {
  it('starts the flow that was to follow, with what it is called', async () => {
    const flowId = newUuid()
    const flow = {
      id: flowId,
      customer_id: customer,
      type: 'flow',
      name: '',
      detail: '',
      actions: [],
      direct_hash: '',
      on_complete_flow_id: nilUuid,
      persistent: true,
      tm_create: house.ledger.timestamp(),
      tm_update: '',
      tm_delete: '9999-01-01 00:00:00.000000',
    } as const
    await house.ledger.commit([{ insert: 'flow', row: { ...flow, actions: [] } }])
    const { id } = await start({ on_end_flow_id: flowId })
    expect(house.followed).toEqual([])
    await house.recordings.stopForCall(customer, call.id)
    await settle()
    expect(house.followed).toMatchObject([
      {
        flowId,
        recordingId: id,
        variables: {
          'voipbin.recording.id': id,
          'voipbin.recording.reference_id': call.id,
          'voipbin.recording.filenames': `${id}_in.wav,${id}_out.wav`,
        },
      },
    ])
  })

  it('is removed with its files; one that runs is stopped first', async () => {
    const { id } = await start()
    expect(await house.recordings.remove(customer, id)).toMatchObject({ id, status: 'ended' })
    expect(house.files.content.size).toBe(0)
    await expect(house.recordings.get(customer, id)).rejects.toMatchObject({ code: 'RECORDING_NOT_FOUND' })
    await expect(house.recordings.remove(customer, id)).rejects.toMatchObject({ code: 'RECORDING_NOT_FOUND' })
  })

  it('is closed with everything else', async () => {
    const { id } = await start({ duration: 60 })
    await house.recordings.close()
    expect((await rowOf(id))?.status).toBe('ended')
    expect(clock.waiting).toBe(0)
    await expect(start()).rejects.toBeInstanceOf(OperationalError)
  })
})

it('after a crash: ends what ran, with whole files, and says so', async () => {
  const { id } = await start()
  const row = await house.conference(customer)
  house.joined.set(row.id, [newUuid()])
  const other = await house.recordings.startForConference(customer, row.id, plain)
  await house.restarted().recover()
  expect(await rowOf(id)).toMatchObject({ status: 'ended', files: [{ duration_ms: 500 }, { duration_ms: 500 }] })
  expect(await rowOf(other.id)).toMatchObject({ status: 'ended', files: [{ name: `${other.id}_in.wav` }] })
  expect(await house.ledger.get('call', call.id)).toMatchObject({ recording_id: nilUuid, recording_ids: [id] })
  expect(await house.ledger.get('conference', row.id)).toMatchObject({ recording_id: nilUuid })
  const told = (await events()).filter(({ type }) => type === 'recording_finished')
  expect(told.map(({ data }) => data['error'])).toEqual(['server restarted', 'server restarted'])
})
