// A server with its phones in one room: what the tests of interoperation have in common.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '../../demo/phone/ears.ts'
import type { Recording } from '../../demo/phone/wav.ts'
import { freePort } from '../../demo/server.ts'
import { Baresip, type BaresipOptions, type Login } from './baresip.ts'
import type { Conference } from './facts.ts'
import { Linphone, type LinphoneOptions } from './linphone.ts'
import { openRoom } from './room.ts'
import { TestServer } from './server.ts'
import { eventually } from './tools.ts'

export type Stage = Awaited<ReturnType<typeof openStage>>

/** @param later takes what must be closed, in the opposite order */
export async function openStage(later: (close: () => unknown) => void) {
  const room = await openRoom()
  later(() => room.close())
  const folder = mkdtempSync(join(tmpdir(), 'partyline-tls-'))
  later(() => rmSync(folder, { recursive: true, force: true }))
  const [cert = '', key = '', both = ''] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(folder, name))
  // linphone compares addresses with names only.
  const names = ['-addext', `subjectAltName=IP:${room.address},DNS:${room.address}`, '-keyout', key, '-out', cert]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${room.address}`]
  execFileSync('openssl', [...request, ...names], { stdio: 'ignore' })
  writeFileSync(both, `${readFileSync(key, 'utf8')}${readFileSync(cert, 'utf8')}`)
  const sipsPort = await freePort()
  const server = await TestServer.start({
    room,
    env: {
      PARTYLINE_SIP_DOMAIN: 'sip.phones.test',
      PARTYLINE_SIPS_PORT: String(sipsPort),
      PARTYLINE_TLS_CERT: cert,
      PARTYLINE_TLS_KEY: key,
      PARTYLINE_TLS_CA: cert,
    },
  })
  later(() => server.close())
  const conference = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'room' })
  const port = (transport: 'udp' | 'tcp' | 'tls'): number => (transport === 'tls' ? sipsPort : server.sipPort)
  return {
    room,
    server,
    conference,
    certificate: both,
    /** The conference's address by a transport. */
    roomUri: (transport: 'udp' | 'tcp' | 'tls'): string =>
      `sip:direct.${conference.direct_hash}@${room.address}:${port(transport)};transport=${transport}`,
    /** A new extension, with which a phone registers by this transport. */
    async login(extension: string, transport: 'udp' | 'tcp' | 'tls'): Promise<Login> {
      const password = `secret-of-${extension}`
      const { domain_name: customer } = await server.api<{ domain_name: string }>('POST', '/extensions', {
        extension,
        password,
      })
      return {
        extension,
        password,
        domain: `${customer}.registrar.phones.test`,
        server: { port: port(transport), transport },
      }
    },
    /** Resolves when so many are in the conference. */
    people: (count: number): Promise<true> =>
      eventually(`${count} in the conference`, async () => {
        const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${conference.id}`)
        return ids.length === count || undefined
      }),
    async baresip(options: Omit<BaresipOptions, 'room'>): Promise<Baresip> {
      const phone = await Baresip.start({ room, ...options })
      later(() => phone.close())
      return phone
    },
    async linphone(options: Omit<LinphoneOptions, 'room' | 'authority'>): Promise<Linphone> {
      const phone = await Linphone.start({ room, ...(options.transport === 'tls' && { authority: cert }), ...options })
      later(() => phone.close())
      return phone
    },
  }
}

/** Tones that a phone heard, quiet ones left out. */
export const tonesIn = ({ samples, sampleRate }: Recording, frequencies: readonly number[]) =>
  listen(samples, sampleRate, frequencies, -30)
