// The calls that are alive: how each comes in, finds its SIP events, and leaves again when it is over.
import { type HangupReason, OperationalError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/time.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import { type CallBirth, LiveCall, type LiveCallDeps } from './live-call.ts'
import type { CallFlows, CallLimits } from './ports.ts'

export interface RegistryOptions {
  readonly clock: Clock
  readonly log: Log
  readonly flows: CallFlows
  /** Absent: customers may have as many calls as they like. */
  readonly limits: CallLimits | undefined
  readonly call: Omit<LiveCallDeps, 'sessions' | 'gone'>
}

export class CallRegistry {
  readonly #options: RegistryOptions
  readonly #deps: LiveCallDeps
  readonly #live = new Map<string, LiveCall>()
  readonly #sessions = new Map<string, LiveCall>()
  /** Events of sessions whose call is still being made. */
  readonly #early = new Map<string, SessionEvent[]>()
  #closing = false
  #drained: (() => void) | undefined

  constructor(options: RegistryOptions) {
    this.#options = options
    const gone = (call: LiveCall): void => {
      this.#leave(call).catch((error: unknown) =>
        options.log.error({ err: error, call_id: call.id }, 'the end of a call was not complete'),
      )
    }
    this.#deps = { ...options.call, sessions: this.#sessions, gone }
  }

  live(callId: string): LiveCall | undefined {
    return this.#live.get(callId)
  }

  bySession(sessionId: string): LiveCall | undefined {
    return this.#sessions.get(sessionId)
  }

  all(): LiveCall[] {
    return [...this.#live.values()]
  }

  /** Takes a call up, counted by the limits. Throws UserError LIMIT_REACHED; OperationalError while the server stops. */
  adopt(birth: CallBirth): LiveCall {
    if (this.#closing) throw new OperationalError('the server is stopping; no call can be made')
    const { limits } = this.#options
    limits?.enter(birth.row.customer_id, birth.row.direction)
    const call = new LiveCall(birth, this.#deps)
    this.#live.set(call.id, call)
    return call
  }

  /** An event of a session that is being made waits until `replay`. */
  await(sessionId: string): void {
    this.#early.set(sessionId, [])
  }

  replay(sessionId: string): void {
    const early = this.#early.get(sessionId) ?? []
    this.#early.delete(sessionId)
    for (const event of early) this.deliver(event)
  }

  deliver(event: SessionEvent): void {
    const early = this.#early.get(event.sessionId)
    if (early !== undefined) {
      early.push(event)
      return
    }
    const call = this.#sessions.get(event.sessionId)
    if (call !== undefined) this.spawn(call.onSession(event), event.sessionId)
  }

  /** A failure of one call's procedure ends that call, never the server. */
  spawn(work: Promise<unknown>, sessionId: string): void {
    work.catch((error: unknown) => {
      this.#options.log.error({ err: error, session_id: sessionId }, 'call procedure failed')
      this.#early.delete(sessionId)
      const call = this.#sessions.get(sessionId)
      if (call !== undefined) void call.hangup('failed')
      else this.#deps.signalling.command({ kind: 'terminate', sessionId, status: 500 })
    })
  }

  /** Hangs up every call for which `chosen` is true. */
  async hangup(reason: HangupReason, chosen: (call: LiveCall) => boolean = () => true): Promise<void> {
    await Promise.all(
      this.all()
        .filter(chosen)
        .map((call) => call.hangup(reason)),
    )
  }

  /** Refuses new calls and hangs every call up; resolves when the last one is gone. Silent phones are given up after `patienceMs`. */
  async drain(patienceMs: number): Promise<void> {
    this.#closing = true
    if (this.#live.size === 0) return
    const { clock, log } = this.#options
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
    })
    const timer = clock.after(patienceMs, () => {
      log.warn({ calls: this.#live.size }, 'some phones did not answer their BYE; giving them up')
      const end = { by: 'timeout', status: 408, reason: 'server stopped' } as const
      for (const call of this.#live.values()) call.lose(end)
    })
    void this.hangup('normal')
    await drained
    timer.cancel()
  }

  async #leave(call: LiveCall): Promise<void> {
    const { flows, limits } = this.#options
    try {
      await flows.stop(call.row.activeflow_id)
      await call.saved
    } finally {
      this.#live.delete(call.id)
      limits?.leave(call.customerId, call.direction)
      if (this.#live.size === 0) this.#drained?.()
    }
  }
}
