// Phones that register with the real server: SIPp a thousand times, a socket that misbehaves, and baresip.
import { createSocket } from 'node:dgram'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { answerChallenge } from '../../src/sip/digest.ts'
import { type Header, headers, type SipResponse } from '../../src/sip/message.ts'
import { parseMessage } from '../../src/sip/parse.ts'
import { serialize } from '../../src/sip/serialize.ts'
import { Child } from './child.ts'
import { lacksRoom, openRoom, type Room } from './room.ts'
import { TestServer } from './server.ts'
import { lacks, skips } from './tools.ts'

const env = { PARTYLINE_SIP_DOMAIN: 'sip.phones.test' }
const address = '127.0.0.1'
const closers: (() => unknown)[] = []
/** A test that is run again needs names, ports and addresses that nobody used. */
let fresh = 0

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Extension {
  readonly id: string
  readonly extension: string
  readonly domain_name: string
}

const passwordOf = (extension: string): string => `secret-of-${extension}`

const addExtension = (server: TestServer, extension: string): Promise<Extension> =>
  server.api('POST', '/extensions', { extension, password: passwordOf(extension), name: extension })

const domainOf = ({ domain_name: customerId }: Extension): string => `${customerId}.registrar.phones.test`

describe('phones on the loopback', () => {
  let server: TestServer
  let first: Extension

  beforeAll(async () => {
    server = await TestServer.start({ env })
    first = await addExtension(server, '1001')
  })
  afterAll(() => server?.close())

  const missing = lacks('sipp')

  describe.skipIf(skips('SIPp registers', missing))(`SIPp${missing ? ` [skipped: ${missing}]` : ''}`, () => {
    /** Runs the scenario once for each line of extension and password. */
    async function run(scenario: string, lines: readonly (readonly [string, string])[], port: number) {
      const folder = mkdtempSync(join(tmpdir(), 'partyline-sipp-'))
      closers.push(() => rmSync(folder, { recursive: true, force: true }))
      const domain = domainOf(first)
      const rows = lines.map(
        ([extension, password]) =>
          `${extension};[authentication username=${extension} password=${password}];${domain};`,
      )
      writeFileSync(join(folder, 'phones.csv'), `SEQUENTIAL\n${rows.join('\n')}\n`)
      const file = fileURLToPath(new URL(`./sipp/${scenario}.xml`, import.meta.url))
      const sipp = new Child(
        [
          ...([
            'sipp',
            `${address}:${server.sipPort}`,
            '-sf',
            file,
            '-inf',
            'phones.csv',
            '-auth_uri',
            domain,
          ] as const),
          ...['-i', address, '-p', String(port), '-m', String(lines.length), '-r', '100', '-l', '400'],
          ...['-timeout', '60', '-timeout_error', '-nostdin', '-trace_err', '-error_file', 'errors.log'],
        ],
        { cwd: folder, env: { TERM: 'xterm' } },
      )
      closers.push(() => sipp.stop('SIGKILL'))
      const { code } = await sipp.exited
      const errors = join(folder, 'errors.log')
      expect(code, existsSync(errors) ? readFileSync(errors, 'utf8').slice(0, 4000) : sipp.output).toBe(0)
    }

    test('a thousand extensions register and register again', async () => {
      fresh += 1
      const names = Array.from({ length: 1000 }, (_, n) => String(20_000 + 1000 * fresh + n))
      for (let n = 0; n < names.length; n += 20) {
        await Promise.all(names.slice(n, n + 20).map((name) => addExtension(server, name)))
      }
      await run(
        'register',
        names.map((name) => [name, passwordOf(name)]),
        5700 + fresh,
      )
    })

    test('a wrong password and an unknown extension are refused alike', async () => {
      fresh += 1
      const lines = [
        ['1001', 'guess'],
        ['4711', passwordOf('4711')],
      ] as const
      await run('register-refused', lines, 5710 + fresh)
    })
  })

  test('a phone is offered SHA-256 and MD5, and registers with SHA-256', async () => {
    fresh += 1
    const phone = await Phone.open(server, await addExtension(server, `101-${fresh}`))
    const asked = await phone.register()
    expect(asked.status).toBe(401)
    const offered = headers(asked, 'WWW-Authenticate').map((value) => /algorithm=([\w-]+)/.exec(value)?.[1])
    expect(offered).toEqual(['SHA-256', 'MD5'])
    const answer = await phone.register(phone.sign(asked))
    expect(answer.status).toBe(200)
    expect(headers(answer, 'Contact')).toEqual([`<${phone.uri}>;expires=600`])
  })

  test('a nonce that is used twice is refused as stale, from wherever', async () => {
    const phone = await Phone.open(server, first)
    const signed = phone.sign(await phone.register())
    expect((await phone.register(signed)).status).toBe(200)
    const thief = await Phone.open(server, first, '127.0.0.9')
    for (const replayed of [await phone.register(signed), await thief.register(signed)]) {
      expect(replayed.status).toBe(401)
      expect(headers(replayed, 'WWW-Authenticate')[0]).toContain('stale=true')
    }
  })

  test('guessing is slowed down, then refused, while the owner still registers', async () => {
    fresh += 1
    const thiefAddress = `127.0.0.${60 + fresh}`
    const victim = await addExtension(server, `100-${fresh}`)
    const owner = await Phone.open(server, victim)
    expect((await owner.login()).status).toBe(200)
    const thief = await Phone.open(server, victim, thiefAddress)
    const began = performance.now()
    for (let n = 0; n < 10; n += 1) expect((await thief.login(`guess ${n}`)).status).toBe(401)
    const quick = performance.now() - began
    expect((await thief.login('guess 11')).status).toBe(401)
    expect(performance.now() - began - quick).toBeGreaterThan(490)
    const more = await Promise.all(
      Array.from({ length: 19 }, async (_, n) =>
        (await Phone.open(server, victim, thiefAddress)).login(`guess ${n + 12}`),
      ),
    )
    expect(new Set(more.map(({ status }) => status))).toEqual(new Set([401]))
    const refused = await thief.login(passwordOf(victim.extension))
    expect(refused.status).toBe(403)
    expect(Number(headers(refused, 'Retry-After')[0])).toBeGreaterThan(60)
    expect((await owner.login()).status).toBe(200)
  })
})

/** A phone made of one UDP socket, so that a test can send what no phone would. */
class Phone {
  readonly uri: string
  readonly #domain: string
  readonly #extension: string
  readonly #server: TestServer
  readonly #socket = createSocket('udp4')
  readonly #callId: string
  readonly #waiting = new Map<string, (response: SipResponse) => void>()
  #cseq = 0

  private constructor(server: TestServer, extension: Extension, local: { address: string; port: number }) {
    this.#server = server
    this.#domain = domainOf(extension)
    this.#extension = extension.extension
    this.uri = `sip:${this.#extension}@${local.address}:${local.port}`
    this.#callId = `${local.address}-${local.port}`
  }

  static async open(server: TestServer, extension: Extension, own = address): Promise<Phone> {
    const probe = createSocket('udp4')
    await new Promise<void>((resolve) => probe.bind(0, own, resolve))
    const { port } = probe.address()
    await new Promise<void>((resolve) => probe.close(() => resolve()))
    const phone = new Phone(server, extension, { address: own, port })
    await new Promise<void>((resolve) => phone.#socket.bind(port, own, resolve))
    phone.#socket.on('message', (bytes) => phone.#received(bytes))
    closers.push(() => phone.#socket.close())
    return phone
  }

  /** One REGISTER for ten minutes; the final response. */
  register(more: readonly Header[] = []): Promise<SipResponse> {
    this.#cseq += 1
    const sequence = `${this.#cseq} REGISTER`
    const aor = `<sip:${this.#extension}@${this.#domain}>`
    const fields: Header[] = [
      { name: 'Via', value: `SIP/2.0/UDP ${this.uri.split('@')[1]};rport;branch=z9hG4bK${this.#callId}-${this.#cseq}` },
      { name: 'From', value: `${aor};tag=${this.#cseq}` },
      { name: 'To', value: aor },
      { name: 'Call-ID', value: this.#callId },
      { name: 'CSeq', value: sequence },
      { name: 'Contact', value: `<${this.uri}>` },
      { name: 'Expires', value: '600' },
      { name: 'Max-Forwards', value: '70' },
      ...more,
    ]
    const { promise, resolve } = Promise.withResolvers<SipResponse>()
    this.#waiting.set(sequence, resolve)
    const bytes = serialize({
      kind: 'request',
      method: 'REGISTER',
      uri: `sip:${this.#domain}`,
      headers: fields,
      body: new Uint8Array(0),
    })
    this.#socket.send(bytes, this.#server.sipPort, address)
    return promise
  }

  /** The credentials for a challenge. */
  sign(challenge: SipResponse, password = passwordOf(this.#extension)): Header[] {
    const answer = answerChallenge({
      challenges: challenge.headers,
      method: 'REGISTER',
      uri: `sip:${this.#domain}`,
      username: this.#extension,
      password,
      cnonce: 'cnonce',
      nc: 1,
    })
    return answer === undefined ? [] : [answer]
  }

  /** Asks, and answers the challenge. */
  async login(password = passwordOf(this.#extension)): Promise<SipResponse> {
    return this.register(this.sign(await this.register(), password))
  }

  #received(bytes: Uint8Array): void {
    const parsed = parseMessage(bytes)
    if (!parsed.ok || parsed.message.kind !== 'response' || parsed.message.status < 200) return
    this.#waiting.get(headers(parsed.message, 'CSeq')[0] ?? '')?.(parsed.message)
  }
}

describe('baresip', () => {
  const missing = lacks('baresip') ?? lacksRoom()

  /** A phone without sound that may register. */
  function startBaresip(room: Room, account: string, sipPort: number): Child {
    const folder = mkdtempSync(join(tmpdir(), 'partyline-baresip-'))
    const modules = 'module_path /usr/lib/baresip/modules\nmodule stdio.so\nmodule g711.so\nmodule_tmp account.so'
    const listening = `sip_listen ${room.address}:${sipPort}\nnet_interface phones`
    writeFileSync(join(folder, 'config'), `poll_method epoll\n${listening}\n${modules}\nmodule_app menu.so\n`)
    writeFileSync(join(folder, 'accounts'), `${account}\n`)
    writeFileSync(join(folder, 'contacts'), '')
    const phone = new Child(room.command('baresip', '-4', '-s', '-f', folder))
    closers.push(async () => {
      phone.write('/quit\n')
      await phone.stop('SIGTERM', 3000)
      rmSync(folder, { recursive: true, force: true })
    })
    return phone
  }

  test.skipIf(skips('baresip registers', missing)).each(['udp', 'tcp'])(
    `registers over %s, and is rung by its extension${missing ? ` [skipped: ${missing}]` : ''}`,
    async (transport) => {
      const room = await openRoom()
      closers.push(() => room.close())
      const server = await TestServer.start({ room, env })
      closers.push(() => server.close())
      const extension = await addExtension(server, '1001')
      const proxy = `sip:${room.address}:${server.sipPort};transport=${transport}`
      const login = `auth_pass=${passwordOf('1001')};outbound="${proxy}";regint=600`
      const account = `<sip:1001@${domainOf(extension)};transport=${transport}>;${login}`
      const phone = startBaresip(room, account, 5090)
      await phone.until(/Register: Function not implemented|SIP\/2\.0 200 OK/)
      // Version 1 gives up at SHA-256, and would try again in a minute; then it is offered MD5 alone.
      phone.write(`/uanew ${account}\n`)
      await phone.until(/SIP\/2\.0 200 OK[\s\S]*CSeq: \d+ REGISTER/)
      await server.api('POST', '/calls', {
        source: { type: 'sip', target: 'desk' },
        destinations: [{ type: 'extension', target: '1001' }],
        actions: [{ type: 'answer' }],
      })
      await phone.until(/INVITE sip:1001-0x[0-9a-f]+@/)
    },
  )
})
