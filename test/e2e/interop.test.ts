// Interoperation: real phones of different makers call in, are called, and call each other, by UDP, TCP and TLS.
import { afterEach, describe, expect, test } from 'vitest'
import type { Call, List } from './facts.ts'
import { lacksRoom } from './room.ts'
import { Sipp } from './sipp.ts'
import { openStage, tonesIn } from './stage.ts'
import { eventually, lacks, skips } from './tools.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const open = () => openStage((close) => closers.push(close))
type Stage = Awaited<ReturnType<typeof open>>

const withBaresip = lacks('baresip') ?? lacks('openssl') ?? lacksRoom()
const withLinphone = lacks('linphonec') ?? withBaresip
const mark = (missing: string | undefined): string => (missing ? ` [skipped: ${missing}]` : '')
/** Frames of 20 ms that a phone's own jitter buffer may leave out. */
const hole = 5

/** Rings the phone for the conference; the call's id. */
async function ring({ server, conference }: Stage, phone: string): Promise<string> {
  const type = phone.startsWith('sip:') ? 'sip' : 'extension'
  const { calls, groupcalls } = await server.api<{ calls: Call[]; groupcalls: Groupcall[] }>('POST', '/calls', {
    source: { type: 'sip', target: 'desk' },
    destinations: [{ type, target: phone }],
    actions: [{ type: 'conference_join', option: { conference_id: conference.id } }],
  })
  return calls[0]?.id ?? groupcalls[0]?.call_ids[0] ?? ''
}

interface Groupcall {
  readonly id: string
  readonly call_ids: readonly string[]
  readonly answer_call_id: string
}

describe.skipIf(skips('linphone', withLinphone))(`linphone${mark(withLinphone)}`, () => {
  test.each(['udp', 'tcp', 'tls'] as const)('dials in over %s, hears another phone and is heard', async (transport) => {
    const stage = await open()
    const phone = await stage.linphone({ name: 'lin', sipPort: 5090, frequency: 1000, transport })
    const other = await stage.baresip({ name: 'other', sipPort: 5070, frequency: 400 })
    await phone.dial(stage.roomUri(transport))
    await stage.people(1)
    await other.dial(stage.roomUri('udp'))
    await stage.people(2)
    await other.talked(3)
    await other.hangUp()
    await phone.hangUp()
    await stage.people(0)
    const [own, far] = tonesIn(phone.heard(), [1000, 400])
    expect(own?.share).toBe(0)
    expect((far?.last ?? 0) - (far?.first ?? 0)).toBeGreaterThan(100)
    expect(far?.longestHole).toBeLessThanOrEqual(hole)
    const [back] = tonesIn(other.heard(), [1000])
    expect(back?.share).toBeGreaterThan(0.8)
    expect(back?.longestHole).toBeLessThanOrEqual(hole)
  })

  test.each(['udp', 'tcp', 'tls'] as const)('is rung over %s, answers and is hung up', async (transport) => {
    const stage = await open()
    // By TLS it opens connections and takes none.
    const login = transport === 'tls' ? { login: await stage.login('1001', transport) } : {}
    const phone = await stage.linphone({
      name: 'lin',
      sipPort: 5090,
      frequency: 1000,
      transport,
      autoAnswer: true,
      ...login,
    })
    const other = await stage.baresip({ name: 'other', sipPort: 5070, frequency: 400 })
    await other.dial(stage.roomUri('udp'))
    const id = await ring(stage, transport === 'tls' ? '1001' : phone.uri)
    await phone.established()
    await stage.people(2)
    await other.talkedMore(2)
    await stage.server.api('POST', `/calls/${id}/hangup`)
    await phone.ended()
    await other.hangUp()
    const call = await stage.server.api<Call>('GET', `/calls/${id}`)
    expect(call).toMatchObject({ status: 'hangup', hangup_reason: 'normal', hangup_by: 'local' })
    const [own, far] = tonesIn(phone.heard(), [1000, 400])
    expect([own?.share, (far?.last ?? 0) - (far?.first ?? 0) > 50]).toEqual([0, true])
    expect(tonesIn(other.heard(), [1000])[0]?.share).toBeGreaterThan(0.2)
  })

  test('and baresip register, by TLS and TCP, and call each other both ways', async () => {
    const stage = await open()
    const [lin, bar] = [await stage.login('1001', 'tls'), await stage.login('1002', 'tcp')]
    const one = await stage.linphone({
      name: 'lin',
      sipPort: 5090,
      frequency: 1000,
      transport: 'tls',
      login: lin,
      autoAnswer: true,
    })
    const two = await stage.baresip({ name: 'bar', sipPort: 5070, frequency: 400, autoAnswer: true, login: bar })
    await one.dial(`sip:1002@${bar.domain}`)
    await two.established()
    await two.talked(2)
    await one.hangUp()
    await two.ended()
    const [own, far] = tonesIn(one.heard(), [1000, 400])
    expect([own?.share, (far?.last ?? 0) - (far?.first ?? 0) > 50]).toEqual([0, true])
    expect(tonesIn(two.heard(), [1000])[0]?.share).toBeGreaterThan(0.5)
    await two.dial(`sip:1001@${lin.domain}`)
    await one.established(2)
    await two.hangUp()
    await one.ended(2)
  })
})

describe.skipIf(skips('baresip over TCP', withBaresip))(`baresip over TCP${mark(withBaresip)}`, () => {
  test('dials in and is rung, hears another phone and is heard', async () => {
    const stage = await open()
    const phone = await stage.baresip({ name: 'tcp', sipPort: 5070, frequency: 400, transport: 'tcp' })
    const rung = { name: 'rung', sipPort: 5080, frequency: 1000, transport: 'tcp', autoAnswer: true } as const
    const other = await stage.baresip(rung)
    await phone.dial(stage.roomUri('tcp'))
    await ring(stage, other.uri)
    await other.established()
    await stage.people(2)
    await other.talked(3)
    await Promise.all([phone.hangUp(), other.hangUp()])
    await stage.people(0)
    expect(tonesIn(other.heard(), [400, 1000])).toMatchObject([{ longestHole: 0 }, { share: 0 }])
    expect(tonesIn(phone.heard(), [400, 1000])).toMatchObject([{ share: 0 }, { longestHole: 0 }])
  })
})

const withSipp = lacks('sipp') ?? withLinphone

describe.skipIf(skips('phones that ring together', withSipp))(`phones that ring together${mark(withSipp)}`, () => {
  /** Two phones of SIPp that want to be cancelled, one linphone that rings, and a baresip. */
  async function open4() {
    const stage = await open()
    const { room } = stage
    const ringing = await Promise.all(
      [5110, 5120].map((port) => Sipp.start({ scenario: 'cancelled', address: room.address, port, room })),
    )
    closers.push(...ringing.map((sipp) => () => sipp.close()))
    const lin = await stage.linphone({ name: 'lin', sipPort: 5090, frequency: 1000, transport: 'udp' })
    const bar = await stage.baresip({ name: 'bar', sipPort: 5070, frequency: 400 })
    const uris = [...[5110, 5120].map((port) => `sip:x@${room.address}:${port}`), lin.uri, bar.uri]
    return { stage, ringing, lin, bar, destinations: uris.map((target) => ({ type: 'sip', target })) }
  }

  test('in a groupcall: the first to answer speaks, the others get CANCEL', async () => {
    const { stage, ringing, lin, bar, destinations } = await open4()
    const { server, conference } = stage
    const { id } = await server.api<Groupcall>('POST', '/groupcalls', {
      source: { type: 'sip', target: 'desk' },
      destinations,
      actions: [{ type: 'conference_join', option: { conference_id: conference.id } }],
    })
    const calls = async (): Promise<Call[]> => {
      const { call_ids: ids } = await server.api<Groupcall>('GET', `/groupcalls/${id}`)
      return Promise.all(ids.map((call) => server.api<Call>('GET', `/calls/${call}`)))
    }
    await eventually('all ring', async () => {
      const all = await calls()
      return (all.length === 4 && all.every(({ status }) => status === 'ringing')) || undefined
    })
    bar.accept()
    await bar.established()
    await stage.people(1)
    const results = await Promise.all(ringing.map((sipp) => sipp.finished()))
    expect(results.map(({ successful, failed }) => [successful, failed])).toEqual([
      [1, 0],
      [1, 0],
    ])
    await lin.ended()
    const groupcall = await server.api<Groupcall>('GET', `/groupcalls/${id}`)
    const after = await calls()
    expect(after.map(({ status }) => status).sort()).toEqual(['hangup', 'hangup', 'hangup', 'progressing'])
    expect(after.find(({ status }) => status === 'progressing')?.id).toBe(groupcall.answer_call_id)
    const reasons = after
      .filter(({ status }) => status === 'hangup')
      .map(({ hangup_reason: why, hangup_by: by }) => [why, by])
    expect(reasons).toEqual([
      ['cancel', 'local'],
      ['cancel', 'local'],
      ['cancel', 'local'],
    ])
    await bar.talked(1)
    await bar.hangUp()
    await stage.people(0)
  })

  test('for connect: the caller speaks with the first to answer, the others get CANCEL', async () => {
    const { stage, ringing, lin, bar, destinations } = await open4()
    const { server } = stage
    const flow = await server.api<{ id: string; direct_hash: string }>('POST', '/flows', {
      name: 'ring all',
      actions: [{ type: 'answer' }, { type: 'connect', option: { destinations } }],
    })
    const caller = await stage.baresip({ name: 'caller', sipPort: 5080, frequency: 1500 })
    await caller.dial(server.sip(`direct.${flow.direct_hash}`))
    await lin.ringing()
    await lin.answer()
    await bar.until(/closed|cancel/i)
    const results = await Promise.all(ringing.map((sipp) => sipp.finished()))
    expect(results.map(({ successful, failed }) => [successful, failed])).toEqual([
      [1, 0],
      [1, 0],
    ])
    await caller.talkedMore(2)
    await lin.hangUp()
    await caller.ended()
    const [far] = tonesIn(lin.heard(), [1500])
    expect((far?.last ?? 0) - (far?.first ?? 0)).toBeGreaterThan(50)
    expect(tonesIn(caller.heard(), [1000])[0]?.share).toBeGreaterThan(0.2)
    const { result } = await server.api<List<Call>>('GET', '/calls')
    expect(result.map(({ direction, status }) => [direction, status]).sort()).toEqual([
      ['incoming', 'hangup'],
      ...Array.from({ length: 4 }, () => ['outgoing', 'hangup']),
    ])
  })
})
