// Partyline under test: a server of its own on spare loopback ports and one core, its data gone afterwards.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../demo/server.ts'
import { nodeFlags } from '../node-flags.ts'
import { type BenchCodec, type Bridge, loopback } from './bridge.ts'
import { end, lastWords, scratchFolder, serverCore, startPinned } from './child.ts'
import { Dialler } from './dialler.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Partyline extends Bridge {
  /** A request to `/v1.0`, over kept connections. */
  api(method: string, path: string, body?: object): Promise<Answer>
  /** Calls that the server hung up. */
  endedByServer(): number
}

const ownCheckout = fileURLToPath(new URL('../..', import.meta.url))

interface Conference {
  readonly id: string
  readonly direct_hash: string
}

function createApi(port: number, accesskey: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const api = (method: string, path: string, body?: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { host: loopback, port, method, agent, path: `${path}?accesskey=${accesskey}` }
      const text = body ? JSON.stringify(body) : ''
      const headers = body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}
      const sent = request({ ...options, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
        )
        response.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(text)
    })
  return { api, close: () => agent.destroy() }
}

async function answersPing(port: number): Promise<boolean> {
  return fetch(`http://${loopback}:${port}/ping`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** Starts the server of a checkout, this one unless given; resolves when it answers. */
export async function startPartyline(codec: BenchCodec, checkout = ownCheckout): Promise<Partyline> {
  const dataDir = scratchFolder('data')
  const [http, sip] = [await freePort(), await freePort()]
  const accesskey = `vb_${randomBytes(16).toString('hex')}`
  const env = {
    PARTYLINE_BIND_IP: loopback,
    PARTYLINE_PUBLIC_IP: loopback,
    PARTYLINE_HTTP_PORT: String(http),
    PARTYLINE_SIP_PORT: String(sip),
    PARTYLINE_RTP_PORTS: '10000-29999',
    PARTYLINE_DATA_DIR: dataDir,
    PARTYLINE_ADMIN_ACCESSKEY: accesskey,
    PARTYLINE_LOG_LEVEL: 'warn',
    PARTYLINE_RATE_LIMITS: 'off',
  }
  const child = startPinned({
    core: serverCore,
    file: process.execPath,
    args: [...nodeFlags(checkout), join(checkout, 'src', 'main.ts')],
    env,
  })
  const said = lastWords(child)
  const dialler = await Dialler.open(codec)
  const http11 = createApi(http, accesskey)
  const stop = async (): Promise<void> => {
    dialler.close()
    http11.close()
    await end(child)
    rmSync(dataDir, { recursive: true, force: true })
  }
  const gone = once(child, 'exit').then(() => false)
  const wait = (): Promise<boolean> => new Promise((resolve) => setTimeout(() => resolve(true), 50))
  while (!(await answersPing(http))) {
    if (await Promise.race([gone, wait()])) continue
    await stop()
    throw new Error(`the server ended by itself\n${said()}`)
  }
  const v1 = (method: string, path: string, body?: object): Promise<Answer> => http11.api(method, `/v1.0${path}`, body)
  const uris = new Map<string, string>()
  return {
    pid: child.pid ?? 0,
    api: v1,
    stop,
    lastWords: said,
    endedByServer: () => dialler.endedByServer,
    async openConference() {
      const { status, body } = await v1('POST', '/conferences', { type: 'conference', name: 'bench' })
      if (status !== 200) throw new Error(`POST /conferences: ${status} ${body}`)
      const conference = JSON.parse(body) as Conference
      uris.set(conference.id, `sip:direct.${conference.direct_hash}@${loopback}:${sip}`)
      return conference.id
    },
    join: (conference, localPort) => dialler.dial(uris.get(conference) ?? '', localPort),
  }
}
