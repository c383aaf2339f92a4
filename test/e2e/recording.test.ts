// Calls and conferences are recorded while phones with tones of their own talk: who is heard in which file, for how long, whether anything is missing
// when a call enters a conference, and what is left after a crash.
import { createHash } from 'node:crypto'
import { get } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { listen, type ToneReport } from '../../demo/phone/ears.ts'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { tone } from '../../demo/phone/sound.ts'
import { readWav } from '../../demo/phone/wav.ts'
import type { Call, Conference, List } from './facts.ts'
import { createListener, type Listener } from './listener.ts'
import { TestServer } from './server.ts'
import { eventually } from './tools.ts'

const frequencies = [400, 700] as const
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Recording {
  readonly id: string
  readonly status: string
  readonly reference_type: string
  readonly reference_id: string
}

interface Fetched {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
}

function fetchBytes(url: string, headers: Record<string, string> = {}): Promise<Fetched> {
  const { promise, resolve, reject } = Promise.withResolvers<Fetched>()
  get(url, { headers }, (response) => {
    const chunks: Buffer[] = []
    response.on('error', reject)
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
    )
  }).on('error', reject)
  return promise
}

async function addressOf(server: TestServer, id: string): Promise<string> {
  const answer = await server.request('GET', `/recordingfiles/${id}`)
  expect(answer.status).toBe(307)
  return String(answer.headers['location'])
}

/** The files of an archive by name. */
function untar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (let at = 0; archive[at] !== 0 && at < archive.length; ) {
    const name = archive.toString('latin1', at, archive.indexOf(0, at))
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8)
    files.set(name, archive.subarray(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

interface Heard {
  readonly ms: number
  readonly tones: readonly ToneReport[]
}

function hear(wav: Buffer): Heard {
  const { samples, sampleRate } = readWav(wav)
  return { ms: (samples.length / sampleRate) * 1000, tones: listen(samples, sampleRate, frequencies) }
}

const stop = (server: TestServer, path: string): Promise<unknown> => server.api('POST', `${path}/recording_stop`)

/** Both files of a call's recording, stopped if it still runs. */
async function filesOf(server: TestServer, id: string): Promise<{ in: Buffer; out: Buffer }> {
  await eventually('the recording has ended', async () => {
    const { status } = await server.api<Recording>('GET', `/recordings/${id}`)
    return status === 'ended' ? status : undefined
  })
  const { status, headers, bytes } = await fetchBytes(await addressOf(server, id))
  expect([status, headers['content-type']]).toEqual([200, 'application/x-tar'])
  const files = untar(bytes)
  expect([...files.keys()]).toEqual([`${id}_in.wav`, `${id}_out.wav`])
  return { in: files.get(`${id}_in.wav`) ?? Buffer.alloc(0), out: files.get(`${id}_out.wav`) ?? Buffer.alloc(0) }
}

describe('recording with built-in phones', () => {
  async function phoneTo(uri: string, frequency: number): Promise<Listener> {
    const metronome = createMetronome()
    closers.push(() => metronome.close())
    const listener = await createListener({ metronome, name: `tone${frequency}`, source: tone(frequency) })
    closers.push(() => listener.phone.close())
    await listener.phone.invite(uri)
    return listener
  }

  async function callOf(server: TestServer, known: readonly string[] = []): Promise<Call> {
    return eventually('a call is up', async () => {
      const { result } = await server.api<List<Call>>('GET', '/calls')
      return result.find(({ id, status }) => status === 'progressing' && !known.includes(id))
    })
  }

  async function start(env: Record<string, string> = {}): Promise<TestServer> {
    const server = await TestServer.start({ env })
    closers.push(() => server.close())
    return server
  }

  async function flowWith(server: TestServer, actions: readonly object[]): Promise<string> {
    const flow = await server.api<{ id: string }>('POST', '/flows', { name: 'recorded', actions })
    const { direct_hash } = await server.api<{ direct_hash: string }>(
      'POST',
      `/flows/${flow.id}/direct-hash-regenerate`,
    )
    return server.sip(`direct.${direct_hash}`)
  }

  test('a conference is one file with everybody in it, as long as it was recorded, and served in ranges', async () => {
    const server = await start()
    const { id, direct_hash } = await server.api<Conference>('POST', '/conferences', { type: 'conference' })
    const path = `/conferences/${id}`
    const uri = server.sip(`direct.${direct_hash}`)
    const first = await phoneTo(uri, frequencies[0])
    const second = await phoneTo(uri, frequencies[1])
    await eventually('both are in', async () => {
      const { conferencecall_ids } = await server.api<Conference>('GET', path)
      return conferencecall_ids.length === 2 ? true : undefined
    })
    await Promise.all([first.hear(25), second.hear(25)])
    const asked = performance.now()
    const started = await server.api<{ recording_id: string; recording_ids: string[] }>(
      'POST',
      `${path}/recording_start`,
    )
    const runs = performance.now()
    expect(started.recording_ids).toEqual([started.recording_id])
    expect((await server.request('POST', `${path}/recording_start`)).status).toBe(409)
    expect((await server.request('GET', `/recordingfiles/${started.recording_id}`)).status).toBe(409)
    await first.hear(150)
    const stopAsked = performance.now()
    await stop(server, path)
    const stopped = performance.now()
    expect((await server.request('POST', `${path}/recording_stop`)).status).toBe(409)

    const address = await addressOf(server, started.recording_id)
    const whole = await fetchBytes(address)
    expect([whole.status, whole.headers['content-type']]).toEqual([200, 'audio/wav'])
    const { ms, tones } = hear(whole.bytes)
    expect(ms).toBeGreaterThanOrEqual(stopAsked - runs - 20)
    expect(ms).toBeLessThanOrEqual(stopped - asked + 20)
    for (const report of tones) expect(report, JSON.stringify(tones)).toMatchObject({ longestHole: 0 })
    for (const { share } of tones) expect(share).toBeGreaterThan(0.97)

    const range = await fetchBytes(address, { range: 'bytes=100-1099' })
    expect([range.status, range.headers['content-range']]).toEqual([206, `bytes 100-1099/${whole.bytes.length}`])
    expect(range.bytes.equals(whole.bytes.subarray(100, 1100))).toBe(true)
    expect((await fetchBytes(address.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).status).toBe(401)
    await Promise.all([first.phone.bye(), second.phone.bye()])
    await server.api('DELETE', `/recordings/${started.recording_id}`)
    expect((await fetchBytes(address)).status).toBe(404)
  })

  test('a call outside any conference is two files: what the phone says, and what it hears, tones included', async () => {
    const server = await start()
    const uri = await flowWith(server, [
      { type: 'answer' },
      { type: 'sleep', option: { duration: 1500 } },
      { type: 'beep' },
      { type: 'echo', option: { duration: 60_000 } },
    ])
    const caller = await phoneTo(uri, frequencies[0])
    const call = await callOf(server)
    const asked = performance.now()
    const { recording_id } = await server.api<{ recording_id: string }>('POST', `/calls/${call.id}/recording_start`)
    const runs = performance.now()
    await caller.hear(200)
    const ended = performance.now()
    await caller.phone.bye()
    const files = await filesOf(server, recording_id)
    const over = performance.now()
    const said = hear(files.in)
    const heard = hear(files.out)
    expect(said.ms).toBeGreaterThanOrEqual(ended - runs - 20)
    expect(said.ms).toBeLessThanOrEqual(over - asked + 20)
    expect(Math.abs(said.ms - heard.ms)).toBeLessThanOrEqual(20)
    expect(said.tones[0]?.share).toBeGreaterThan(0.95)
    expect(said.tones[0]?.longestHole).toBeLessThanOrEqual(1)
    // Silence, a beep of 1 kHz, then its own voice.
    const out = readWav(files.out)
    const [beep] = listen(out.samples, out.sampleRate, [1000])
    expect((beep?.share ?? 0) * heard.ms).toBeGreaterThan(440)
    expect((beep?.share ?? 0) * heard.ms).toBeLessThan(560)
    // One frame of the file may hold the end of the one and the beginning of the other.
    expect(heard.tones[0]?.first).toBeGreaterThanOrEqual(beep?.last ?? Number.POSITIVE_INFINITY)
    expect((heard.tones[0]?.last ?? 0) * 20).toBeGreaterThan(heard.ms - 200)
  })

  test.each([
    ['one media worker', '1', 0],
    ['a change of media worker', '2', 25],
  ])('a call that enters and leaves a conference is one recording, with %s', async (_, workers, hole) => {
    const server = await start({ PARTYLINE_MEDIA_WORKERS: workers })
    const { id, direct_hash } = await server.api<Conference>('POST', '/conferences', { type: 'conference' })
    const other = await phoneTo(server.sip(`direct.${direct_hash}`), frequencies[1])
    const before = await callOf(server)
    const uri = await flowWith(server, [
      { type: 'answer' },
      { type: 'sleep', option: { duration: 1500 } },
      { type: 'conference_join', option: { conference_id: id } },
      { type: 'sleep', option: { duration: 60_000 } },
    ])
    const caller = await phoneTo(uri, frequencies[0])
    const call = await callOf(server, [before.id])
    const { recording_id } = await server.api<{ recording_id: string }>('POST', `/calls/${call.id}/recording_start`)
    const entered = await eventually('it is in', async () => {
      const { conferencecall_ids } = await server.api<Conference>('GET', `/conferences/${id}`)
      return conferencecall_ids[1]
    })
    await caller.hear(100)
    await server.api('DELETE', `/conferencecalls/${entered}`)
    await caller.hear(25)
    await caller.phone.bye()
    const files = await filesOf(server, recording_id)
    const said = hear(files.in)
    const heard = hear(files.out)
    expect(Math.abs(said.ms - heard.ms)).toBeLessThanOrEqual(40)
    const what = JSON.stringify({ said, heard })
    expect(said.tones[0]?.longestHole, what).toBeLessThanOrEqual(hole)
    expect(said.tones[0]?.share, what).toBeGreaterThan(0.85)
    expect(heard.tones[1]?.share, what).toBeGreaterThan(0.3)
    expect(heard.tones[1]?.longestHole, what).toBe(0)
    expect(heard.tones[0]?.share, what).toBe(0)
    expect(server.output.includes('moved to another media worker')).toBe(workers === '2')
    await other.phone.bye()
  })

  test('ends after its duration, and the flow that was to follow runs', async () => {
    const server = await start()
    const uri = await flowWith(server, [{ type: 'answer' }, { type: 'echo', option: { duration: 60_000 } }])
    const next = await server.api<{ id: string }>('POST', '/flows', { name: 'next', actions: [{ type: 'empty' }] })
    const caller = await phoneTo(uri, frequencies[0])
    const call = await callOf(server)
    const { recording_id } = await server.api<{ recording_id: string }>('POST', `/calls/${call.id}/recording_start`, {
      duration: 2,
      on_end_flow_id: next.id,
    })
    const { ms } = hear((await filesOf(server, recording_id)).in)
    expect(ms).toBeGreaterThanOrEqual(1980)
    expect(ms).toBeLessThanOrEqual(2100)
    expect(await server.api('GET', `/calls/${call.id}`)).toMatchObject({
      status: 'progressing',
      recording_ids: [recording_id],
    })
    const follower = await eventually('the next flow ran', async () => {
      const { result } = await server.api<List<{ reference_id: string; flow_id: string }>>('GET', '/activeflows')
      return result.find(({ reference_id }) => reference_id === recording_id)
    })
    expect(follower).toMatchObject({ flow_id: next.id, reference_type: 'recording' })
    await caller.phone.bye()
  })

  test('after a crash the recording has ended and its file is whole', async () => {
    const server = await start()
    const { id, direct_hash } = await server.api<Conference>('POST', '/conferences', { type: 'conference' })
    const phone = await phoneTo(server.sip(`direct.${direct_hash}`), frequencies[0])
    await callOf(server)
    await eventually('it is in', async () => {
      const { conferencecall_ids } = await server.api<Conference>('GET', `/conferences/${id}`)
      return conferencecall_ids[0]
    })
    const { recording_id } = await server.api<{ recording_id: string }>('POST', `/conferences/${id}/recording_start`)
    await phone.hear(200)
    await server.kill()
    await server.start()
    const after = await server.api<Recording>('GET', `/recordings/${recording_id}`)
    expect(after).toMatchObject({ status: 'ended', reference_type: 'confbridge', reference_id: id })
    expect(await server.api('GET', `/conferences/${id}`)).toMatchObject({ recording_ids: [recording_id] })
    const { bytes } = await fetchBytes(await addressOf(server, recording_id))
    const { ms, tones } = hear(bytes)
    expect(ms).toBeGreaterThan(2500)
    expect(tones[0]).toMatchObject({ longestHole: 0 })
    expect(createHash('sha256').update(bytes).digest('hex')).toHaveLength(64)
  })
})
