// Toll fraud by those who have a password or a trunk, and by providers: what they register, dial and answer leads nowhere else.
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/base/ids.ts'
import { answerChallenge } from '../../../src/sip/digest.ts'
import { sdp } from '../sip/session-description.ts'
import { serverAddress } from './house.ts'
import { field, type RawPhone, serverTag } from './raw-phone.ts'
import {
  attacker,
  carrier,
  foreign,
  inConference,
  newestCall,
  openTarget,
  sip,
  type Target,
  wait,
} from './toll-target.ts'

const password = 'secret-of-1001'

/** A raw phone that may register as extension 1001 of the first customer. */
async function extension(fort: Target, address = attacker) {
  await fort.made('/extensions', { extension: '1001', password })
  const domain = `${fort.customerId}.registrar.test`
  const phone = await fort.raw(address)
  const ask = (cseq: number, more: Parameters<RawPhone['request']>[0]['headers'] = [], from = phone): void => {
    const lead = [
      field('To', `<sip:1001@${domain}>`),
      field('From', `<sip:1001@${domain}>;tag=raw`),
      field('Expires', '600'),
    ]
    from.request({ method: 'REGISTER', uri: `sip:${domain}`, callId: 'reg', cseq, headers: [...lead, ...more] })
  }
  const credentials = (method: string, uri: string, cseq: string) => {
    const challenge = phone.final(method === 'REGISTER' ? 'reg' : 'inv', cseq)?.headers ?? []
    const answer = answerChallenge({
      challenges: challenge,
      method,
      uri,
      username: '1001',
      password,
      cnonce: 'c',
      nc: 1,
    })
    return answer === undefined ? [] : [answer]
  }
  /** What answers the challenge to REGISTER 1. */
  const signed = async () => {
    ask(1)
    await fort.clock.advance(100)
    return credentials('REGISTER', `sip:${domain}`, '1 REGISTER')
  }
  /** The final status of an INVITE with its password. */
  const dial = async (uri: string): Promise<number | undefined> => {
    const invite = { method: 'INVITE', uri, callId: 'inv', sdp: sdp('raw') }
    const from = field('From', `<sip:1001@${domain}>;tag=raw`)
    phone.request({ ...invite, cseq: 1, headers: [from] })
    await fort.clock.advance(1000)
    phone.request({ ...invite, method: 'ACK', cseq: 1, toTag: serverTag(phone.final('inv', '1 INVITE')) })
    phone.request({ ...invite, cseq: 2, headers: [from, ...credentials('INVITE', uri, '1 INVITE')] })
    await fort.clock.advance(60_000)
    return phone.final('inv', '2 INVITE')?.status
  }
  return { phone, domain, ask, signed, dial }
}

describe('a phone that registers', () => {
  const ring = { source: sip('desk'), destinations: [{ type: 'extension', target: '1001' }], actions: [] }

  it.each([
    ['Contact', [field('Contact', `<sip:+882999@${foreign}>`)]],
    ['a maddr in Contact', [field('Contact', `<sip:+882999@${attacker};maddr=${foreign}>`)]],
    ['Path', [field('Supported', 'path'), field('Path', `<sip:${foreign};lr>`)]],
    [
      'Via',
      [
        field(
          'Via',
          `SIP/2.0/UDP ${attacker}:5060;maddr=${attacker};branch=z9hG4bK7, SIP/2.0/UDP ${foreign};branch=z9hG4bK8`,
        ),
      ],
    ],
  ])('with a foreign address in %s is rung where it is', async (_what, more) => {
    const fort = await openTarget()
    const { phone, ask, signed } = await extension(fort)
    ask(2, [...more, ...(await signed())])
    await fort.clock.advance(100)
    expect(phone.final('reg', '2 REGISTER')?.status).toBe(200)
    expect((await fort.ask('POST', '/calls', ring)).status).toBe(200)
    await fort.clock.advance(1000)
    expect([fort.reached(), phone.invites.length > 0]).toEqual([[attacker], true])
  })

  it('cannot answer a challenge from a forged address, and so have that address rung', async () => {
    const fort = await openTarget()
    const { ask, signed } = await extension(fort)
    const answer = await signed()
    const forged = await fort.raw(carrier)
    ask(2, answer, forged)
    await fort.clock.advance(100)
    expect(forged.final('reg', '2 REGISTER')?.status).toBe(401)
    const { json } = await fort.ask('POST', '/calls', ring)
    await fort.clock.advance(1000)
    expect([fort.sightings, json['calls']]).toEqual([[], []])
  })

  it.each([
    ['sip:+882999@HOST', 480],
    ['sip:00882999@HOST', 480],
    ['sip:tel%3A+882999@HOST', 480],
    [`sip:sip%3Apremium%40${foreign}@HOST`, 480],
    ['sip:sip%3Apremium%40evil.example@HOST', 480],
    ['sip:premium@HOST', 404],
    [`sip:premium@${foreign}`, 404],
    [`sip:+882999@${foreign}`, 480],
    ['sip:line%3Ax@HOST', 480],
    [`sip:agent%3A${newUuid()}@HOST`, 404],
  ])('and dials %s is refused with %i', async (uri, status) => {
    const fort = await openTarget()
    const { dial, domain } = await extension(fort)
    expect(await dial(uri.replace('HOST', domain))).toBe(status)
    expect(fort.sightings).toEqual([])
  })
})

describe('a trunk', () => {
  it.each([
    [`sip:+882999@${serverAddress}`, 404],
    ['sip:+882999@office.trunk.test', 480],
    [`sip:sip%3Apremium%40${foreign}@office.trunk.test`, 404],
    [`sip:1001@office.trunk.test`, 404],
    [`sip:premium@${foreign}`, 404],
  ])('known by its address that dials %s is refused with %i', async (uri, status) => {
    const fort = await openTarget()
    await fort.made('/trunks', { name: 'office', domain_name: 'office', auth_types: ['ip'], allowed_ips: [attacker] })
    await extension(fort, '203.0.113.2')
    const trunk = await fort.raw(attacker)
    trunk.request({ method: 'INVITE', uri, callId: 't', cseq: 1, sdp: sdp('raw') })
    await fort.clock.advance(60_000)
    expect([trunk.final('t', '1 INVITE')?.status, fort.sightings]).toEqual([status, []])
  })
})

describe('a route', () => {
  const call = { source: sip('desk'), destinations: [{ type: 'tel', target: '+882999' }], actions: [wait] }

  async function routed(status: number) {
    const fort = await openTarget()
    const { domain, ...house } = fort
    const provider = await domain.providers.create({ hostname: carrier })
    await domain.dialRoutes.create({ provider_id: provider.id, target: 'all' })
    const phone = await house.raw(carrier, (request, far) => {
      const redirect = [field('Contact', `<sip:premium@${foreign}>`), field('Record-Route', `<sip:${foreign};lr>`)]
      if (request.method === 'INVITE')
        far.respond(request, status, { headers: redirect, ...(status === 200 && { sdp: sdp('raw') }) })
    })
    expect((await house.ask('POST', '/calls', call)).status).toBe(200)
    await house.clock.advance(1000)
    return { ...fort, carrierPhone: phone }
  }

  it('lets numbers leave for its provider and nowhere else', async () => {
    const fort = await routed(200)
    const { id } = await newestCall(fort)
    expect((await fort.ask('POST', `/calls/${String(id)}/hold`)).status).toBe(200)
    await fort.clock.advance(1000)
    expect([fort.reached(), fort.carrierPhone.invites.length]).toEqual([[carrier], 2])
  })

  it('is not left because its provider names another place', async () => {
    const fort = await routed(302)
    await fort.clock.advance(60_000)
    expect(fort.reached()).toEqual([carrier])
    expect(await newestCall(fort)).toMatchObject({ status: 'hangup' })
  })

  it('is not for callers from outside: a REFER to a number is refused', async () => {
    const fort = await routed(486)
    const { caller, dialog } = await inConference(fort)
    const before = fort.sightings.length
    caller.request({ method: 'REFER', ...dialog, cseq: 2, headers: [field('Refer-To', '<tel:+882999>')] })
    await fort.clock.advance(5000)
    expect([caller.final('c', '2 REFER')?.status, fort.sightings.length]).toEqual([403, before])
  })
})
