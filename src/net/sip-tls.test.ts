// SIP over TLS on the loopback, with certificates made by openssl for the occasion.
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LogFields } from '../base/log.ts'
import { openSipTls, type SipTls, type SipTlsOptions, type TlsFlow } from './sip-tls.ts'
import { checkSipIdentity } from './sip-tls-identity.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'sip-tls-'))
const file = (name: string): string => join(folder, name)
const local = '127.0.0.1'
const options = 'OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n'
const ok = 'SIP/2.0 200 OK\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n'

function certificate(name: string, alternativeNames: string): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=phone.example', '-addext', `subjectAltName=${alternativeNames}`],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
    ],
    { stdio: 'ignore' },
  )
}

interface Heard {
  readonly flow: TlsFlow
  readonly text: string
}

/** Collects what happens and lets a test wait for it. */
class Witness {
  readonly received: Heard[] = []
  readonly failures: Heard[] = []
  #wake: () => void = () => undefined

  readonly listener = {
    received: (flow: TlsFlow, bytes: Uint8Array): void =>
      this.#note(this.received, flow, Buffer.from(bytes).toString()),
    failed: (flow: TlsFlow, reason: string): void => this.#note(this.failures, flow, reason),
  }

  async first(list: readonly Heard[], at = 0): Promise<Heard> {
    for (;;) {
      const found = list[at]
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #note(list: Heard[], flow: TlsFlow, text: string): void {
    list.push({ flow, text })
    this.#wake()
  }
}

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

afterAll(() => rmSync(folder, { recursive: true }))

const logged: { level: string; fields: LogFields; message: string }[] = []
const logAt = (level: string) => (fields: LogFields, message: string) => void logged.push({ level, fields, message })
const log = { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') }

async function opened(changes: Partial<SipTlsOptions> = {}): Promise<{ tls: SipTls; witness: Witness }> {
  const witness = new Witness()
  const paths = { certPath: file('server.pem'), keyPath: file('server.key') }
  const tls = await openSipTls({ bindIp: local, port: 0, log, ...paths, ...changes }, witness.listener)
  closers.push(() => tls.close())
  return { tls, witness }
}

async function phone(port: number): Promise<TLSSocket> {
  const socket = connectTls({ host: local, port, rejectUnauthorized: false })
  closers.push(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** A peer that listens with one of the certificates, and counts the octets that it was told. */
async function peer(name: string): Promise<{ port: number; text: () => string; socket: Promise<TLSSocket> }> {
  const server = createServer({ cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}.key`)) })
  let text = ''
  const socket = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  server.on('secureConnection', (connection) => {
    closers.push(() => connection.destroy())
    connection.on('error', () => undefined)
    connection.on('data', (bytes: Buffer) => {
      text += bytes.toString()
    })
  })
  server.on('tlsClientError', () => undefined)
  closers.push(() => server.close())
  server.listen(0, local)
  await once(server, 'listening')
  const address = server.address()
  return { port: address !== null && typeof address === 'object' ? address.port : 0, text: () => text, socket }
}

const to = (port: number, remoteName?: string): TlsFlow => ({
  transport: 'TLS',
  remoteAddress: local,
  remotePort: port,
  ...(remoteName !== undefined && { remoteName }),
})

describe.skipIf(!hasOpenssl)('SIP over TLS (needs openssl)', () => {
  beforeAll(() => {
    certificate('server', 'DNS:party.example')
    certificate('renewed', 'DNS:party.example')
    certificate('domain', 'URI:sip:pbx.example,DNS:trunk.example,IP:127.0.0.1')
    certificate('wildcard', 'DNS:*.example')
  })

  it('cuts messages out of a stream, answers on it, and answers keep-alives', async () => {
    const { tls, witness } = await opened()
    const socket = await phone(tls.port)
    socket.write(options.slice(0, 20))
    socket.write(options.slice(20))
    const { flow, text } = await witness.first(witness.received)
    expect(text).toBe(options)
    expect(flow).toEqual({
      transport: 'TLS',
      remoteAddress: local,
      remotePort: socket.localPort,
      connectionId: 'tls-1',
    })
    tls.send(flow, Buffer.from(ok))
    expect(String((await once(socket, 'data'))[0])).toBe(ok)
    socket.write('\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toBe('\r\n')
    socket.destroy()
    expect((await witness.first(witness.failures)).flow).toEqual(flow)
  })

  it('closes a connection whose bytes are no SIP', async () => {
    const { tls, witness } = await opened()
    const socket = await phone(tls.port)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    expect((await witness.first(witness.failures)).text).toBe('missing-content-length')
    expect(witness.received).toEqual([])
  })

  it('speaks TLS 1.2 and newer only', async () => {
    const { tls } = await opened()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const socket = connectTls({ host: local, port: tls.port, rejectUnauthorized: false, ...old })
    await expect(once(socket, 'secureConnect')).rejects.toThrow(/protocol version/)
    expect((await phone(tls.port)).getProtocol()).toBe('TLSv1.3')
  })

  it.each(['pbx.example', 'PBX.example', 'trunk.example', undefined])(
    'opens a connection to a peer that shows a certificate for %s, and uses it again',
    async (name) => {
      const { tls, witness } = await opened({ caPath: file('domain.pem') })
      const far = await peer('domain')
      tls.send(to(far.port, name), Buffer.from(options))
      tls.send(to(far.port, name), Buffer.from(options))
      const socket = await far.socket
      socket.write(ok)
      const { flow, text } = await witness.first(witness.received)
      expect(text).toBe(ok)
      expect(flow).toEqual({ ...to(far.port, name), connectionId: 'tls-1' })
      tls.send(flow, Buffer.from(options))
      while (far.text().length < 3 * options.length) await once(socket, 'data')
      expect(far.text()).toBe(options.repeat(3))
    },
  )

  it.each([
    ['another name', 'domain', 'other.example', 'domain', /not for other\.example/],
    ['the name of its common name only', 'domain', 'phone.example', 'domain', /not for phone\.example/],
    ['a wildcard', 'wildcard', 'pbx.example', 'wildcard', /not for pbx\.example/],
    ['no authority that we trust', 'domain', 'pbx.example', 'wildcard', /self.signed/],
  ])('tells a peer with %s nothing', async (_, certificateName, name, trusted, reason) => {
    const { tls, witness } = await opened({ caPath: file(`${trusted}.pem`) })
    const far = await peer(certificateName)
    tls.send(to(far.port, name), Buffer.from(options))
    const { flow, text } = await witness.first(witness.failures)
    expect(text).toMatch(reason)
    expect(flow).toMatchObject(to(far.port, name))
    expect(far.text()).toBe('')
  })

  it('never falls back to plain TCP', async () => {
    const { tls, witness } = await opened()
    let plain = ''
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (bytes: Buffer) => {
        plain += bytes.toString('latin1')
        socket.destroy()
      })
    })
    closers.push(() => server.close())
    server.listen(0, local)
    await once(server, 'listening')
    const address = server.address()
    tls.send(to(address !== null && typeof address === 'object' ? address.port : 0), Buffer.from(options))
    await witness.first(witness.failures)
    expect(plain).not.toContain('OPTIONS')
  })

  it('tells what cannot be reached', async () => {
    const { tls, witness } = await opened()
    tls.send(to(70_000), Buffer.from(options))
    expect((await witness.first(witness.failures)).text).toMatch(/port/i)
    const closed = await opened()
    const { port } = closed.tls
    await closed.tls.close()
    tls.send(to(port), Buffer.from(options))
    expect((await witness.first(witness.failures, 1)).text).toMatch(/ECONNREFUSED/)
  })

  it('gives up a peer that does not read', async () => {
    const { tls, witness } = await opened()
    const socket = await phone(tls.port)
    socket.write(options)
    const { flow } = await witness.first(witness.received)
    socket.pause()
    const half = Buffer.alloc(1 << 19)
    for (let part = 0; part < 64; part += 1) tls.send(flow, half)
    expect((await witness.first(witness.failures)).text).toBe('the far end does not read')
  })

  it('uses a renewed certificate for the next connection, and keeps the old one while the files do not fit', async () => {
    const [certPath, keyPath] = [file('live.pem'), file('live.key')]
    copyFileSync(file('server.pem'), certPath)
    copyFileSync(file('server.key'), keyPath)
    const { tls } = await opened({ certPath, keyPath })
    const shown = async (): Promise<string> => (await phone(tls.port)).getPeerCertificate().fingerprint256
    const before = await shown()
    copyFileSync(file('renewed.pem'), certPath)
    expect(await shown()).toBe(before)
    expect(logged.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('the one before stays') })
    copyFileSync(file('renewed.key'), keyPath)
    const after = await shown()
    expect(after).not.toBe(before)
    rmSync(certPath)
    tls.reload()
    expect(await shown()).toBe(after)
  })

  it('names the setting and the file when one cannot be used', async () => {
    writeFileSync(file('garbage.pem'), 'not PEM')
    const failing = (changes: Partial<SipTlsOptions>) => opened(changes).then(() => 'opened', String)
    expect(await failing({ certPath: file('none.pem') })).toMatch(
      /PARTYLINE_TLS_CERT ".*none\.pem" cannot be read \(ENOENT\)/,
    )
    expect(await failing({ keyPath: file('none.key') })).toMatch(/PARTYLINE_TLS_KEY ".*none\.key" cannot be read/)
    expect(await failing({ certPath: file('garbage.pem') })).toMatch(
      /PARTYLINE_TLS_CERT ".*garbage\.pem" is not a certificate/,
    )
    expect(await failing({ keyPath: file('server.pem') })).toMatch(
      /PARTYLINE_TLS_KEY ".*server\.pem" is not a private key/,
    )
    expect(await failing({ keyPath: file('renewed.key') })).toMatch(/PARTYLINE_TLS_KEY .* is not the key of/)
    expect(await failing({ caPath: file('garbage.pem') })).toMatch(
      /PARTYLINE_TLS_CA ".*garbage\.pem" is not a certificate/,
    )
    const { tls } = await opened()
    expect(await failing({ port: tls.port })).toMatch(/set PARTYLINE_SIPS_PORT/)
  })

  it('closes with a handshake under way and a connection open', async () => {
    const { tls } = await opened()
    const silent = connect(tls.port, local)
    silent.on('error', () => undefined)
    await once(silent, 'connect')
    const socket = await phone(tls.port)
    socket.resume()
    const gone = [once(silent, 'close'), once(socket, 'close')]
    silent.resume()
    await tls.close()
    await Promise.all(gone)
  })
})

describe('SIP identity of a certificate', () => {
  const fits = (host: string, subjectaltname: string): boolean =>
    checkSipIdentity(host, { subjectaltname }) === undefined

  it('is a name or a sip URI, as a whole', () => {
    expect(fits('pbx.example', 'DNS:other.example, DNS:PBX.Example')).toBe(true)
    expect(fits('pbx.example', 'URI:sip:pbx.example')).toBe(true)
    expect(fits('pbx.example', 'DNS:a.pbx.example, DNS:example')).toBe(false)
    expect(fits('pbx.example', 'DNS:*.example, URI:sip:user@pbx.example, URI:https:pbx.example')).toBe(false)
    expect(fits('pbx.example', '')).toBe(false)
  })

  it('is an address only when the certificate says so', () => {
    expect(fits('2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1')).toBe(true)
    expect(fits('192.0.2.1', 'IP Address:192.0.2.1')).toBe(true)
    expect(fits('192.0.2.1', 'DNS:192.0.2.1')).toBe(false)
  })

  it('is not found inside another value', () => {
    expect(fits('pbx.example', 'URI:"sip:x, DNS:pbx.example", DNS:other.example')).toBe(false)
    expect(fits('other.example', 'URI:"sip:x, DNS:pbx.example", DNS:other.example')).toBe(true)
    expect(fits('pbx.example', 'DNS:"a\\", DNS:pbx.example')).toBe(false)
  })
})
