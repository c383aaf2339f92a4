// Phones that speak TLS and SRTP alone, in one conference with a plain one: dialling in, and being rung.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../../demo/phone/ears.ts'
import { freePort } from '../../demo/server.ts'
import { Baresip } from './baresip.ts'
import type { Call, Conference } from './facts.ts'
import { lacksRoom, openRoom, type Room } from './room.ts'
import { TestServer } from './server.ts'
import { eventually, lacks, skips } from './tools.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** One certificate for all at the room's address. */
function certificate(room: Room) {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-tls-'))
  closers.push(() => rmSync(folder, { recursive: true, force: true }))
  const [cert, key, both] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=room'],
      ...['-addext', `subjectAltName=IP:${room.address}`, '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  )
  writeFileSync(both, `${readFileSync(key, 'utf8')}${readFileSync(cert, 'utf8')}`)
  return { cert, key, both }
}

async function open() {
  const room = await openRoom()
  closers.push(() => room.close())
  const { cert, key, both } = certificate(room)
  const sipsPort = await freePort()
  const server = await TestServer.start({
    room,
    env: {
      PARTYLINE_SIPS_PORT: String(sipsPort),
      PARTYLINE_TLS_CERT: cert,
      PARTYLINE_TLS_KEY: key,
      PARTYLINE_TLS_CA: cert,
      PARTYLINE_LOG_LEVEL: 'debug',
    },
  })
  closers.push(() => server.close())
  const conference = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'secret' })
  const people = (count: number): Promise<true> =>
    eventually(`${count} in the conference`, async () => {
      const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${conference.id}`)
      return ids.length === count || undefined
    })
  return {
    room,
    server,
    conference,
    people,
    both,
    secureUri: `sip:direct.${conference.direct_hash}@${room.address}:${sipsPort};transport=tls`,
  }
}

const missing = lacks('baresip') ?? lacks('openssl') ?? lacksRoom()

describe.skipIf(skips('phones with TLS and SRTP', missing))(
  `a phone with TLS and SRTP${missing ? ` [skipped: ${missing}]` : ''}`,
  () => {
    test('dials in and hears a plain phone, and is heard', async () => {
      const { room, server, conference, people, both, secureUri } = await open()
      const secret = { name: 'secret', room, sipPort: 5070, frequency: 400, secure: { certificate: both } }
      const secure = await Baresip.start(secret)
      closers.push(() => secure.close())
      const plain = await Baresip.start({ name: 'plain', room, sipPort: 5080, frequency: 1000 })
      closers.push(() => plain.close())
      await secure.dial(secureUri)
      await people(1)
      await plain.dial(server.sip(`direct.${conference.direct_hash}`))
      await people(2)
      await plain.talked(3)
      await Promise.all([secure.hangUp(), plain.hangUp()])
      await people(0)
      const [atSecure, atPlain] = [secure, plain].map((phone) => {
        const { samples, sampleRate } = phone.heard()
        return listen(samples, sampleRate, [400, 1000], -20)
      })
      expect(atPlain).toMatchObject([{ longestHole: 0 }, { share: 0 }])
      expect(atSecure).toMatchObject([{ share: 0 }, { longestHole: 0 }])
      expect(atPlain?.[0]?.share).toBeGreaterThan(0.8)
      expect(secure.output).toMatch(/AES_CM_128_HMAC_SHA1_80/)
    })

    test('is rung over TLS, and offered SRTP alone', async () => {
      const { room, server, conference, people, both } = await open()
      const rung = { name: 'rung', room, sipPort: 5070, frequency: 400, secure: { certificate: both } }
      const phone = await Baresip.start({ ...rung, autoAnswer: true })
      closers.push(() => phone.close())
      const { calls } = await server.api<{ calls: Call[] }>('POST', '/calls', {
        source: { type: 'sip', target: 'desk' },
        destinations: [{ type: 'sip', target: phone.uri }],
        actions: [{ type: 'conference_join', option: { conference_id: conference.id } }],
      })
      await phone.established()
      await people(1)
      await phone.talked(2)
      await server.api('POST', `/calls/${calls[0]?.id}/hangup`)
      const { sent, received } = await phone.ended()
      expect(sent).toBeGreaterThan(50)
      expect(received).toBeGreaterThan(50)
      const call = await server.api<Call>('GET', `/calls/${calls[0]?.id}`)
      expect(call).toMatchObject({ status: 'hangup', hangup_reason: 'normal' })
      expect(server.output).toMatch(/"packetsUnauthentic":0/)
      expect(server.output).not.toContain('inline:')
    })
  },
)
