import { mkdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeDescription } from '../demo/phone/sip-text.ts'
import { loopback } from './capacity/bridge.ts'
import { cpuSeconds, generatorCore, pinSelf, threadSeconds } from './capacity/child.ts'
import { startServer } from './server.ts'
import { SipCalls } from './sip-calls.ts'

const usage = `Usage: node bench/api.ts [options]
  --seconds N    measured seconds of each route (5)
  --rounds N     turns of all routes; medians are shown (3)
  --calls N      calls that are up meanwhile (200)
  --other DIR    another checkout of Partyline, measured in turn with this one
  --routes A,B   of those that the table shows; all unless given
  --profile DIR  V8 CPU profiles of the server's threads; the figures are dearer then`

/** Requests that are always under way. */
const atOnce = 16
const lists = ['/conferences', '/conferencecalls', '/calls', '/activeflows', '/flows']
const createAndDelete = 'POST and DELETE /conferences'
const allRoutes = [...lists, '/me', createAndDelete]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Server {
  readonly pid: number
  api(method: string, path: string, body?: object): Promise<string>
  dial(): Promise<void>
  stop(): Promise<void>
}

async function openServer(checkout: string, profile: string | undefined): Promise<Server> {
  const server = await startServer({ checkout, profile, unlimitedCalls: true })
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const calls = await SipCalls.open()
  const api: Server['api'] = (method, path, body) =>
    send({ port: server.httpPort, agent, method, path: `/v1.0${path}?accesskey=${server.accesskey}` }, body)
  const { direct_hash } = JSON.parse(await api('POST', '/conferences', { type: 'conference', name: 'bench' })) as {
    direct_hash: string
  }
  // Phones that neither send nor receive: nothing but the API is to be paid for.
  const offer = writeDescription({ address: loopback, port: 9, payloadTypes: [0], direction: 'sendonly' }, 1)
  return {
    pid: server.pid,
    api,
    dial: async () => void (await calls.dial(`sip:direct.${direct_hash}@${loopback}:${server.sipPort}`, offer)),
    async stop() {
      calls.close()
      agent.destroy()
      await server.stop()
      rmSync(server.dataDir, { recursive: true, force: true })
    },
  }
}

interface Target {
  readonly port: number
  readonly agent: Agent
  readonly method: string
  readonly path: string
}

function send(target: Target, body?: object): Promise<string> {
  const text = body ? JSON.stringify(body) : ''
  const headers = body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}
  return new Promise((resolve, reject) => {
    const sent = request({ host: loopback, ...target, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const answer = Buffer.concat(parts).toString('utf8')
        if (response.statusCode === 200) resolve(answer)
        else reject(new Error(`${target.method} ${target.path}: ${response.statusCode} ${answer.slice(0, 200)}`))
      })
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

interface Cost {
  /** CPU milliseconds per request, and by thread. */
  readonly ms: number
  readonly threads: ReadonlyMap<string, number>
  readonly perSecond: number
}

/** One request of a route; answers how many that were. */
async function once({ api }: Server, route: string): Promise<number> {
  if (route !== createAndDelete) {
    await api('GET', route)
    return 1
  }
  const { id } = JSON.parse(await api('POST', '/conferences', { type: 'conference', name: 'hammer' })) as { id: string }
  await api('DELETE', `/conferences/${id}`)
  return 2
}

/** @param idle share of a core that the server uses when nobody asks */
async function measure(
  server: Server,
  route: string,
  { seconds, idle }: { seconds: number; idle: number },
): Promise<Cost> {
  const [cpu, threads, began] = [cpuSeconds([server.pid]), threadSeconds(server.pid), performance.now()]
  const until = began + seconds * 1000
  let requests = 0
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      // Read after the wait, not before it: others count meanwhile.
      const made = await once(server, route)
      requests += made
    }
  }
  await Promise.all(Array.from({ length: atOnce }, loop))
  const took = (performance.now() - began) / 1000
  const used = cpuSeconds([server.pid]) - cpu - idle * took
  const share = [...threadSeconds(server.pid)].map(
    ([name, after]) => [name, ((after - (threads.get(name) ?? 0)) * 1000) / requests] as const,
  )
  return { ms: (used * 1000) / requests, threads: new Map(share), perSecond: requests / took }
}

async function idleShare(server: Server): Promise<number> {
  await wait(1000)
  const before = cpuSeconds([server.pid])
  await wait(3000)
  return (cpuSeconds([server.pid]) - before) / 3
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN

function row(route: string, costs: readonly Cost[]): string {
  const threads = [...(costs[0]?.threads.keys() ?? [])]
    .map((name) => [name, median(costs.map((cost) => cost.threads.get(name) ?? 0))] as const)
    .filter(([, ms]) => ms > 0.01)
    .sort(([, one], [, other]) => other - one)
    .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
  const ms = median(costs.map((cost) => cost.ms)).toFixed(2)
  return `${route.padEnd(30)} ${ms.padStart(6)} ${median(costs.map((cost) => cost.perSecond))
    .toFixed(0)
    .padStart(8)}  ${threads.join(', ')}`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      calls: { type: 'string', default: '200' },
      other: { type: 'string' },
      routes: { type: 'string', default: allRoutes.join(',') },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return say(usage)
  process.once('SIGTERM', () => process.exit(143))
  process.once('SIGINT', () => process.exit(130))
  pinSelf(generatorCore)
  if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true })
  const own = fileURLToPath(new URL('..', import.meta.url))
  const checkouts = [own, ...(values.other === undefined ? [] : [values.other])]
  const routes = values.routes.split(',')
  const costs = new Map<string, Cost[]>()
  const servers: Server[] = []
  try {
    for (const checkout of checkouts) {
      const server = await openServer(checkout, checkout === own ? values.profile : undefined)
      servers.push(server)
      for (let count = 0; count < Number(values.calls); count += 1) await server.dial()
    }
    const idle = await Promise.all(servers.map(idleShare))
    for (const route of routes) for (const server of servers) await measure(server, route, { seconds: 1, idle: 0 })
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const route of routes) {
        for (const [index, server] of servers.entries()) {
          const cost = await measure(server, route, { seconds: Number(values.seconds), idle: idle[index] ?? 0 })
          const key = `${index === 0 ? '' : 'other '}${route}`
          costs.set(key, [...(costs.get(key) ?? []), cost])
        }
      }
    }
  } finally {
    for (const server of servers) await server.stop()
  }
  say(`${'route'.padEnd(30)} CPU ms requests/s  CPU ms by thread`)
  for (const [route, list] of [...costs].toSorted(
    ([one], [other]) => allRoutes.indexOf(one.replace('other ', '')) - allRoutes.indexOf(other.replace('other ', '')),
  ))
    say(row(route, list))
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
