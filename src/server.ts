// The composition root: builds every part, hands each what it needs, starts and drains them in order (docs/closures.md).
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createAccounts } from './account/accounts.ts'
import { type Bootstrap, bootstrapAccounts } from './account/bootstrap.ts'
import { createSeal } from './account/seal.ts'
import { OperationalError } from './base/errors.ts'
import type { Log } from './base/log.ts'
import { Scope } from './base/scope.ts'
import type { Clock, Timer } from './base/time.ts'
import { Calls } from './call/calls.ts'
import { DialPolicy } from './call/dial-policy.ts'
import type { CallFlows, ResolveHost } from './call/ports.ts'
import { Conferencecalls } from './conference/conferencecalls.ts'
import { Conferences } from './conference/conferences.ts'
import { flowConferences } from './conference/flow-conferences.ts'
import { Focus } from './conference/focus.ts'
import type { Settings } from './config.ts'
import { createConversationAccounts } from './conversation/accounts.ts'
import type { LineGateway } from './conversation/line-gateway.ts'
import type { Ledger } from './event/ledger.ts'
import { actions } from './flow/actions/index.gen.ts'
import { type Activeflows, createActiveflows } from './flow/activeflows.ts'
import { createFlows, type Flows } from './flow/flows.ts'
import { createRegistry } from './flow/registry.ts'
import { createApp } from './http/app.ts'
import { defaultLimits } from './http/rate-limit.ts'
import type { MediaEngine } from './media/engine.ts'
import { createWorkerPool } from './media/worker-pool.ts'
import { createLineGateway } from './net/line-gateway.ts'
import { createHostResolver } from './net/resolve-host.ts'
import { openSipLoop, type SipLoop } from './net/sip-loop.ts'
import { createUserAgent } from './sip/user-agent.ts'
import type { Command } from './sip/user-agent-io.ts'
import { readKeyFile } from './store/key-file.ts'
import { openStore } from './store/store.ts'

export interface ServerOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly version: string
}

export interface Server {
  /** What the first start created; later starts show no secrets. */
  readonly accounts: Bootstrap
  /** Refuses new calls, hangs up, writes everything, closes. Repeating it waits for the first. */
  close(reason: string): Promise<void>
  /** Reads certificate files that changed; what cannot be used is logged and changes nothing. */
  reload(): void
}

/** How long a drain waits for phones that do not answer their BYE. */
const drainMs = 5_000

/** Starts everything. Throws OperationalError with one clear line when a port or the data folder cannot be used. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const scope = new Scope()
  try {
    return await start(options, scope)
  } catch (error) {
    await scope.close('start failed').catch(() => undefined)
    throw error
  }
}

async function start({ settings, clock, log, version }: ServerOptions, scope: Scope): Promise<Server> {
  const store = await openStore({ path: join(settings.dataDir, 'partyline.db'), clock, log })
  scope.own(() => store.close())
  const accounts = await bootstrapAccounts(store, {
    ...(settings.adminPassword === undefined ? {} : { password: settings.adminPassword }),
    ...(settings.adminAccesskey === undefined ? {} : { accesskey: settings.adminAccesskey }),
  })
  const { rtpPortMin: portMin, rtpPortMax: portMax, bindIp: bindAddress } = settings
  const engine = await createWorkerPool({ bindAddress, portMin, portMax, workers: settings.mediaWorkers })
  scope.own(() => engine.close())
  const media = { workers: engine.workers, packet_io: engine.packetIo }
  if (engine.packetIo === 'native') log.info(media, 'media workers are up')
  else log.warn(media, 'media workers are up without the native packet I/O: fewer participants per core')
  let sip: SipLoop | undefined
  const domain = composeDomain({
    settings,
    clock,
    log,
    ledger: store,
    engine,
    seal: createSeal(readKeyFile(join(settings.dataDir, 'secret.key'))),
    line: createLineGateway({ baseUrl: settings.lineApiUrl }),
    resolve: createHostResolver(settings.bindIp),
    command: (command) => sip?.command(command),
  })
  scope.own(() => domain.conferences.close())
  await domain.recover()

  sip = await openSipLoop({
    core: createUserAgent({
      sentBy: {
        address: settings.publicIp,
        port: settings.sipPort,
        ...(settings.tls && { tlsPort: settings.tls.port }),
      },
      userAgent: `Partyline/${version}`,
      token: (length) =>
        randomBytes(Math.ceil(length / 2))
          .toString('hex')
          .slice(0, length),
    }),
    clock,
    log,
    bindIp: settings.bindIp,
    port: settings.sipPort,
    ...(settings.tls && { tls: settings.tls }),
    onEvent: (event) => domain.calls.onSession(event),
  })
  const loop = sip
  scope.own(() => loop.close())
  engine.onNotice((notice) => domain.calls.onNotice(notice))
  scope.own(() => domain.focus.allGone())
  scope.own((reason) => domain.activeflows.close(reason))
  scope.own(() => domain.calls.drain(drainMs))
  const accountServices = createAccounts(store, clock)
  scope.own(everyDay(clock, log, () => accountServices.closing.deleteExpired()))
  let ready = false
  const app = await createApp({
    accounts: accountServices,
    services: domain,
    clock,
    log,
    ready: () => ready,
    info: { version, publicUrl: settings.publicUrl },
    limits: settings.rateLimits ? {} : noLimits,
    secureCookies: settings.publicUrl.startsWith('https:'),
  })
  scope.own(() => app.close())
  await app.listen({ host: settings.bindIp, port: settings.httpPort }).catch((error: unknown) => {
    throw httpPortError(error, settings)
  })
  scope.own(() => loop.command({ kind: 'drain' }))
  ready = true
  return { accounts, close: (reason) => scope.close(reason), reload: () => loop.reload() }
}

/** What the domain stands on; tests pass a virtual clock, a ledger in memory and a wire of their own. */
export interface DomainParts {
  readonly settings: Pick<Settings, 'publicIp' | 'sipDomain' | 'maxCallSeconds' | 'dialAllow' | 'publicUrl' | 'tls'>
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Ledger
  readonly engine: MediaEngine
  readonly seal: ReturnType<typeof createSeal>
  readonly line: LineGateway
  readonly resolve: ResolveHost
  readonly command: (command: Command) => void
}

export type Domain = ReturnType<typeof composeDomain>

/** Every service of the domain, joined. */
export function composeDomain({ settings, clock, log, ledger, engine, seal, line, resolve, command }: DomainParts) {
  const registry = createRegistry(actions)
  const flows = createFlows({ ledger, registry })
  // A customer's number never changes.
  const accountNumbers = new Map<string, number>()
  const accountNumber = async (customerId: string): Promise<number> => {
    const known = accountNumbers.get(customerId)
    if (known !== undefined) return known
    const number = (await ledger.get('customer', customerId))?.account_number ?? 0
    if (number !== 0) accountNumbers.set(customerId, number)
    return number
  }
  const focus = new Focus({
    ledger,
    log,
    accountNumber,
    mixer: {
      join: (legId, mixId) => engine.request({ kind: 'join', legId, mixId }),
      leave: (legId) => engine.request({ kind: 'leave', legId }),
    },
    phones: { phone: (callId) => calls.live(callId) },
  })
  const activeflows = createActiveflows({ ledger, flows, registry, clock, conferences: flowConferences(focus), log })
  const calls: Calls = new Calls({
    ledger,
    clock,
    engine,
    signalling: { command },
    flows: callFlows(flows, activeflows),
    log,
    publicIp: settings.publicIp,
    sipDomain: settings.sipDomain,
    maxCallSeconds: settings.maxCallSeconds,
    dialPolicy: new DialPolicy(settings.dialAllow, { tls: settings.tls !== undefined }),
    resolve,
  })
  const conferences = new Conferences({ ledger, focus, clock, log })
  const conferencecalls = new Conferencecalls(ledger, focus)
  /** What a dead process left open, from the inside out. */
  const recover = async (): Promise<void> => {
    await conferencecalls.recover()
    await calls.recover()
    await activeflows.recover()
    await conferences.recover()
  }
  return {
    focus,
    calls,
    conferences,
    conferencecalls,
    activeflows,
    conversationAccounts: createConversationAccounts({ ledger, seal, line, publicUrl: settings.publicUrl, log }),
    flows: { ...flows, normalise: async (raw: unknown) => flows.normalise(raw) },
    recover,
  }
}

const callFlows = (flows: Flows, activeflows: Activeflows): CallFlows => ({
  temporary: async (customerId, planned) => (await flows.createTemporary(customerId, planned)).id,
  start: async ({ activeflowId, ...request }) => {
    await activeflows.start({ ...request, id: activeflowId, customerId: request.call.customerId })
  },
  stop: (activeflowId) => activeflows.callEnded(activeflowId),
})

/** Runs a chore now and every day; a failure waits for the next day. Answers how to stop it. */
function everyDay(clock: Clock, log: Log, chore: () => Promise<unknown>): () => void {
  let timer: Timer | undefined
  const run = (): void => {
    timer = clock.after(24 * 3600_000, run)
    chore().catch((error: unknown) => log.error({ err: error }, 'a daily chore failed'))
  }
  run()
  return () => timer?.cancel()
}

function httpPortError(error: unknown, settings: Settings): OperationalError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const why =
    code === 'EADDRINUSE' ? 'is in use; end the other program or set PARTYLINE_HTTP_PORT' : `cannot be bound (${code})`
  return new OperationalError(`HTTP port ${settings.httpPort} on ${settings.bindIp} ${why}`, { cause: error })
}

const noLimits = Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, { rate: 0, burst: 0 }]))
