// Every service of the domain, joined. It stands on parts that are passed in, so that tests can pass a virtual clock, a ledger in memory and a
// wire of their own.
import type { createSeal } from './account/seal.ts'
import type { Log } from './base/log.ts'
import type { Clock } from './base/time.ts'
import { FetchedAudio } from './call/cached-audio.ts'
import { CallAudios } from './call/call-audios.ts'
import { CallControls } from './call/call-controls.ts'
import { Calls } from './call/calls.ts'
import { DialPolicy } from './call/dial-policy.ts'
import type { LiveCall } from './call/live-call.ts'
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
import type { AudioSource, CallAudio, FlowAdapters, FlowSpeech, FlowWeb } from './flow/ports.ts'
import { createRegistry } from './flow/registry.ts'
import type { EngineNotice, MediaEngine } from './media/engine.ts'
import { flowRecordings } from './recording/flow-recordings.ts'
import type { RecordingFiles } from './recording/ports.ts'
import { Recordings } from './recording/recordings.ts'
import { createCallLimits } from './routing/call-limits.ts'
import { createDialRoutes } from './routing/dial-routes.ts'
import { createExtensions } from './routing/extensions.ts'
import { baseDomain, createInboundRoutes } from './routing/inbound-routes.ts'
import { createNumbers } from './routing/numbers.ts'
import { createOptionsProbe } from './routing/options-probe.ts'
import { createOutboundRoutes } from './routing/outbound-routes.ts'
import { ProviderHealth } from './routing/provider-health.ts'
import { createProviders } from './routing/providers.ts'
import { createRegistrations } from './routing/registrations.ts'
import { createTrunks } from './routing/trunks.ts'
import type { Command, SessionEvent } from './sip/user-agent-io.ts'

export type DomainSettings = Pick<
  Settings,
  | 'publicIp'
  | 'sipPort'
  | 'sipDomain'
  | 'maxCallSeconds'
  | 'dialAllow'
  | 'publicUrl'
  | 'tls'
  | 'codecs'
  | 'maxCalls'
  | 'callsPerSecond'
>

/** What flows reach outside the server. */
export interface Outside {
  readonly speech: FlowSpeech
  readonly web: FlowWeb
  readonly adapters: FlowAdapters
  /** The file of an address that is played. */
  readonly openAudio: (url: string, signal: AbortSignal, customerId: string) => Promise<AudioSource>
  /** Addresses of a host that external media may reach; rejects otherwise. */
  readonly mediaHost: ResolveHost
  /** What is heard on hold. */
  readonly tune: () => Promise<AudioSource>
  readonly recordingFiles: RecordingFiles
}

export interface DomainParts {
  readonly settings: DomainSettings
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Ledger
  readonly engine: MediaEngine
  readonly seal: ReturnType<typeof createSeal>
  readonly line: LineGateway
  readonly resolve: ResolveHost
  readonly command: (command: Command) => void
  readonly outside: Outside
}

/** A flow that was made for one call is kept so long after it, for whoever looks into what happened. */
const temporaryFlowSeconds = 30 * 24 * 3600

export type Domain = ReturnType<typeof composeDomain>

export function composeDomain(parts: DomainParts) {
  const { settings, clock, log, ledger, engine, seal, line, resolve, command, outside } = parts
  const registry = createRegistry(actions, outside.adapters)
  const flows = createFlows({ ledger, registry })
  const focus: Focus = new Focus({
    ledger,
    log,
    accountNumber: accountNumbers(ledger),
    mixer: {
      join: (legId, mixId) => engine.request({ kind: 'join', legId, mixId }),
      leave: (legId) => engine.request({ kind: 'leave', legId }),
    },
    phones: { phone: (callId) => calls.live(callId) },
  })
  const recordings: Recordings = new Recordings({
    ledger,
    engine,
    files: outside.recordingFiles,
    calls: { live: (callId) => calls.live(callId) },
    conferences: focus,
    flows: {
      start: ({ activeflowId, recordingId, ...request }) =>
        activeflows.start({
          ...request,
          referenceType: 'recording',
          referenceId: recordingId,
          referenceActiveflowId: activeflowId,
        }),
    },
    clock,
    log,
  })
  const audios = new CallAudios({
    engine,
    now: () => clock.now(),
    resolve: outside.mediaHost,
    tune: outside.tune,
    timestamp: () => ledger.timestamp(),
  })
  // Keys that come by SIP INFO end recordings, too; the engine tells of the others.
  const heard = (call: LiveCall): CallAudio => {
    const audio = audios.of(call)
    audio.onDigit((digit) => recordings.onKey(call.id, digit))
    return audio
  }
  const routing = composeRouting(parts)
  const dialPolicy = new DialPolicy(settings.dialAllow, { tls: settings.tls !== undefined })
  const calls: Calls = new Calls({
    ledger,
    clock,
    engine,
    signalling: { command },
    flows: {
      temporary: async (customerId, planned) => (await flows.createTemporary(customerId, planned)).id,
      start: async ({ activeflowId, ...request }) => {
        await activeflows.start({ ...request, id: activeflowId, customerId: request.call.customerId })
      },
      stop: (activeflowId) => activeflows.callEnded(activeflowId),
    } satisfies CallFlows,
    log,
    publicIp: settings.publicIp,
    codecs: settings.codecs,
    sipDomain: settings.sipDomain,
    maxCallSeconds: settings.maxCallSeconds,
    dialPolicy,
    resolve,
    inbound: routing.inbound,
    outbound: routing.outbound,
    phones: routing.registrations,
    limits: createCallLimits({ maxCalls: settings.maxCalls, callsPerSecond: settings.callsPerSecond }, clock),
    conferences: flowConferences(focus),
    audio: (call) => new FetchedAudio(heard(call), outside.openAudio, call.customerId),
    sipPorts: [settings.sipPort, ...(settings.tls ? [settings.tls.port] : [])],
  })
  const activeflows: Activeflows = createActiveflows({
    ledger,
    flows,
    registry,
    clock,
    log,
    conferences: flowConferences(focus),
    speech: outside.speech,
    web: outside.web,
    adapters: outside.adapters,
    recordings: flowRecordings(recordings),
    dialling: calls.dialling,
  })
  const conferences = new Conferences({ ledger, focus, clock, log })
  const conferencecalls = new Conferencecalls(ledger, focus)
  const callControls = new CallControls({
    calls,
    audio: (call) => audios.of(call),
    signalling: { command },
    speech: outside.speech,
    log,
  })
  return {
    focus,
    calls,
    callControls,
    groupcalls: calls.groupcalls,
    conferences,
    conferencecalls,
    activeflows,
    recordings,
    ...routing.services,
    registrations: routing.registrations,
    providerHealth: routing.health,
    conversationAccounts: createConversationAccounts({ ledger, seal, line, publicUrl: settings.publicUrl, log }),
    flows: shownFlows(flows),
    /** Where messages may lead the requests of a call, besides where they came from. */
    reaches: (address: string): boolean => dialPolicy.allows(address, address) || routing.health.isProvider(address),
    /** Takes every event of the SIP core. */
    onSession(event: SessionEvent): void {
      routing.onSession(event)
      calls.onSession(event)
    },
    /** Frees what ended calls left behind. */
    tidy: () => calls.purgeTemporaryFlows(temporaryFlowSeconds),
    /** Takes every notice of the media engine. */
    onNotice(notice: EngineNotice): void {
      calls.onNotice(notice)
      audios.onNotice(notice)
      recordings.onNotice(notice)
    },
    /** What a dead process left open, from the inside out. */
    async recover(): Promise<void> {
      await conferencecalls.recover()
      await calls.recover()
      await activeflows.recover()
      await conferences.recover()
      // Its follow-up flows are new ones.
      await recordings.recover()
      await routing.registrations.start()
    },
  }
}

/** Who can be reached and how. */
function composeRouting({ settings, ledger, clock, log, resolve, command, seal }: DomainParts) {
  const base = baseDomain(settings.sipDomain)
  const probe = createOptionsProbe({ command })
  const health = new ProviderHealth({ ledger, clock, log, resolve, probe: probe.probe })
  const registrations = createRegistrations({
    ledger,
    clock,
    log,
    base,
    unseal: (text) => seal.open(text),
    respond: command,
  })
  return {
    registrations,
    health,
    inbound: createInboundRoutes({
      ledger,
      baseDomain: base,
      authenticate: (incoming) => registrations.authenticateInvite(incoming),
      isProvider: (address) => health.isProvider(address),
    }),
    outbound: createOutboundRoutes({ ledger, resolve, log }),
    services: {
      extensions: createExtensions({ ledger, seal }),
      trunks: createTrunks({ ledger, seal }),
      numbers: createNumbers({ ledger }),
      providers: createProviders({ ledger }),
      dialRoutes: createDialRoutes({ ledger }),
    },
    onSession(event: SessionEvent): void {
      probe.onSession(event)
      if (event.kind === 'request') void registrations.onRequest(event)
    },
  }
}

/** A customer's number, which never changes. */
function accountNumbers(ledger: Ledger): (customerId: string) => Promise<number> {
  const numbers = new Map<string, number>()
  return async (customerId) => {
    const known = numbers.get(customerId)
    if (known !== undefined) return known
    const number = (await ledger.get('customer', customerId))?.account_number ?? 0
    if (number !== 0) numbers.set(customerId, number)
    return number
  }
}

const shownFlows = (flows: Flows) => ({ ...flows, normalise: async (raw: unknown) => flows.normalise(raw) })
