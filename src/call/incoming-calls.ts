// Incoming INVITEs: routed, counted, made into calls that run their flow; or, with Replaces (RFC 3891), put in the place of another call.
import { errorCodes, PartylineError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { ownText } from '../base/own-text.ts'
import type { Clock } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { Header } from '../sip/message.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import type { Bridges } from './bridges.ts'
import type { Place, Places } from './call-place.ts'
import type { CallRegistry } from './call-registry.ts'
import { newCallRow } from './call-row.ts'
import type { Chains } from './chains.ts'
import { hangUpWhenLeft } from './connection.ts'
import { GuessGuard } from './guess-guard.ts'
import type { LiveCall } from './live-call.ts'
import { dialledAddress, partyAddress } from './party-address.ts'
import type { CallFlows, InboundRoute, InboundRoutes, Signalling } from './ports.ts'
import { headerVariables } from './sip-headers.ts'

export interface IncomingCallsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly flows: CallFlows
  readonly signalling: Signalling
  readonly inbound: InboundRoutes
  readonly registry: CallRegistry
  readonly places: Places
  readonly bridges: Bridges
  readonly chains: Chains
}

export type Incoming = Extract<SessionEvent, { kind: 'incoming' }>
type Routed = Extract<InboundRoute, { ok: true }>
type Refused = Extract<InboundRoute, { ok: false }>

/** Seconds that a 503 asks to wait. */
const retryAfter: readonly Header[] = [{ name: 'Retry-After', value: '10' }]

export class IncomingCalls {
  readonly #options: IncomingCallsOptions
  readonly #guard = new GuessGuard()

  constructor(options: IncomingCallsOptions) {
    this.#options = options
  }

  /** Takes an INVITE; its session's later events wait until the call is there. */
  take(event: Incoming): void {
    const { registry } = this.#options
    registry.await(event.sessionId)
    registry.spawn(this.#take(event), event.sessionId)
  }

  async #take(event: Incoming): Promise<void> {
    const { inbound } = this.#options
    const route = await inbound.route({ request: event.request, flow: event.flow })
    const { replacesSessionId } = event
    if (replacesSessionId !== undefined) return this.#replace(event, route, replacesSessionId)
    if (!route.ok) return this.#turnAway(event, route)
    await this.#run(event, route)
  }

  #turnAway(event: Incoming, { status, reason, guess, headers }: Refused): void {
    const { clock, log } = this.#options
    const from = event.flow.remoteAddress
    const { delayMs, misses } = guess ? this.#guard.miss(from, clock.now()) : { delayMs: 0, misses: 0 }
    const fields = { from, status, reason, misses }
    if (delayMs > 0) log.warn(fields, 'many wrong direct hashes from one address; slowing it down')
    else log.info(fields, 'INVITE refused')
    if (delayMs > 0) clock.after(delayMs, () => this.#refuse(event, status, headers))
    else this.#refuse(event, status, headers)
  }

  #refuse({ sessionId }: Incoming, status: number, headers?: readonly Header[]): void {
    const { registry, signalling } = this.#options
    registry.replay(sessionId)
    signalling.command({ kind: 'reject', sessionId, status, ...(headers !== undefined && { headers }) })
  }

  async #run(event: Incoming, route: Routed): Promise<LiveCall | undefined> {
    const { flows, registry, signalling } = this.#options
    const flow = async (): Promise<string> => route.flowId || flows.temporary(route.customerId, route.actions)
    const call = await this.#open(event, route, { flow, near: route.conferenceId })
    if (call === undefined) return undefined
    signalling.command({ kind: 'progress', sessionId: event.sessionId, status: 180 })
    registry.replay(event.sessionId)
    const { activeflow_id: activeflowId, flow_id: flowId } = call.row
    const variables = headerVariables(event.request)
    if (!call.ended.aborted) await flows.start({ activeflowId, flowId, call, variables })
    return call
  }

  /** The new call, stored and with its ports; undefined when it was refused. */
  async #open(
    event: Incoming,
    route: Pick<Routed, 'customerId' | 'source' | 'destination'>,
    { flow, near }: { readonly flow?: () => Promise<string>; readonly near?: string | undefined },
  ): Promise<LiveCall | undefined> {
    const { ledger, registry, log } = this.#options
    const row = newCallRow({
      id: newUuid(),
      customerId: route.customerId,
      direction: 'incoming',
      source: ownAddress(route.source),
      destination: ownAddress(route.destination),
      flowId: nilUuid,
      activeflowId: nilUuid,
      sipCallId: event.callId,
      at: ledger.timestamp(),
    })
    let call: LiveCall | undefined
    try {
      call = registry.adopt({ row, incoming: { sessionId: event.sessionId, offer: event.offer } })
      // After the limits, so that a refused call leaves no flow behind.
      if (flow !== undefined) call.record.write({ flow_id: await flow(), activeflow_id: newUuid() }, [])
      await call.media.open(near)
      await call.record.insert()
      return call
    } catch (error) {
      await call?.discard()
      const code = error instanceof PartylineError ? error.code : 'SERVICE_UNAVAILABLE'
      const fields = { call_id: row.id, customer_id: route.customerId, code, err: error }
      if (code === 'LIMIT_REACHED') log.warn(fields, 'incoming call refused')
      else log.error(fields, 'incoming call could not be set up')
      const status = code === 'LIMIT_REACHED' ? errorCodes.LIMIT_REACHED.sip : 503
      this.#refuse(event, status, retryAfter)
      return undefined
    }
  }

  /**
   * The new call takes the place of a call that is up. Whoever knows its dialog may (RFC 3891 §3), so the request need not lead to a
   * resource; but one that leads to another customer's, or that is refused for who sent it, is not let in.
   */
  async #replace(event: Incoming, route: InboundRoute, replacedSession: string): Promise<void> {
    const { registry, places } = this.#options
    const replaced = registry.bySession(replacedSession)
    if (replaced?.status() !== 'progressing') return this.#refuse(event, 481)
    if (route.ok ? route.customerId !== replaced.customerId : route.status !== 404) {
      if (route.ok) return this.#refuse(event, 403)
      return this.#turnAway(event, route)
    }
    const place = await places.of(replaced)
    if (place.kind === 'alone') return this.#refuse(event, 488)
    const { customerId } = replaced
    const source = route.ok ? route.source : partyAddress(event.request, 'From')
    const destination = route.ok ? route.destination : dialledAddress(event.request)
    const caller = { customerId, source, destination }
    if (place.kind === 'conference') await this.#enterFor(event, { ...caller, place, replaced })
    else await this.#sitFor(event, { ...caller, replaced })
  }

  async #enterFor(
    event: Incoming,
    {
      place,
      replaced,
      ...caller
    }: Pick<Routed, 'customerId' | 'source' | 'destination'> & {
      readonly place: Extract<Place, { kind: 'conference' }>
      readonly replaced: LiveCall
    },
  ): Promise<void> {
    const { conferenceId } = place
    const actions = [
      { type: 'answer', option: {} },
      { type: 'conference_join', option: { conference_id: conferenceId } },
    ]
    const call = await this.#run(event, { ok: true, ...caller, flowId: '', actions, conferenceId })
    if (call === undefined) return
    await this.#options.places.joined(call)
    if (!call.ended.aborted) await replaced.hangup('normal')
  }

  async #sitFor(
    event: Incoming,
    { replaced, ...caller }: Pick<Routed, 'customerId' | 'source' | 'destination'> & { readonly replaced: LiveCall },
  ): Promise<void> {
    const { bridges, chains, registry } = this.#options
    const call = await this.#open(event, caller, {})
    if (call === undefined) return
    registry.replay(event.sessionId)
    await call.answer()
    const kept = bridges.keep(replaced)
    if (kept === undefined) return call.hangup('normal')
    for (const each of [replaced, kept.partner]) chains.untie(each)
    const filled = kept.fill(call)
    hangUpWhenLeft(bridges, call)
    void replaced.hangup('normal')
    await filled
  }
}

/** By itself: the call outlives the INVITE. */
const ownAddress = ({ type, target, target_name, name, detail }: Address): Address => ({
  type,
  target: ownText(target),
  target_name: ownText(target_name),
  name: ownText(name),
  detail: ownText(detail),
})
