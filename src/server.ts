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
import type { Settings } from './config.ts'
import { composeDomain, type Outside } from './domain.ts'
import { createApp } from './http/app.ts'
import { defaultLimits } from './http/rate-limit.ts'
import { createHoldMusic } from './media/hold-music.ts'
import { createWorkerPool } from './media/worker-pool.ts'
import { createAdapters } from './net/adapters.ts'
import { createAudioCache } from './net/audio-cache.ts'
import { createLineGateway } from './net/line-gateway.ts'
import { createHostResolver } from './net/resolve-host.ts'
import { openSipLoop, type SipLoop } from './net/sip-loop.ts'
import { createSpeech } from './net/speech/speech.ts'
import { createWebClient } from './net/web-client.ts'
import { createAddressGuard } from './net/web-client-guard.ts'
import { createUserAgent } from './sip/user-agent.ts'
import { readKeyFile } from './store/key-file.ts'
import { openRecordingFiles } from './store/recording-files.ts'
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
  const engine = await createWorkerPool({
    bindAddress,
    portMin,
    portMax,
    workers: settings.mediaWorkers,
    opusRate: settings.opusRate,
  })
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
    outside: await openOutside({ settings, clock, log }, scope),
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
      reaches: (address) => domain.reaches(address),
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
    onEvent: (event) => domain.onSession(event),
    onFlowFailed: (flow) => void domain.registrations.flowFailed(flow),
  })
  const loop = sip
  scope.own(() => loop.close())
  engine.onNotice((notice) => domain.onNotice(notice))
  scope.own(() => domain.recordings.close())
  scope.own(() => domain.registrations.close())
  domain.providerHealth.start()
  scope.own(() => domain.providerHealth.close())
  scope.own(() => domain.focus.allGone())
  scope.own((reason) => domain.activeflows.close(reason))
  scope.own(() => domain.calls.drain(drainMs))
  const accountServices = createAccounts(store, clock, (customerId) => domain.calls.endCallsOf(customerId))
  scope.own(everyDay(clock, log, () => accountServices.closing.deleteExpired()))
  scope.own(everyDay(clock, log, () => domain.tidy()))
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

/** What flows reach outside, closed after the flows. */
async function openOutside({ settings, clock, log }: Omit<ServerOptions, 'version'>, scope: Scope): Promise<Outside> {
  const cache = join(settings.dataDir, 'cache')
  const guard = createAddressGuard({ allow: settings.webAllow })
  const audio = createAudioCache({ directory: join(cache, 'audio'), guard, clock, log })
  scope.own(() => audio.close())
  const speech = createSpeech({ setting: settings.tts, directory: join(cache, 'speech'), clock, log })
  scope.own(() => speech.close())
  const music = createHoldMusic({ folder: cache })
  return {
    speech,
    web: createWebClient({ guard, clock }),
    adapters: createAdapters({ endpoints: settings.adapters, secret: settings.adaptersSecret, clock }),
    openAudio: (url, signal, customerId) => audio.open(url, signal, customerId),
    mediaHost: async (host) => (await guard.reachable(host)).map(({ address }) => address),
    tune: () => music.tune(),
    recordingFiles: await openRecordingFiles(join(settings.dataDir, 'recordings')),
  }
}

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
