// Three phones in a conference, each with a tone of its own: each hears both others and not itself. One is kicked: it
// hears nothing more, and the other two never miss a frame of each other. Once with the built-in phone, once with baresip.
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../../demo/phone/ears.ts'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { tone } from '../../demo/phone/sound.ts'
import { Baresip } from './baresip.ts'
import type { Call, Conference, Conferencecall } from './facts.ts'
import { createListener, type Listener } from './listener.ts'
import { lacksRoom, loopback, openRoom, type Room } from './room.ts'
import { TestServer } from './server.ts'
import { eventually, lacks, skips } from './tools.ts'

const frequencies = [400, 700, 1100] as const
const names = ['anna', 'ben', 'carla'] as const
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(room: Room) {
  const server = await TestServer.start({ room })
  closers.push(() => server.close())
  const made = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'three' })
  const conference = (): Promise<Conference> => server.api('GET', `/conferences/${made.id}`)
  const known = new Set<string>()
  return {
    server,
    uri: server.sip(`direct.${made.direct_hash}`),
    conference,
    /** The conferencecall of whoever dialled last, once joined. */
    arrival: () =>
      eventually('somebody joined', async () => {
        const id = (await conference()).conferencecall_ids.find((candidate) => !known.has(candidate))
        if (id !== undefined) known.add(id)
        return id
      }),
  }
}

/** Kicks twice, at once: the second comes too late. Resolves when the participant and its call are gone. */
async function kick(server: TestServer, id: string): Promise<void> {
  const first = await server.request('DELETE', `/conferencecalls/${id}`)
  const second = await server.request('DELETE', `/conferencecalls/${id}`)
  expect(first).toMatchObject({ status: 200, body: { id, status: 'leaving' } })
  expect(second).toMatchObject({ status: 409, body: { error: { status: 'FAILED_PRECONDITION' } } })
  const gone = await eventually('the conferencecall is leaved', async () => {
    const now = await server.api<Conferencecall>('GET', `/conferencecalls/${id}`)
    return now.status === 'leaved' ? now : undefined
  })
  expect((await server.request('DELETE', `/conferencecalls/${id}`)).status).toBe(409)
  const call = await eventually('the call is hung up', async () => {
    const now = await server.api<Call>('GET', `/calls/${gone.reference_id}`)
    return now.status === 'hangup' ? now : undefined
  })
  expect(call).toMatchObject({ hangup_by: 'local', hangup_reason: 'normal' })
}

describe('three built-in phones', () => {
  test('hear both others and not themselves; a kick is felt by the kicked alone', async () => {
    const { server, uri, conference, arrival } = await open(loopback)
    const metronome = createMetronome()
    closers.push(() => metronome.close())
    const phones: Listener[] = []
    const ids: string[] = []
    for (const [index, name] of names.entries()) {
      const made = await createListener({ metronome, name, source: tone(frequencies[index] ?? 0) })
      closers.push(() => made.phone.close())
      phones.push(made)
      await made.phone.invite(uri)
      ids.push(await arrival())
    }
    const [anna, ben, carla] = phones as [Listener, Listener, Listener]
    await carla.hear(25)
    const starts = phones.map((phone) => phone.count)
    await Promise.all(phones.map((phone) => phone.hear(100)))
    phones.forEach((phone, own) => {
      phone.tones(frequencies, starts[own]).forEach((report, other) => {
        if (other === own) expect(report, `${names[own]} hears itself`).toMatchObject({ share: 0 })
        else expect(report, `${names[own]} hears ${names[other]}`).toMatchObject({ share: 1, longestHole: 0 })
      })
    })

    await kick(server, ids[2] ?? '')
    expect(await carla.phone.ended).toEqual({ by: 'remote', status: 0 })
    const [silentFrom, annaFrom] = [carla.count, anna.count]
    await Promise.all([anna.hear(100), ben.hear(100)])
    expect(carla.count - silentFrom, 'frames to the kicked phone').toBeLessThan(3)
    expect(anna.tones([frequencies[2]], annaFrom + 10)).toMatchObject([{ share: 0 }])
    expect(anna.tones([frequencies[1]], starts[0])).toMatchObject([{ share: 1, longestHole: 0 }])
    expect(ben.tones([frequencies[0]], starts[1])).toMatchObject([{ share: 1, longestHole: 0 }])
    for (const { phone } of [anna, ben]) expect(phone.counters()).toMatchObject({ lost: 0, duplicate: 0 })
    expect((await conference()).conferencecall_ids).toEqual(ids.slice(0, 2))
    await Promise.all([anna.phone.bye(), ben.phone.bye()])
  })
})

const missing = lacks('baresip') ?? lacksRoom()

describe.skipIf(skips('three baresip phones', missing))(
  `three baresip phones${missing ? ` [skipped: ${missing}]` : ''}`,
  () => {
    test('hear both others and not themselves; a kick is felt by the kicked alone', async () => {
      const room = await openRoom()
      closers.push(() => room.close())
      const { server, uri, arrival } = await open(room)
      const phones: Baresip[] = []
      const ids: string[] = []
      for (const [index, name] of names.entries()) {
        const phone = await Baresip.start({
          name,
          room,
          sipPort: 5070 + index * 10,
          frequency: frequencies[index] ?? 0,
        })
        closers.push(() => phone.close())
        phones.push(phone)
        await phone.dial(uri)
        ids.push(await arrival())
      }
      const [anna, ben, carla] = phones as [Baresip, Baresip, Baresip]
      await carla.talked(4)
      await kick(server, ids[2] ?? '')
      await carla.ended()
      await anna.talkedMore(4)
      await Promise.all([anna.hangUp(), ben.hangUp()])

      // Each by its own recording; frames of 20 ms, tones at about -10 dBov, so that -20 shows a dip as well as a hole.
      const heard = phones.map((phone) => {
        const { samples, sampleRate } = phone.heard()
        return {
          frames: Math.floor((samples.length / sampleRate) * 50),
          tones: listen(samples, sampleRate, frequencies, -20),
        }
      })
      for (const [own, { frames, tones }] of heard.entries()) {
        for (const [other, report] of tones.entries()) {
          const what = `${names[own]} hears ${names[other]} in ${frames} frames: ${JSON.stringify(report)}`
          if (other === own) expect(report.share, what).toBe(0)
          else expect(report.longestHole, what).toBe(0)
          if (other !== own) expect(report.last - report.first, what).toBeGreaterThan(100)
        }
      }
      // Anna and Ben hear each other to the end, long after Carla is gone; Carla hears both as long as she is there.
      for (const [own, other] of [
        [0, 1],
        [1, 0],
        [2, 0],
        [2, 1],
      ] as const) {
        const { frames, tones } = heard[own] ?? { frames: 0, tones: [] }
        expect(frames - (tones[other]?.last ?? 0), `${names[own]} hears ${names[other]} to the end`).toBeLessThan(15)
      }
      expect(
        (heard[0]?.frames ?? 0) - (heard[0]?.tones[2]?.last ?? 0),
        'silence from Carla after the kick',
      ).toBeGreaterThan(100)
    })
  },
)
