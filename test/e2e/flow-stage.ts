// The stage on which flows are tried: one server, a web server that stands for the outside world, and phones with keys.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createMetronome, type Metronome } from '../../demo/phone/metronome.ts'
import type { Call, Conference } from './facts.ts'
import { KeyPhone, type KeyPhoneOptions } from './key-phone.ts'
import { TestServer } from './server.ts'
import { eventually } from './tools.ts'

export interface Activeflow {
  readonly id: string
  readonly status: string
  readonly error: string
  readonly variables: Readonly<Record<string, string>>
  readonly current_action: { readonly type: string }
  readonly executed_actions: readonly { readonly type: string }[]
}

/** A request that came to the web server. */
export interface Visit {
  readonly method: string
  readonly path: string
  readonly type: string
  readonly body: string
}

export interface Reply {
  readonly status?: number
  readonly type?: string
  readonly body?: string | Uint8Array
}

/** Answers what `pages` has for the path, 404 for the rest, and remembers every request. */
export class Web {
  readonly visits: Visit[] = []
  readonly pages = new Map<string, (visit: Visit) => Reply>()
  readonly #server: Server
  #port = 0

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
    return this
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`
  }

  /** A page of its own for each test and each try of it; its path. */
  page(answer: (visit: Visit) => Reply): string {
    const path = `/page-${this.pages.size}`
    this.pages.set(path, answer)
    return path
  }

  /** Every request to this path so far. */
  visitsTo(path: string): Visit[] {
    return this.visits.filter((visit) => visit.path === path)
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString('utf8')
    const { method = '', url: path = '', headers } = request
    const visit: Visit = { method, path, type: headers['content-type'] ?? '', body }
    this.visits.push(visit)
    const page = this.pages.get(path)
    const reply = page === undefined ? { status: 404 } : page(visit)
    response.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? 'application/json' })
    response.end(reply.body ?? '')
  }
}

/** A phone that the flow's call was made to, or that made it. */
export interface OnCall {
  readonly phone: KeyPhone
  readonly callId: string
  readonly activeflowId: string
}

export class Stage {
  readonly server: TestServer
  readonly web: Web
  readonly metronome: Metronome
  readonly #phones: KeyPhone[] = []

  private constructor(server: TestServer, web: Web) {
    this.server = server
    this.web = web
    this.metronome = createMetronome()
  }

  /** @param env for the server, once the web server's address is known */
  static async open(env: (web: Web) => Readonly<Record<string, string>> = () => ({})): Promise<Stage> {
    const web = await new Web().listen()
    const server = await TestServer.start({ env: { PARTYLINE_WEB_ALLOW: '127.0.0.0/8', ...env(web) } })
    return new Stage(server, web)
  }

  /** Throws when the server logged an error, or did not end well. */
  async close(): Promise<void> {
    for (const phone of this.#phones) phone.close()
    this.metronome.close()
    const exit = await this.server.close()
    this.web.close()
    const errors = this.server.output.split('\n').filter((line) => line.includes('"level":"error"'))
    if (exit?.code !== 0 || errors.length > 0) throw new Error([JSON.stringify(exit), ...errors].join('\n'))
  }

  async phone(options: Omit<KeyPhoneOptions, 'metronome'>): Promise<KeyPhone> {
    const phone = await KeyPhone.open({ ...options, metronome: this.metronome })
    this.#phones.push(phone)
    return phone
  }

  /** Rings a new phone, which answers; the flow of its call is these actions. */
  async ring(
    actions: readonly object[],
    { variables, ...options }: Partial<KeyPhoneOptions> & { readonly variables?: Record<string, string> } = {},
  ): Promise<OnCall> {
    const phone = await this.phone({ name: 'phone', ...options })
    const { calls } = await this.server.api<{ calls: Call[] }>('POST', '/calls', {
      source: { type: 'sip', target: 'desk' },
      destinations: [{ type: 'sip', target: phone.uri }],
      actions,
      ...(variables && { variables }),
    })
    const [call] = calls
    if (call === undefined) throw new Error('no call was made')
    await phone.answered
    return { phone, callId: call.id, activeflowId: call.activeflow_id }
  }

  /** The URI that runs a flow of these actions. */
  async door(actions: readonly object[]): Promise<string> {
    const { id } = await this.flow(actions)
    const { direct_hash: hash } = await this.server.api<{ direct_hash: string }>(
      'POST',
      `/flows/${id}/direct-hash-regenerate`,
    )
    return this.server.sip(`direct.${hash}`)
  }

  flow(actions: readonly object[]): Promise<{ readonly id: string }> {
    return this.server.api('POST', '/flows', { name: 'flow', actions })
  }

  conference(body: object = {}): Promise<Conference> {
    return this.server.api('POST', '/conferences', { type: 'conference', ...body })
  }

  activeflow(id: string): Promise<Activeflow> {
    return this.server.api('GET', `/activeflows/${id}`)
  }

  /** The call once it is over. */
  over(callId: string): Promise<Call> {
    return eventually(`call ${callId} is over`, async () => {
      const call = await this.server.api<Call>('GET', `/calls/${callId}`)
      return call.status === 'hangup' ? call : undefined
    })
  }

  /** The activeflow once it has ended. */
  ended(id: string): Promise<Activeflow> {
    return eventually(`activeflow ${id} has ended`, async () => {
      const activeflow = await this.activeflow(id)
      return activeflow.status === 'ended' ? activeflow : undefined
    })
  }
}

export const digits = (keys: string): object => ({ type: 'digits_send', option: { digits: keys } })
