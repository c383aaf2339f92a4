// The server under test: a child process on ports and a data folder of its own, and the API as a test speaks it.
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../demo/server.ts'
import { Child, type Exit } from './child.ts'
import { loopback, type Room } from './room.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown
}

export interface ServerOptions {
  readonly room?: Room
  readonly env?: Readonly<Record<string, string>>
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const secret = (length: number): string => Array.from({ length }, () => letters[randomInt(letters.length)]).join('')

export class TestServer {
  readonly room: Room
  readonly httpPort: number
  readonly sipPort: number
  readonly dataDir: string
  readonly accesskey = `vb_${secret(32)}`
  readonly password = secret(16)
  readonly #env: Readonly<Record<string, string>>
  #child: Child | undefined

  private constructor(
    room: Room,
    ports: { readonly http: number; readonly sip: number },
    env: Readonly<Record<string, string>>,
  ) {
    this.room = room
    this.httpPort = ports.http
    this.sipPort = ports.sip
    this.dataDir = mkdtempSync(join(tmpdir(), 'partyline-data-'))
    this.#env = {
      PARTYLINE_BIND_IP: room.address,
      PARTYLINE_PUBLIC_IP: room.address,
      PARTYLINE_HTTP_PORT: String(ports.http),
      PARTYLINE_SIP_PORT: String(ports.sip),
      PARTYLINE_RTP_PORTS: '24000-25999',
      PARTYLINE_DATA_DIR: this.dataDir,
      PARTYLINE_ADMIN_PASSWORD: this.password,
      PARTYLINE_ADMIN_ACCESSKEY: this.accesskey,
      PARTYLINE_PUBLIC_URL: `http://${room.address}:${ports.http}`,
      PARTYLINE_DIAL_ALLOW: `${room.address}/32`,
      PARTYLINE_RATE_LIMITS: 'off',
      ...env,
    }
  }

  /** Resolves when `GET /ping` answers 200. */
  static async start({ room = loopback, env = {} }: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(room, { http: await freePort(), sip: await freePort() }, env)
    await server.start().catch(async (error: unknown) => {
      await server.close()
      throw error
    })
    return server
  }

  get url(): string {
    return `http://${this.room.address}:${this.httpPort}`
  }

  /** What the server printed, logs included. */
  get output(): string {
    return this.#child?.output ?? ''
  }

  /** The SIP URI of a user at this server. */
  sip(user: string): string {
    return `sip:${user}@${this.room.address}:${this.sipPort}`
  }

  /** Starts (again) on the same data folder. */
  async start(timeoutMs = 30_000): Promise<void> {
    const child = new Child(this.room.command(process.execPath, main), { env: this.#env, cwd: root })
    this.#child = child
    const deadline = performance.now() + timeoutMs
    while (!(await this.#answersPing())) {
      if (!child.alive) throw new Error(`the server ended before it was ready\n${child.output}`)
      if (performance.now() > deadline) throw new Error(`the server was not ready in ${timeoutMs} ms\n${child.output}`)
      // Its next line may be the one that says ready; look every 50 ms in case it says nothing.
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, 50)
      await Promise.race([promise, child.exited, child.stir()])
      clearTimeout(timer)
    }
  }

  async #answersPing(): Promise<boolean> {
    const answer = await this.fetch('GET', '/ping').catch(() => undefined)
    return answer?.status === 200
  }

  /** A bare HTTP request; a body goes out as JSON. */
  fetch(method: string, path: string, body?: unknown): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const outgoing = request({
      method,
      path,
      host: this.room.address,
      port: this.httpPort,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      createConnection: () => this.room.connect(this.httpPort),
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('error', reject)
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(text) }),
      )
    })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    return promise
  }

  /** A request to `/v1.0` with the access key; whatever it answers. */
  request(method: string, path: string, body?: unknown): Promise<Answer> {
    const separator = path.includes('?') ? '&' : '?'
    return this.fetch(method, `/v1.0${path}${separator}accesskey=${this.accesskey}`, body)
  }

  /** The same where success is expected; throws the answer otherwise. */
  async api<T extends object>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request(method, path, body)
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as T
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit | undefined> {
    return this.#child?.stop(signal) ?? Promise.resolve(undefined)
  }

  /** As a crash does: nothing is drained. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  /** Stops it and removes its data; says how it ended. */
  async close(): Promise<Exit | undefined> {
    const exit = await this.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
    return exit
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
