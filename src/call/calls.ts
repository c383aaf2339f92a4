// All calls that are alive, and calls as a service: originate, read, hang up. SIP events and media notices find their call here.
import { type HangupReason, UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { type Clock, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { EngineNotice, MediaEngine } from '../media/engine.ts'
import type { Call } from '../schema/call.ts'
import type { CallRow } from '../schema/rows.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import { callEvent, newCallRow, showCall } from './call-row.ts'
import type { DialPolicy } from './dial-policy.ts'
import { GuessGuard } from './guess-guard.ts'
import { dialledAddress, partyAddress, routeInbound } from './inbound.ts'
import { type CallBirth, LiveCall, type LiveCallDeps } from './live-call.ts'
import { type CallInput, originate } from './originate.ts'
import type { CallFlows, ResolveHost, Signalling } from './ports.ts'

export interface CallsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly engine: MediaEngine
  readonly signalling: Signalling
  readonly flows: CallFlows
  readonly log: Log
  readonly publicIp: string
  readonly sipDomain: string
  readonly maxCallSeconds: number
  readonly dialPolicy: DialPolicy
  readonly resolve: ResolveHost
}

export interface Paging {
  readonly before?: string
  readonly limit: number
}

const dialTimeoutMs = 60_000

type Incoming = Extract<SessionEvent, { kind: 'incoming' }>

export class Calls {
  readonly #options: CallsOptions
  readonly #live = new Map<string, LiveCall>()
  readonly #sessions = new Map<string, LiveCall>()
  /** Events of sessions whose call is still being made. */
  readonly #early = new Map<string, SessionEvent[]>()
  readonly #guard = new GuessGuard()
  #drained: (() => void) | undefined

  constructor(options: CallsOptions) {
    this.#options = options
  }

  /** Calls the customer's destinations. Throws UserError naming the field when one cannot be dialled; then none is. */
  async create(customerId: string, input: CallInput): Promise<{ calls: Call[]; groupcalls: [] }> {
    const calls = await originate({ customerId, input }, this.#options, {
      adopt: (row, dial) =>
        this.#adopt({ row, sessionId: row.id, offer: undefined, secure: dial.destination.transport === 'TLS' }),
      discard: (call) => this.#discard(call),
    })
    return { calls: calls.map((call) => showCall(call.row)), groupcalls: [] }
  }

  async get(customerId: string, id: string): Promise<Call> {
    return showCall(await this.#own(customerId, id))
  }

  async list(customerId: string, page: Paging): Promise<Call[]> {
    return (await this.#options.ledger.find('call', { where: { customer_id: customerId }, ...page })).map(showCall)
  }

  /** Hangs up; a call that is over is answered as it is. */
  async hangup(customerId: string, id: string): Promise<Call> {
    const row = await this.#own(customerId, id)
    await this.#live.get(row.id)?.hangup('normal')
    return this.get(customerId, id)
  }

  /** Hangs up if need be, then deletes. */
  async remove(customerId: string, id: string): Promise<Call> {
    await this.hangup(customerId, id)
    const at = this.#options.ledger.timestamp()
    const set = { tm_delete: at, tm_update: at }
    const row = { ...(this.#live.get(id)?.row ?? (await this.#own(customerId, id))), ...set }
    await this.#options.ledger.commit([{ update: 'call', id, set }, { event: callEvent('deleted', row) }])
    return showCall(row)
  }

  live(callId: string): LiveCall | undefined {
    return this.#live.get(callId)
  }

  /** Takes every event of the SIP core. */
  onSession(event: SessionEvent): void {
    if (event.kind === 'incoming') {
      this.#early.set(event.sessionId, [])
      this.#spawn(this.#incoming(event), event.sessionId)
      return
    }
    const early = this.#early.get(event.sessionId)
    if (early !== undefined) early.push(event)
    else this.#deliver(event)
  }

  /** Takes every notice of the media engine. */
  onNotice(notice: EngineNotice): void {
    if (notice.kind === 'workerDied') {
      for (const call of this.#live.values()) if (notice.legIds.includes(call.legId)) void call.hangup('failed')
    } else if (notice.kind === 'mediaLost') {
      for (const call of this.#live.values()) if (call.legId === notice.legId) call.probe()
    }
  }

  /** Hangs every call up; resolves when the last one is gone. Calls whose phones stay silent for `patienceMs` are given up. */
  async drain(patienceMs: number): Promise<void> {
    if (this.#live.size === 0) return
    const { clock, log } = this.#options
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
    })
    const timer = clock.after(patienceMs, () => {
      log.warn({ calls: this.#live.size }, 'some phones did not answer their BYE; giving them up')
      const end = { by: 'timeout', status: 408, reason: 'server stopped' } as const
      for (const call of this.#live.values()) this.#deliver({ kind: 'ended', sessionId: call.sessionId, end })
    })
    for (const call of this.#live.values()) void call.hangup('normal')
    await drained
    timer.cancel()
  }

  /** Closes the calls that a dead process left open. */
  async recover(): Promise<void> {
    const { ledger } = this.#options
    for (const status of ['dialing', 'ringing', 'progressing', 'terminating', 'canceling'] as const) {
      for (const row of await ledger.find('call', { where: { status }, deleted: true })) {
        const at = ledger.timestamp()
        const set = {
          status: 'hangup',
          hangup_by: 'local',
          hangup_reason: 'failed',
          tm_hangup: at,
          tm_update: at,
        } as const
        await ledger.commit([{ update: 'call', id: row.id, set }, { event: callEvent('hangup', { ...row, ...set }) }])
      }
    }
  }

  async #incoming({ sessionId, request, flow, callId, offer }: Incoming): Promise<void> {
    const { ledger, log, clock, signalling, flows } = this.#options
    const refuse = (status: number): void => {
      this.#early.delete(sessionId)
      signalling.command({ kind: 'reject', sessionId, status })
    }
    const route = await routeInbound(request, ledger)
    if (!route.ok) {
      const guess = route.guess ? this.#guard.miss(flow.remoteAddress, clock.now()) : { delayMs: 0, misses: 0 }
      const fields = { from: flow.remoteAddress, status: route.status, reason: route.reason, misses: guess.misses }
      if (guess.delayMs > 0) log.warn(fields, 'many wrong direct hashes from one address; slowing it down')
      else log.info(fields, 'INVITE refused')
      clock.after(guess.delayMs, () => refuse(route.status))
      return
    }
    const flowId = route.flowId || (await flows.temporary(route.customerId, route.actions))
    const row = newCallRow({
      id: newUuid(),
      customerId: route.customerId,
      direction: 'incoming',
      source: partyAddress(request, 'From'),
      destination: dialledAddress(request),
      flowId,
      activeflowId: newUuid(),
      sipCallId: callId,
      at: ledger.timestamp(),
    })
    const call = this.#adopt({ row, sessionId, offer })
    try {
      await call.media.open(route.conferenceId)
      await call.begin()
    } catch (error) {
      await this.#discard(call)
      log.error({ err: error, call_id: row.id }, 'incoming call could not be set up')
      refuse(503)
      return
    }
    signalling.command({ kind: 'progress', sessionId, status: 180 })
    this.#replay(sessionId)
    if (!call.ended.aborted) await flows.start({ activeflowId: row.activeflow_id, flowId, call, variables: {} })
  }

  #adopt(birth: CallBirth): LiveCall {
    const { ledger, clock, engine, signalling, log, publicIp, maxCallSeconds } = this.#options
    const deps: LiveCallDeps = {
      ledger,
      clock,
      engine,
      signalling,
      log,
      publicIp,
      maxCallSeconds,
      dialTimeoutMs,
      hangupReasonOf: (customerId, callId) => this.#hangupReasonOf(customerId, callId),
    }
    const call = new LiveCall(birth, deps)
    this.#live.set(call.id, call)
    this.#sessions.set(birth.sessionId, call)
    return call
  }

  #replay(sessionId: string): void {
    const early = this.#early.get(sessionId) ?? []
    this.#early.delete(sessionId)
    for (const event of early) this.#deliver(event)
  }

  #deliver(event: SessionEvent): void {
    const call = this.#sessions.get(event.sessionId)
    if (call === undefined) return
    this.#spawn(
      call.onSession(event).then(async () => {
        if (event.kind !== 'ended') return
        await this.#options.flows.stop(call.row.activeflow_id)
        await call.saved
        this.#forget(call)
      }),
      event.sessionId,
    )
  }

  async #discard(call: LiveCall): Promise<void> {
    this.#forget(call)
    await call.discard()
  }

  #forget(call: LiveCall): void {
    this.#live.delete(call.id)
    this.#sessions.delete(call.sessionId)
    if (this.#live.size === 0) this.#drained?.()
  }

  async #hangupReasonOf(customerId: string, callId: string): Promise<HangupReason> {
    return (await this.#own(customerId, callId)).hangup_reason
  }

  async #own(customerId: string, id: string): Promise<CallRow> {
    const row = await this.#options.ledger.get('call', id)
    if (row === undefined || row.customer_id !== customerId || row.tm_delete !== notDeleted) {
      throw new UserError('CALL_NOT_FOUND', `call ${id} does not exist`)
    }
    return row
  }

  /** A failure of one call's procedure ends that call, never the server. */
  #spawn(work: Promise<unknown>, sessionId: string): void {
    work.catch((error: unknown) => {
      this.#options.log.error({ err: error, call_id: sessionId }, 'call procedure failed')
      this.#early.delete(sessionId)
      this.#options.signalling.command({ kind: 'terminate', sessionId, status: 500 })
    })
  }
}
