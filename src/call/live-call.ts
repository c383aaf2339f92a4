// One call while it is alive: its row, its state machine, its media and its SIP session. What a flow may do with a call is here.
import { type HangupReason, UserError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { step } from '../base/machine.ts'
import { Scope } from '../base/scope.ts'
import type { Clock } from '../base/time.ts'
import type { Ledger, NewEvent } from '../event/ledger.ts'
import type { FlowCall } from '../flow/ports.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { Address } from '../schema/address.ts'
import type { CallStatus } from '../schema/call.ts'
import type { Action } from '../schema/flow.ts'
import type { CallRow } from '../schema/rows.ts'
import type { SessionEnd, SessionEvent } from '../sip/user-agent-io.ts'
import { CallMedia } from './call-media.ts'
import { callEvent } from './call-row.ts'
import { type CallEvent, callTable } from './call-state.ts'
import { hangupVerdict } from './hangup-reason.ts'
import type { Signalling } from './ports.ts'
import { refusalStatus } from './refusal-status.ts'

export interface LiveCallDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly engine: MediaEngine
  readonly signalling: Signalling
  readonly log: Log
  readonly publicIp: string
  readonly maxCallSeconds: number
  /** Dial timeout of unanswered outgoing calls. */
  readonly dialTimeoutMs: number
  readonly hangupReasonOf: (customerId: string, callId: string) => Promise<HangupReason>
}

export interface CallBirth {
  readonly row: CallRow
  /** The SIP core's name for the session. */
  readonly sessionId: string
  /** The far end's first offer of an incoming call; undefined for a late offer and for outgoing calls. */
  readonly offer: string | undefined
  /** Dialled by TLS: our offers ask for SRTP. */
  readonly secure?: boolean
}

/** Tone of the `beep` action. */
const beepTone = { frequency: 1000, durationMs: 500, levelDbov: -16 }

export class LiveCall implements FlowCall {
  readonly media: CallMedia
  readonly sessionId: string
  readonly #deps: LiveCallDeps
  readonly #scope = new Scope()
  readonly #offer: string | undefined
  readonly #answered = Promise.withResolvers<void>()
  #row: CallRow
  #answering: Promise<void> | undefined
  #wanted: HangupReason = ''
  #saved: Promise<unknown> = Promise.resolve()

  constructor({ row, sessionId, offer, secure = false }: CallBirth, deps: LiveCallDeps) {
    this.#row = row
    this.sessionId = sessionId
    this.#offer = offer
    this.#deps = deps
    this.media = new CallMedia({ engine: deps.engine, legId: row.leg_id, publicIp: deps.publicIp, secure })
    this.#answered.promise.catch(() => undefined)
    const life = deps.clock.after(deps.maxCallSeconds * 1000, () => void this.hangup('timeout'))
    this.#scope.own(() => life.cancel())
  }

  get id(): string {
    return this.#row.id
  }

  get customerId(): string {
    return this.#row.customer_id
  }

  get direction(): 'incoming' | 'outgoing' {
    return this.#row.direction
  }

  get source(): Address {
    return this.#row.source
  }

  get destination(): Address {
    return this.#row.destination
  }

  get masterCallId(): string {
    return this.#row.master_call_id
  }

  get legId(): string {
    return this.#row.leg_id
  }

  get row(): CallRow {
    return this.#row
  }

  /** Aborted when the call is over. */
  get ended(): AbortSignal {
    return this.#scope.signal
  }

  /** Resolves when all that was written of this call so far is stored. */
  get saved(): Promise<unknown> {
    return this.#saved
  }

  status(): CallStatus {
    return this.#row.status
  }

  /** Stores the new call with the events of its birth. */
  async begin(): Promise<void> {
    const first = this.direction === 'incoming' ? 'ringing' : 'dialing'
    await this.#deps.ledger.commit([
      { insert: 'call', row: this.#row },
      { event: callEvent('created', this.#row) },
      { event: callEvent(first, this.#row) },
    ])
    if (this.direction === 'outgoing') {
      const timer = this.#deps.clock.after(this.#deps.dialTimeoutMs, () => {
        if (this.#row.status === 'dialing' || this.#row.status === 'ringing') void this.hangup('noanswer')
      })
      this.#scope.own(() => timer.cancel())
    }
  }

  answer(): Promise<void> {
    if (this.direction === 'outgoing') return this.#answered.promise
    this.#answering ??= this.#answer()
    return this.#answering
  }

  async hangup(reason: HangupReason): Promise<void> {
    const { status } = this.#row
    if (status === 'hangup' || status === 'terminating' || status === 'canceling') return
    this.#wanted = reason === '' ? 'normal' : reason
    const unanswered = this.direction === 'outgoing' && status !== 'progressing'
    this.#move({ kind: unanswered ? 'cancel' : 'terminate' })
    this.#deps.signalling.command({ kind: 'terminate', sessionId: this.sessionId, status: refusalStatus(this.#wanted) })
    await this.#saved
  }

  hangupReasonOf(callId: string): Promise<HangupReason> {
    return this.#deps.hangupReasonOf(this.customerId, callId)
  }

  async echo(durationMs: number, signal: AbortSignal): Promise<void> {
    await this.answer()
    const { engine, clock } = this.#deps
    await engine.request({ kind: 'echo', legId: this.legId, on: true })
    await new Promise<void>((resolve) => {
      const timer = clock.after(durationMs, resolve)
      const stop = (): void => {
        timer.cancel()
        resolve()
      }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })
    if (!this.ended.aborted) await engine.request({ kind: 'echo', legId: this.legId, on: false })
  }

  async beep(signal: AbortSignal): Promise<void> {
    await this.answer()
    if (!signal.aborted) await this.#deps.engine.request({ kind: 'tone', legId: this.legId, tone: beepTone })
  }

  actionChanged(action: Action): void {
    if (this.#row.status === 'hangup') return
    this.#save({ action }, [])
  }

  /** Takes what the SIP session reports. */
  async onSession(event: SessionEvent): Promise<void> {
    switch (event.kind) {
      case 'progress':
        if (event.status === 180 || event.status === 183) this.#move({ kind: 'alerting' })
        return
      case 'accepted':
        return this.#accepted(event.answer)
      case 'confirmed':
        if (event.answer !== undefined) await this.#usable(event.answer)
        return
      case 'answer':
        if (event.description !== undefined) await this.#usable(event.description)
        return
      case 'offer':
        return this.#offered(event.description)
      case 'offerRequested':
        return this.#deps.signalling.command({
          kind: 'answer',
          sessionId: this.sessionId,
          description: this.media.description,
        })
      case 'ended':
        return this.#gone(event.end)
      case 'info':
      case 'incoming':
        return
    }
  }

  /** Lets go of a call that never came to be: nothing of it was stored or signalled. */
  async discard(): Promise<void> {
    await this.#scope.close('call could not be set up')
    await this.media.close()
  }

  /** The far end fell silent without a word: ask whether it is still there. A session that is gone ends by that request. */
  probe(): void {
    if (this.#row.status !== 'progressing') return
    this.#deps.log.info({ call_id: this.id }, 'no media from the phone; asking whether it is still there')
    this.#deps.signalling.command({ kind: 'reinvite', sessionId: this.sessionId, offer: this.media.description })
  }

  async #answer(): Promise<void> {
    if (this.#row.status !== 'ringing')
      throw new UserError('CALL_ALREADY_HANGUP', `call ${this.id} is ${this.#row.status}`)
    const { signalling } = this.#deps
    if (this.#offer === undefined) {
      signalling.command({ kind: 'accept', sessionId: this.sessionId, description: this.media.offer() })
      this.#move({ kind: 'answered' })
      return this.#answered.promise
    }
    const answered = await this.media.answer(this.#offer)
    if (!answered.ok) {
      signalling.command({ kind: 'reject', sessionId: this.sessionId, status: answered.status })
      throw new UserError('CALL_STATE_INVALID', `call ${this.id} cannot be answered: ${answered.reason}`)
    }
    if (this.#row.status !== 'ringing')
      throw new UserError('CALL_ALREADY_HANGUP', `call ${this.id} is ${this.#row.status}`)
    signalling.command({ kind: 'accept', sessionId: this.sessionId, description: answered.description })
    this.#move({ kind: 'answered' })
    this.#answered.resolve()
  }

  async #accepted(answer: string | undefined): Promise<void> {
    if (answer === undefined || !(await this.#usable(answer))) return
    this.#move({ kind: 'answered' })
  }

  /** Applies the far end's answer; a call whose media cannot be agreed on ends. */
  async #usable(answer: string): Promise<boolean> {
    if (this.ended.aborted) return false
    if (await this.media.accept(answer)) {
      this.#answered.resolve()
      return true
    }
    this.#deps.log.warn({ call_id: this.id }, 'the answer cannot be used; ending the call')
    await this.hangup('failed')
    return false
  }

  async #offered(offer: string): Promise<void> {
    const { signalling } = this.#deps
    const answered = await this.media.answer(offer)
    if (answered.ok)
      signalling.command({ kind: 'answer', sessionId: this.sessionId, description: answered.description })
    else signalling.command({ kind: 'refuseOffer', sessionId: this.sessionId, status: answered.status })
  }

  async #gone(end: SessionEnd): Promise<void> {
    const verdict = hangupVerdict({ direction: this.direction, before: this.#row.status, end, wanted: this.#wanted })
    this.#move({ kind: 'gone' }, { hangup_by: verdict.by, hangup_reason: verdict.reason })
    this.#answered.reject(new UserError('CALL_ALREADY_HANGUP', `call ${this.id} is over`))
    await this.#scope.close(`call ended: ${verdict.reason}`)
    const statistics = await this.media.close()
    this.#deps.log.info(
      { call_id: this.id, by: verdict.by, reason: verdict.reason, sip_status: end.status, media: statistics },
      'call ended',
    )
  }

  #move(event: CallEvent, fields: Partial<CallRow> = {}): void {
    const { from, to, outcome } = step(callTable, this.#row.status, event, undefined)
    if (outcome === 'bug')
      this.#deps.log.error({ call_id: this.id, status: from, event: event.kind }, 'impossible call event')
    if (outcome !== 'moved') return
    const at = this.#deps.ledger.timestamp()
    const stamps: Partial<Record<CallStatus, Partial<CallRow>>> = {
      ringing: { tm_ringing: at },
      progressing: { tm_progressing: at },
      hangup: { tm_hangup: at },
    }
    this.#save({ ...fields, ...stamps[to], status: to, tm_update: at }, [to])
    this.#deps.log.info({ call_id: this.id, from, to }, 'call')
  }

  /** Writes fields and the events that report them. Commits keep their order, so nothing waits here. */
  #save(set: Partial<CallRow>, words: readonly string[]): void {
    this.#row = { ...this.#row, ...set }
    const events: { readonly event: NewEvent }[] = words.map((word) => ({ event: callEvent(word, this.#row) }))
    const saved = this.#deps.ledger.commit([{ update: 'call', id: this.id, set }, ...events])
    this.#saved = saved.catch((error: unknown) =>
      this.#deps.log.error({ err: error, call_id: this.id }, 'call state could not be stored'),
    )
  }
}
