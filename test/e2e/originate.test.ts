// POST /calls with a flow whose action is conference_join rings a phone; when it answers, it is in the mix.
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../../demo/phone/ears.ts'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { tone } from '../../demo/phone/sound.ts'
import { Baresip } from './baresip.ts'
import type { Call, Conference } from './facts.ts'
import { createListener } from './listener.ts'
import { lacksRoom, loopback, openRoom, type Room } from './room.ts'
import { TestServer } from './server.ts'
import { eventually, lacks, skips } from './tools.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(room: Room) {
  const server = await TestServer.start({ room })
  closers.push(() => server.close())
  const conference = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'called in' })
  const flow = await server.api<{ id: string }>('POST', '/flows', {
    name: 'into the conference',
    actions: [{ type: 'conference_join', option: { conference_id: conference.id } }],
  })
  /** Rings the phone at `target`. */
  async function ring(target: string): Promise<Call> {
    const answer = await server.api<{ calls: Call[]; groupcalls: unknown[] }>('POST', '/calls', {
      source: { type: 'sip', target: 'desk' },
      destinations: [{ type: 'sip', target }],
      flow_id: flow.id,
    })
    expect(answer.groupcalls).toEqual([])
    const [call] = answer.calls
    if (!call) throw new Error('no call')
    expect(call.direction).toBe('outgoing')
    return call
  }
  const people = (count: number): Promise<true> =>
    eventually(`${count} in the conference`, async () => {
      const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${conference.id}`)
      return ids.length === count || undefined
    })
  return { server, uri: server.sip(`direct.${conference.direct_hash}`), ring, people }
}

describe('a built-in phone', () => {
  test('is rung, answers, hears the others and is heard, and is hung up by the API', async () => {
    const { server, uri, ring, people } = await open(loopback)
    const metronome = createMetronome()
    closers.push(() => metronome.close())
    const caller = await createListener({ metronome, name: 'caller', source: tone(400) })
    const called = await createListener({ metronome, name: 'called', source: tone(1000), autoAnswer: true })
    closers.push(
      () => caller.phone.close(),
      () => called.phone.close(),
    )
    await caller.phone.invite(uri)
    const call = await ring(called.phone.uri)
    await called.phone.answered
    await people(2)
    expect(await server.api<Call>('GET', `/calls/${call.id}`)).toMatchObject({ status: 'progressing' })
    await called.hear(25)
    const starts = [caller.count, called.count]
    await Promise.all([caller.hear(50), called.hear(50)])
    expect(caller.tones([400, 1000], starts[0])).toMatchObject([{ share: 0 }, { share: 1 }])
    expect(called.tones([400, 1000], starts[1])).toMatchObject([{ share: 1 }, { share: 0 }])
    await server.api('POST', `/calls/${call.id}/hangup`)
    expect(await called.phone.ended).toEqual({ by: 'remote', status: 0 })
    await people(1)
    await caller.phone.bye()
    await people(0)
  })

  test('outside the allowed networks is not rung, and the error names the setting', async () => {
    const { server } = await open(loopback)
    const answer = await server.request('POST', '/calls', {
      source: { type: 'sip', target: 'desk' },
      destinations: [{ type: 'sip', target: 'phone@192.0.2.1' }],
      actions: [],
    })
    expect(answer.status).toBe(403)
    expect(JSON.stringify(answer.body)).toContain('PARTYLINE_DIAL_ALLOW')
  })
})

const missing = lacks('baresip') ?? lacksRoom()

describe.skipIf(skips('a baresip phone', missing))(`a baresip phone${missing ? ` [skipped: ${missing}]` : ''}`, () => {
  test('is rung, answers, hears the others and is heard', async () => {
    const room = await openRoom()
    closers.push(() => room.close())
    const { uri, ring, people } = await open(room)
    const caller = await Baresip.start({ name: 'caller', room, sipPort: 5070, frequency: 400 })
    closers.push(() => caller.close())
    const called = await Baresip.start({ name: 'called', room, sipPort: 5080, frequency: 1000, autoAnswer: true })
    closers.push(() => called.close())
    await caller.dial(uri)
    await people(1)
    await ring(called.uri)
    await called.established()
    await people(2)
    await called.talked(3)
    await Promise.all([called.hangUp(), caller.hangUp()])
    await people(0)
    const mix = [called.heard(), caller.heard()].map(({ samples, sampleRate }) =>
      listen(samples, sampleRate, [400, 1000], -20),
    )
    expect(mix).toMatchObject([
      [{ longestHole: 0 }, { share: 0 }],
      [{ share: 0 }, { longestHole: 0 }],
    ])
    expect(mix[0]?.[0]?.share).toBeGreaterThan(0.8)
    expect(mix[1]?.[1]?.share).toBeGreaterThan(0.5)
  })
})
