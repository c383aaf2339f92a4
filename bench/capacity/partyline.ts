// Partyline under test: a server of its own on spare loopback ports and one core, its data gone afterwards.
import { rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { startServer } from '../server.ts'
import { type BenchCodec, type Bridge, loopback } from './bridge.ts'
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

/** Starts the server of a checkout, this one unless given; resolves when it answers. */
export async function startPartyline(codec: BenchCodec, checkout?: string): Promise<Partyline> {
  const server = await startServer({ checkout })
  const dialler = await Dialler.open(codec)
  const http11 = createApi(server.httpPort, server.accesskey)
  const v1 = (method: string, path: string, body?: object): Promise<Answer> => http11.api(method, `/v1.0${path}`, body)
  const uris = new Map<string, string>()
  return {
    pid: server.pid,
    api: v1,
    lastWords: server.lastWords,
    async stop() {
      dialler.close()
      http11.close()
      await server.stop()
      rmSync(server.dataDir, { recursive: true, force: true })
    },
    endedByServer: () => dialler.endedByServer,
    async openConference() {
      const { status, body } = await v1('POST', '/conferences', { type: 'conference', name: 'bench' })
      if (status !== 200) throw new Error(`POST /conferences: ${status} ${body}`)
      const conference = JSON.parse(body) as Conference
      uris.set(conference.id, `sip:direct.${conference.direct_hash}@${loopback}:${server.sipPort}`)
      return conference.id
    },
    join: (conference, localPort) => dialler.dial(uris.get(conference) ?? '', localPort),
  }
}
