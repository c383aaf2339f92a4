// Calls as a service: originate, read, hang up. SIP events and media notices find their call from here; the parts are in files of their own.
import { type HangupReason, UserError } from '../base/errors.ts'
import { madeOnce } from '../base/frozen.ts'
import { formatTimestamp, notDeleted } from '../base/time.ts'
import type { FlowDialling } from '../flow/ports.ts'
import type { EngineNotice } from '../media/engine.ts'
import type { Address } from '../schema/address.ts'
import type { Call } from '../schema/call.ts'
import type { Action } from '../schema/flow.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import type { CallRow } from '../schema/rows.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import { type CallsOptions, composeCalls } from './call-parts.ts'
import { callEvent, showCall } from './call-row.ts'
import { Groupcalls, type Paging } from './groupcalls.ts'
import type { LiveCall } from './live-call.ts'
import { LiveGroupcall } from './live-groupcall.ts'
import { ringAll } from './ringing.ts'
import { RingingCall } from './ringing-call.ts'
import { purgeTemporaryFlows } from './temporary-flows.ts'

export interface CallInput {
  readonly source: Address
  readonly destinations: readonly Address[]
  /** Wins over actions; '' or nil when actions are given. */
  readonly flow_id: string
  readonly actions: readonly Action[]
  readonly variables: Readonly<Record<string, string>>
  /** `yes`, `no`, `auto` or ''; '' when absent. */
  readonly anonymous?: string
}

export class Calls {
  readonly #options: CallsOptions
  readonly #parts: ReturnType<typeof composeCalls>
  readonly #shown = madeOnce(showCall)
  /** Groupcalls as a service of its own. */
  readonly groupcalls: Groupcalls
  /** New calls that flows ask for. */
  readonly dialling: FlowDialling

  constructor(options: CallsOptions) {
    this.#options = options
    const parts = composeCalls(options, (customerId, callId) => this.#hangupReasonOf(customerId, callId))
    this.#parts = parts
    this.dialling = parts.dialling
    this.groupcalls = new Groupcalls({
      ledger: options.ledger,
      outgoing: parts.outgoing,
      live: parts.liveGroupcalls,
    })
  }

  /** Calls the customer's destinations. Throws UserError naming the field when one cannot be called; then none is. */
  async create(customerId: string, input: CallInput): Promise<{ calls: Call[]; groupcalls: Groupcall[] }> {
    const { outgoing } = this.#parts
    const plans = await outgoing.planner.plan(customerId, input.destinations)
    const flowId = await outgoing.flow(customerId, input.flow_id, input.actions)
    const { source, variables, anonymous = '' } = input
    const ringings = outgoing.each(plans, { customerId, source, anonymous, flowId, variables, early: false })
    await ringAll(ringings)
    const calls: Call[] = []
    const groupcalls: Groupcall[] = []
    for (const ringing of ringings) {
      if (ringing instanceof RingingCall && ringing.call !== undefined) calls.push(showCall(ringing.call.row))
      if (ringing instanceof LiveGroupcall) groupcalls.push(ringing.shown)
    }
    return { calls, groupcalls }
  }

  async get(customerId: string, id: string): Promise<Call> {
    return showCall(await this.#own(customerId, id))
  }

  async list(customerId: string, page: Paging): Promise<Call[]> {
    return (await this.#options.ledger.find('call', { where: { customer_id: customerId }, ...page })).map(this.#shown)
  }

  /** Hangs up; a call that is over is answered as it is. */
  async hangup(customerId: string, id: string): Promise<Call> {
    const row = await this.#own(customerId, id)
    await this.live(row.id)?.hangup('normal')
    return this.get(customerId, id)
  }

  /** Hangs up if need be, then deletes. */
  async remove(customerId: string, id: string): Promise<Call> {
    await this.hangup(customerId, id)
    const at = this.#options.ledger.timestamp()
    const set = { tm_delete: at, tm_update: at }
    const row = { ...(this.live(id)?.row ?? (await this.#own(customerId, id))), ...set }
    await this.#options.ledger.commit([{ update: 'call', id, set }, { event: callEvent('deleted', row) }])
    return showCall(row)
  }

  live(callId: string): LiveCall | undefined {
    return this.#parts.registry.live(callId)
  }

  /** Takes every event of the SIP core that belongs to a session. */
  onSession(event: SessionEvent): void {
    const { incoming, registry, transfers } = this.#parts
    if (event.kind === 'incoming') incoming.take(event)
    else if (event.kind === 'refer') registry.spawn(transfers.refer(event), event.sessionId)
    else if (event.sessionId !== '') registry.deliver(event)
  }

  /** Takes every notice of the media engine. */
  onNotice(notice: EngineNotice): void {
    const calls = this.#parts.registry.all()
    if (notice.kind === 'workerDied') {
      for (const call of calls) if (notice.legIds.includes(call.legId)) void call.hangup('failed')
    } else if (notice.kind === 'mediaLost') {
      for (const call of calls) if (call.legId === notice.legId) call.probe()
    }
  }

  /** Ends all that rings or speaks for a customer, as when its account is frozen. */
  async endCallsOf(customerId: string): Promise<void> {
    const { registry, liveGroupcalls } = this.#parts
    await liveGroupcalls.hangup('normal', (row) => row.customer_id === customerId)
    await registry.hangup('normal', (call) => call.customerId === customerId)
  }

  /** Refuses new calls and hangs all up; resolves when the last one is gone. Calls whose phones stay silent for `patienceMs` are given up. */
  async drain(patienceMs: number): Promise<void> {
    const { registry, liveGroupcalls } = this.#parts
    const drained = registry.drain(patienceMs)
    await liveGroupcalls.hangup('normal')
    await drained
  }

  /** Closes the calls and groupcalls that a dead process left open. */
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
    await this.groupcalls.recover()
  }

  /** Deletes flows that were made for one call, a while after the last call that ran them; answers how many. */
  purgeTemporaryFlows(olderThanSeconds: number): Promise<number> {
    const { ledger, clock } = this.#options
    return purgeTemporaryFlows(ledger, formatTimestamp(clock.wallMicros() - olderThanSeconds * 1e6))
  }

  async #hangupReasonOf(customerId: string, callId: string): Promise<HangupReason> {
    // What has just ended may not be stored yet.
    const live = this.live(callId)
    return live?.customerId === customerId
      ? live.row.hangup_reason
      : (await this.#own(customerId, callId)).hangup_reason
  }

  async #own(customerId: string, id: string): Promise<CallRow> {
    const row = await this.#options.ledger.get('call', id)
    if (row === undefined || row.customer_id !== customerId || row.tm_delete !== notDeleted) {
      throw new UserError('CALL_NOT_FOUND', `call ${id} does not exist`)
    }
    return row
  }
}
