// The parts of the call layer, joined.
import type { HangupReason } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { CallAudio, FlowConferences } from '../flow/ports.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { CodecName } from '../sdp/media-plan.ts'
import { Bridges } from './bridges.ts'
import { Places } from './call-place.ts'
import { CallRegistry } from './call-registry.ts'
import { Chains } from './chains.ts'
import { Planner } from './destination-plan.ts'
import type { DialPolicy } from './dial-policy.ts'
import { flowDialling } from './flow-dialling.ts'
import { LiveGroupcalls } from './groupcalls.ts'
import { IncomingCalls } from './incoming-calls.ts'
import type { LiveCall } from './live-call.ts'
import { Outgoing } from './outgoing.ts'
import { OwnAddresses } from './own-address.ts'
import type {
  CallFlows,
  CallLimits,
  InboundRoutes,
  OutboundRoutes,
  RegisteredPhones,
  ResolveHost,
  Signalling,
} from './ports.ts'
import { Transfers } from './transfers.ts'

export interface CallsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly engine: MediaEngine
  readonly signalling: Signalling
  readonly flows: CallFlows
  readonly log: Log
  readonly publicIp: string
  /** What calls may use, the best first; all when absent. */
  readonly codecs?: readonly CodecName[]
  readonly sipDomain: string
  readonly maxCallSeconds: number
  readonly dialPolicy: DialPolicy
  readonly resolve: ResolveHost
  /** Whom INVITEs are for. */
  readonly inbound: InboundRoutes
  /** Absent: no telephone number can be called. */
  readonly outbound?: OutboundRoutes
  /** Absent: no phone registers here, extensions have no contacts. */
  readonly phones?: RegisteredPhones
  /** Absent: customers may have as many calls as they like. */
  readonly limits?: CallLimits
  /** Where transferred calls enter conferences; absent: they cannot. */
  readonly conferences?: FlowConferences
  /** The sound and keys of a call; absent: flows cannot play to it. */
  readonly audio?: (call: LiveCall) => CallAudio
  /** Ports at which our address means ourselves; 5060 and 5061 when absent. */
  readonly sipPorts?: readonly number[]
  /** Follow 3xx to contacts that the dial policy admits; false when absent. */
  readonly followRedirects?: boolean
}

const dialTimeoutMs = 60_000

export function composeCalls(
  options: CallsOptions,
  hangupReasonOf: (customerId: string, callId: string) => Promise<HangupReason>,
) {
  const { ledger, clock, engine, signalling, flows, log, publicIp, sipDomain } = options
  const { dialPolicy, resolve, outbound, phones, limits, conferences, followRedirects = false } = options
  const { audio, maxCallSeconds, sipPorts = [5060, 5061] } = options
  const codecs = options.codecs && { codecs: options.codecs }
  const call = {
    ledger,
    clock,
    engine,
    signalling,
    log,
    publicIp,
    maxCallSeconds,
    dialTimeoutMs,
    hangupReasonOf,
    ...codecs,
  }
  const registry = new CallRegistry({
    clock,
    log,
    flows,
    limits,
    call: { ...call, ...(audio !== undefined && { audio }) },
  })
  const bridges = new Bridges(engine, log)
  const places = new Places({ ledger, bridges, conferences })
  const chains = new Chains()
  const own = new OwnAddresses({ ledger, publicIp, sipDomain, sipPorts })
  const planner = new Planner({ ledger, own, dialPolicy, resolve, outbound, phones })
  const groupcalls = new LiveGroupcalls()
  const outgoing = new Outgoing({
    ledger,
    log,
    flows,
    registry,
    planner,
    chains,
    sipDomain,
    followRedirects,
    groupcalls,
  })
  return {
    registry,
    outgoing,
    liveGroupcalls: groupcalls,
    dialling: flowDialling({ registry, outgoing, bridges, engine, clock }),
    transfers: new Transfers({ registry, outgoing, own, places, bridges, chains, signalling, log }),
    incoming: new IncomingCalls({
      ...{ ledger, clock, log, flows, signalling, inbound: options.inbound },
      ...{ registry, places, bridges, chains },
    }),
  }
}
