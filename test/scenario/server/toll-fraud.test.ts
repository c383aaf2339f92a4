// Toll fraud: with default settings nothing makes the server send an INVITE to an address that the operator did not admit. Every
// datagram that leaves is looked at, and the places aimed at have phones that would answer.
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/base/ids.ts'
import { sdp } from '../sip/session-description.ts'
import { defaultDialAllow } from './fort.ts'
import { serverAddress } from './house.ts'
import { field, type RawPhone, serverTag } from './raw-phone.ts'
import {
  attacker,
  foreign,
  inConference,
  invalid,
  local,
  newestCall,
  notAllowed,
  openTarget,
  refusal,
  sip,
  type Target,
  wait,
} from './toll-target.ts'

const destinations: [what: string, destination: object, answer: { status: number; reason: string }][] = [
  ['a foreign address', sip(`+882999@${foreign}`), notAllowed],
  ['a foreign name', sip('premium@evil.example'), notAllowed],
  ['a foreign address without a user', sip(`sip:${foreign}`), notAllowed],
  ['TLS', sip(`sips:premium@${foreign}`), invalid],
  ['TCP', sip(`premium@${foreign};transport=tcp`), notAllowed],
  ['another port', sip(`premium@${foreign}:5080`), notAllowed],
  ['an IPv4 address written in IPv6', sip(`premium@[::ffff:${foreign}]`), notAllowed],
  ['a decimal address', sip('premium@3405803842'), notAllowed],
  ['an octal address', sip('premium@0313.0.0161.0102'), notAllowed],
  ['a local address as user', sip(`${local}@${foreign}`), notAllowed],
  ['a local address as password', sip(`x:${local}@${foreign}`), notAllowed],
  ['a local name in front', sip('premium@127.0.0.1.evil.example'), notAllowed],
  ['two hosts', sip(`premium@${local}@${foreign}`), invalid],
  ['headers in the URI', sip(`premium@${foreign}?Route=%3Csip:${local}%3E`), notAllowed],
  ['a second line', sip(`x@${local}\r\nRoute: <sip:${foreign};lr>`), invalid],
  ['a second address', sip(`x@${local}>,<sip:x@${foreign}`), invalid],
  ['a type read off the target', { target: `premium@${foreign}` }, notAllowed],
  ['a number without a route', { type: 'tel', target: '+882999' }, notAllowed],
  ['a number as URI', { type: 'tel', target: 'tel:+882999' }, notAllowed],
  ['a number at our own address', sip(`+882999@${serverAddress}`), notAllowed],
  ['a number at our own name', sip('+882999@sip.test'), notAllowed],
  ['a prefixed number at our own name', sip('tel%3A%2B882999@sip.test'), notAllowed],
  ['a SIP address inside our own', sip('sip%3Apremium%40evil.example@sip.test'), invalid],
  ['an extension that is an address', { type: 'extension', target: `sip:x@${foreign}` }, invalid],
  ['an unknown extension', { type: 'extension', target: '4711' }, invalid],
  ['an unknown agent', { type: 'agent', target: newUuid() }, invalid],
  ['a conference', { type: 'conference', target: newUuid() }, invalid],
  ['LINE', { type: 'line', target: `sip:x@${foreign}` }, invalid],
]

describe('an API request', () => {
  it.each(destinations)('to call %s is refused', async (_what, destination, answer) => {
    const { ask, clock, sightings } = await openTarget()
    for (const path of ['/calls', '/groupcalls']) {
      for (const list of [[destination], [sip(`ok@${local}`), destination]]) {
        const body = { source: sip('desk'), destinations: list, actions: [{ type: 'answer' }] }
        expect(await ask('POST', path, body), path).toMatchObject(answer)
      }
    }
    await clock.advance(5000)
    expect(sightings).toEqual([])
  })

  it('rings the admitted one of two addresses of a name, and says so on no other wire', async () => {
    const { ask, clock, phone, reached } = await openTarget()
    await phone(local, () => 200)
    const body = {
      source: sip('desk'),
      destinations: [sip('x@both.example'), sip(`x@${local};maddr=${foreign}`)],
      actions: [],
    }
    expect((await ask('POST', '/calls', body)).status).toBe(200)
    await clock.advance(5000)
    expect(reached()).toEqual([local])
  })

  it.each(['Route', 'Record-Route', 'Contact', 'X-A\r\nRoute', 'To'])(
    'cannot add the header %j by a variable',
    async (name) => {
      const { ask, clock, sightings } = await openTarget()
      const variables = { [`sip.header.${name}`]: `<sip:${foreign};lr>` }
      const body = { source: sip('desk'), destinations: [sip(`x@${local}`)], actions: [], variables }
      expect(await ask('POST', '/calls', body)).toMatchObject({ status: 400, reason: 'INVALID_VARIABLES' })
      await clock.advance(5000)
      expect(sightings).toEqual([])
    },
  )

  it('of a customer who is no operator makes no provider and no route', async () => {
    const { ask, customer, sightings } = await openTarget()
    const { id, key } = await customer('other')
    expect((await ask('GET', '/customer', undefined, key)).json['id']).toBe(id)
    const provider = await ask('POST', '/providers', { hostname: foreign }, key)
    const route = await ask('POST', '/routes', { provider_id: newUuid(), target: 'all' }, key)
    expect([provider, route]).toMatchObject([refusal(403, 'PERMISSION_DENIED'), refusal(403, 'PERMISSION_DENIED')])
    expect(sightings).toEqual([])
  })

  it('cannot reach the extension or the agent of another customer', async () => {
    const { ask, made, customer, clock, sightings } = await openTarget()
    const extension = await made('/extensions', { extension: '1001', password: 'secret-of-1001' })
    const agent = await made('/agents', agentWith('someone@example.com', sip(`x@${local}`)))
    const { key } = await customer('other')
    for (const destination of [
      { type: 'extension', target: extension },
      { type: 'extension', target: '1001' },
      { type: 'agent', target: agent },
    ]) {
      const body = { source: sip('desk'), destinations: [destination], actions: [] }
      expect(await ask('POST', '/calls', body, key)).toMatchObject(invalid)
    }
    await clock.advance(5000)
    expect(sightings).toEqual([])
  })

  it('to call an agent whose addresses are foreign is refused', async () => {
    const { ask, made, clock, sightings } = await openTarget()
    const target = await made(
      '/agents',
      agentWith('agent@example.com', sip(`x@${foreign}`), { type: 'tel', target: '+882999' }),
    )
    const body = { source: sip('desk'), destinations: [{ type: 'agent', target }], actions: [] }
    expect(await ask('POST', '/calls', body)).toMatchObject(notAllowed)
    await clock.advance(5000)
    expect(sightings).toEqual([])
  })
})

const agentWith = (username: string, ...addresses: object[]) => ({
  username,
  password: 'correct horse battery',
  name: 'someone',
  permission: 16,
  addresses,
})

/** A number that runs these actions. */
async function numberRunning({ made }: Target, actions: object[], number = '+15550100'): Promise<string> {
  const flow = await made('/flows', { name: 'a flow', detail: '', actions })
  await made('/numbers', { number, call_flow_id: flow, name: '', detail: '' })
  return number
}

const inFlows: [what: string, destination: object][] = [
  ['a foreign address', sip(`+882999@${foreign}`)],
  ['a foreign name', sip('premium@evil.example')],
  ['a number without a route', { type: 'tel', target: '+882999' }],
  ['what the caller says', sip(`$\{sip.header.X-Dial}`)],
  ['an unknown extension', { type: 'extension', target: '4711' }],
]

describe('a flow', () => {
  it.each(inFlows)('that connects its caller with %s ends the call', async (_what, destination) => {
    const fort = await openTarget()
    const number = await numberRunning(fort, [
      { type: 'answer' },
      { type: 'connect', option: { destinations: [destination] } },
    ])
    const caller = await fort.raw(attacker)
    const call = { callId: 'c', cseq: 1, uri: `sip:${number}@${serverAddress}` }
    caller.request({ method: 'INVITE', ...call, headers: [field('X-Dial', `premium@${foreign}`)], sdp: sdp('raw') })
    await fort.clock.advance(1000)
    caller.request({ method: 'ACK', ...call, toTag: serverTag(caller.final('c', '1 INVITE')) })
    await fort.clock.advance(30_000)
    expect(fort.sightings).toEqual([])
    expect(await newestCall(fort)).toMatchObject({ direction: 'incoming', status: 'hangup', hangup_by: 'local' })
  })

  it.each(inFlows.slice(0, 3))('without a call that calls %s ends', async (_what, destination) => {
    const { ask, clock, sightings } = await openTarget()
    const call = { type: 'call', option: { destinations: [destination], actions: [{ type: 'answer' }] } }
    const { status, json } = await ask('POST', '/activeflows', {
      actions: [call, { type: 'sleep', option: { duration: 60_000 } }],
    })
    expect(status).toBeLessThan(300)
    await clock.advance(5000)
    const shown = await ask('GET', `/activeflows/${String(json['id'])}`)
    expect([shown.json['status'], sightings]).toEqual(['ended', []])
  })

  it('reaches no phone by webhook_send or fetch', async () => {
    const { ask, clock, sightings } = await openTarget()
    for (const [type, option] of [
      [
        'webhook_send',
        { sync: true, uri: `sip:premium@${foreign}`, method: 'POST', data_type: 'application/json', data: '' },
      ],
      ['fetch', { event_url: `sip:premium@${foreign}`, event_method: 'POST' }],
    ] as const) {
      const { status } = await ask('POST', '/activeflows', { actions: [{ type, option }] })
      expect(status, type).toBe(400)
    }
    await clock.advance(5000)
    expect(sightings).toEqual([])
  })
})

const referTargets: [referTo: string, status: number][] = [
  [`<sip:premium@${foreign}>`, 403],
  ['<sip:premium@evil.example>', 403],
  [`<sips:premium@${foreign}>`, 400],
  [`<sip:premium@${foreign};transport=tcp>`, 403],
  [`<sip:premium@${foreign}?Route=%3Csip%3A${local}%3E>`, 403],
  [`<sip:premium@${foreign};method=INVITE>`, 403],
  [`<sip:premium@${foreign};method=REFER>`, 403],
  [`<sip:premium@${foreign}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>`, 403],
  ['<tel:+882999>', 403],
  [`<sip:+882999@${serverAddress}>`, 403],
  ['<sip:tel%3A+882999@sip.test>', 403],
  ['<sip:sip%3Apremium%40evil.example@sip.test>', 403],
  ['<sip:4711@sip.test>', 400],
  ['<http://evil.example/>', 416],
  ['sip:', 400],
]

describe('a REFER', () => {
  it.each(referTargets)('to %s is refused with %i', async (referTo, status) => {
    const fort = await openTarget()
    const { caller, dialog } = await inConference(fort)
    caller.request({ method: 'REFER', ...dialog, cseq: 2, headers: [field('Refer-To', referTo)] })
    await fort.clock.advance(40_000)
    expect([caller.final('c', '2 REFER')?.status, fort.sightings]).toEqual([status, []])
  })

  it('outside any dialog is refused', async () => {
    const fort = await openTarget()
    const caller = await fort.raw(attacker)
    const refer = { method: 'REFER', uri: `sip:${serverAddress}`, callId: 'r', cseq: 1 }
    caller.request({ ...refer, headers: [field('Refer-To', `<sip:premium@${foreign}>`)] })
    await fort.clock.advance(5000)
    expect(caller.final('r', '1 REFER')?.status).toBeGreaterThanOrEqual(400)
    expect(fort.sightings).toEqual([])
  })
})

describe('a phone that answers', () => {
  const body = (target: string) => ({
    source: sip('desk'),
    destinations: [sip(target)],
    actions: [wait],
  })

  it.each([300, 301, 302, 305, 380])('with %i and a foreign Contact ends the call', async (status) => {
    const fort = await openTarget()
    await fort.raw(local, (request, phone) => {
      if (request.method === 'INVITE')
        phone.respond(request, status, { headers: [field('Contact', `<sip:premium@${foreign}>`)] })
    })
    expect((await fort.ask('POST', '/calls', body(`x@${local}`))).status).toBe(200)
    await fort.clock.advance(60_000)
    expect(fort.reached()).toEqual([local])
    expect(await newestCall(fort)).toMatchObject({ status: 'hangup', hangup_by: 'remote', hangup_reason: 'failed' })
  })

  it.each([401, 407])('with %i gets no second INVITE elsewhere', async (status) => {
    const fort = await openTarget()
    const challenge = field(
      status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate',
      `Digest realm="r", domain="sip:${foreign}", nonce="n"`,
    )
    await fort.raw(local, (request, phone) => {
      if (request.method === 'INVITE') phone.respond(request, status, { headers: [challenge] })
    })
    await fort.ask('POST', '/calls', body(`alice:secret@${local}`))
    await fort.clock.advance(60_000)
    expect(fort.reached()).toEqual([local])
  })

  it('with a foreign Record-Route and Contact gets its re-INVITEs itself', async () => {
    const fort = await openTarget()
    const lead = [field('Record-Route', `<sip:${foreign};lr>`), field('Contact', `<sip:premium@${foreign}>`)]
    const phone = await fort.raw(local, (request, far) => {
      if (request.method === 'INVITE') far.respond(request, 200, { headers: lead, sdp: sdp('raw') })
    })
    await fort.ask('POST', '/calls', body(`x@${local}`))
    await fort.clock.advance(1000)
    const { id } = await newestCall(fort)
    expect((await fort.ask('POST', `/calls/${String(id)}/hold`)).status).toBe(200)
    await fort.clock.advance(1000)
    expect([fort.reached(), phone.invites.length]).toEqual([[local], 2])
  })
})

describe('a caller', () => {
  const tricks: [what: string, headers: Parameters<RawPhone['request']>[0]['headers']][] = [
    ['Record-Route', [field('Record-Route', `<sip:${foreign};lr>`)]],
    ['a strict Record-Route', [field('Record-Route', `<sip:${foreign}>`)]],
    ['Record-Route over TCP', [field('Record-Route', `<sip:${foreign};transport=tcp;lr>`)]],
    [
      'two Record-Routes',
      [field('Record-Route', `<sip:${foreign};lr>`), field('Record-Route', `<sip:${attacker};lr>`)],
    ],
    ['a maddr in Record-Route', [field('Record-Route', `<sip:${attacker};maddr=${foreign};lr>`)]],
    ['Contact', [field('Contact', `<sip:premium@${foreign}>`)]],
    ['a maddr in Contact', [field('Contact', `<sip:premium@${attacker};maddr=${foreign}>`)]],
    ['Path', [field('Path', `<sip:${foreign};lr>`)]],
  ]
  it.each(tricks)('with a foreign address in %s gets the re-INVITEs itself', async (_what, more) => {
    const fort = await openTarget()
    const { caller, callId } = await inConference(fort, more)
    expect((await fort.ask('POST', `/calls/${callId}/hold`)).status).toBe(200)
    await fort.clock.advance(2000)
    expect(fort.sightings.length).toBeGreaterThan(0)
    expect([fort.reached(), caller.invites.length > 0]).toEqual([[attacker], true])
  })

  it('with a foreign Record-Route gets the refreshes of its session itself', async () => {
    const fort = await openTarget()
    const timer = [field('Supported', 'timer'), field('Session-Expires', '90;refresher=uas')]
    const { caller } = await inConference(fort, [field('Record-Route', `<sip:${foreign};lr>`), ...timer])
    await fort.clock.advance(60_000)
    expect([fort.reached(), caller.invites.length > 0]).toEqual([[attacker], true])
  })

  it.each([
    ['Via', 'Via', `SIP/2.0/UDP ${foreign}:5060;branch=z9hG4bKv`],
    ['a maddr in Via', 'Via', `SIP/2.0/UDP ${attacker};maddr=${foreign};branch=z9hG4bKv`],
    ['Route', 'Route', `<sip:${foreign};lr>`],
    ['From', 'From', `<sip:premium@${foreign}>;tag=raw`],
    ['Reply-To', 'Reply-To', `<sip:premium@${foreign}>`],
    ['X-Dial', 'X-Dial', `sip:premium@${foreign}`],
  ])('with a foreign address in %s has no INVITE sent at all', async (_what, name, value) => {
    const fort = await openTarget()
    const { hash } = await fort.conference()
    const caller = await fort.raw(attacker)
    for (const [index, uri] of [`sip:direct.${hash}@${serverAddress}`, `sip:premium@${foreign}`].entries())
      caller.request({
        method: 'INVITE',
        callId: `v${index}`,
        cseq: 1,
        uri,
        headers: [field(name, value)],
        sdp: sdp('raw'),
      })
    await fort.clock.advance(60_000)
    expect([fort.sightings, fort.victim.events.length]).toEqual([[], 0])
  })

  it.each([
    `sip:+882999@${serverAddress}`,
    `sip:premium@${foreign}`,
    `sip:+882999@${foreign}`,
    'sip:premium@pstn.test',
    'tel:+882999',
    `sip:sip%3Apremium%40${foreign}@sip.test`,
  ])('who asks for %s without showing who it is is refused', async (uri) => {
    const fort = await openTarget()
    const caller = await fort.raw(attacker)
    caller.request({ method: 'INVITE', callId: 'u', cseq: 1, uri, sdp: sdp('raw') })
    await fort.clock.advance(5000)
    expect(caller.final('u', '1 INVITE')?.status).toBeGreaterThanOrEqual(400)
    expect(fort.sightings).toEqual([])
  })
})

it('the default admits this machine alone', () => {
  expect(defaultDialAllow).toEqual(['127.0.0.0/8', '::1'])
})
