// One call while it is alive: its record, its media and its SIP session. What a flow may do with a call is here.
import { Deferred } from '../base/deferred.ts'
import { type HangupReason, OperationalError, UserError } from '../base/errors.ts'
import { Listeners } from '../base/listeners.ts'
import type { Log } from '../base/log.ts'
import { Scope } from '../base/scope.ts'
import type { Clock } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { CallAudio, FlowCall } from '../flow/ports.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { Address } from '../schema/address.ts'
import type { CallStatus } from '../schema/call.ts'
import type { Action } from '../schema/flow.ts'
import type { CallRow } from '../schema/rows.ts'
import type { CodecName } from '../sdp/media-plan.ts'
import type { Header } from '../sip/message.ts'
import type { SessionEnd, SessionEvent } from '../sip/user-agent-io.ts'
import { CallMedia } from './call-media.ts'
import { CallRecord } from './call-record.ts'
import { hangupVerdict } from './hangup-reason.ts'
import { IncomingOffer } from './incoming-offer.ts'
import { beepTo, echoTo } from './leg-sounds.ts'
import { type Invitation, OutboundLine } from './outbound-line.ts'
import type { Signalling } from './ports.ts'
import { refusalStatus } from './refusal-status.ts'

export interface LiveCallDeps {
  /** What may be used, the best first; all when absent. */
  readonly codecs?: readonly CodecName[]
  readonly ledger: Ledger
  readonly clock: Clock
  readonly engine: MediaEngine
  readonly signalling: Signalling
  readonly log: Log
  readonly publicIp: string
  readonly maxCallSeconds: number
  /** How long a way of an outgoing call may ring. */
  readonly dialTimeoutMs: number
  readonly hangupReasonOf: (customerId: string, callId: string) => Promise<HangupReason>
  /** The sound and keys of a call, for flows; absent where there are none. */
  readonly audio?: (call: LiveCall) => CallAudio
  /** Whose call a SIP session is; kept right by the calls themselves. */
  readonly sessions: Map<string, LiveCall>
  /** Told once, when a call is over and its media leg is closed. */
  readonly gone: (call: LiveCall) => void
}

export interface CallBirth {
  readonly row: CallRow
  /** An incoming call's session, and the far end's offer; undefined for a late one. */
  readonly incoming?: { readonly sessionId: string; readonly offer: string | undefined }
  readonly outgoing?: Invitation
}

/** Moments of a call's life, told as they happen; its end is told by `ended`. */
export type CallMoment = 'alerting' | 'answered' | 'earlyMedia'

export class LiveCall implements FlowCall {
  readonly media: CallMedia
  readonly record: CallRecord
  readonly #deps: LiveCallDeps
  readonly #scope = new Scope()
  /** Until it is answered. */
  #incoming: IncomingOffer | undefined
  readonly #line: OutboundLine | undefined
  readonly #answered = new Deferred()
  readonly #moments = new Listeners<[moment: CallMoment]>()
  readonly #infos = new Listeners<[contentType: string, body: string]>()
  #sessionId = ''
  #answering: Promise<void> | undefined
  #wanted: HangupReason = ''
  #ending: Promise<void> | undefined
  #audio: CallAudio | undefined
  #isGone = false

  constructor({ row, incoming, outgoing }: CallBirth, deps: LiveCallDeps) {
    this.#deps = deps
    this.record = new CallRecord(row, deps)
    this.media = new CallMedia({
      engine: deps.engine,
      legId: row.leg_id,
      publicIp: deps.publicIp,
      ...(deps.codecs && { codecs: deps.codecs }),
    })
    const { media } = this
    const { signalling, sessions } = deps
    if (incoming !== undefined) {
      this.#sessionId = incoming.sessionId
      sessions.set(incoming.sessionId, this)
      this.#incoming = new IncomingOffer({ ...incoming, media, signalling })
    }
    if (outgoing !== undefined)
      this.#line = new OutboundLine(outgoing, {
        callId: row.id,
        destination: row.destination,
        media,
        signalling,
        clock: deps.clock,
        timeoutMs: deps.dialTimeoutMs,
        silent: () => this.#isUnanswered() && void this.hangup('noanswer'),
      })
    const life = deps.clock.after(deps.maxCallSeconds * 1000, () => void this.hangup('timeout'))
    this.#scope.own(() => {
      life.cancel()
      this.#line?.rest()
    })
  }

  get id(): string {
    return this.row.id
  }

  get customerId(): string {
    return this.row.customer_id
  }

  get direction(): 'incoming' | 'outgoing' {
    return this.row.direction
  }

  get source(): Address {
    return this.row.source
  }

  get destination(): Address {
    return this.row.destination
  }

  get masterCallId(): string {
    return this.row.master_call_id
  }

  get legId(): string {
    return this.row.leg_id
  }

  /** Of the SIP session that it has now; empty while it has none. */
  get sessionId(): string {
    return this.#sessionId
  }

  /** Takes over fields that somebody else is committing, so that what the call writes next does not undo them. */
  amend(set: Partial<CallRow>): void {
    this.record.amend(set)
  }

  get row(): CallRow {
    return this.record.row
  }

  get audio(): CallAudio {
    this.#audio ??= this.#deps.audio?.(this)
    if (this.#audio === undefined) throw new OperationalError('calls have no sound on this server')
    return this.#audio
  }

  /** Aborted when the call is over; its row says why by then. */
  get ended(): AbortSignal {
    return this.#scope.signal
  }

  /** Resolves when all that was written of this call so far is stored. */
  get saved(): Promise<unknown> {
    return this.record.saved
  }

  status(): CallStatus {
    return this.row.status
  }

  /** Told of moments of the call, at once; answers how to stop it. */
  onMoment(listener: (moment: CallMoment) => void): () => void {
    return this.#moments.add(listener)
  }

  /** Told of INFO bodies that carry keys, until the answer is called. */
  onInfo(listener: (contentType: string, body: string) => void): () => void {
    return this.#infos.add(listener)
  }

  /** Sends the INVITE of an outgoing call. Nothing happens when it was hung up before. */
  ring(): void {
    if (this.row.status === 'dialing') this.#dialNext()
  }

  answer(): Promise<void> {
    if (this.#incoming === undefined) return this.#answered.promise
    this.#answering ??= this.#answer(this.#incoming)
    return this.#answering
  }

  /** Lets the caller hear what the leg plays before the call is answered (183 with a description). False when that cannot be. */
  async answerEarly(): Promise<boolean> {
    return this.#incoming !== undefined && this.row.status === 'ringing' && (await this.#incoming.early())
  }

  async hangup(reason: HangupReason, headers?: readonly Header[]): Promise<void> {
    const { status } = this.row
    if (status === 'hangup' || status === 'terminating' || status === 'canceling') return
    this.#wanted = reason === '' ? 'normal' : reason
    const unanswered = this.direction === 'outgoing' && status !== 'progressing'
    this.record.move({ kind: unanswered ? 'cancel' : 'terminate' })
    const { sessionId } = this
    // Not rung yet, or between two ways: there is nobody to tell.
    if (sessionId === '') this.#end({ by: 'local', status: 0, reason: 'hung up before it rang' })
    else {
      const told = { status: refusalStatus(this.#wanted), ...(headers !== undefined && { headers }) }
      this.#deps.signalling.command({ kind: 'terminate', sessionId, ...told })
    }
    await this.saved
  }

  hangupReasonOf(callId: string): Promise<HangupReason> {
    return this.#deps.hangupReasonOf(this.customerId, callId)
  }

  async echo(durationMs: number, signal: AbortSignal): Promise<void> {
    await this.answer()
    await echoTo(this, this.#deps, { durationMs, signal })
  }

  async beep(signal: AbortSignal): Promise<void> {
    await this.answer()
    if (!signal.aborted) await beepTo(this, this.#deps.engine)
  }

  actionChanged(action: Action): void {
    if (this.row.status !== 'hangup') this.record.write({ action }, [])
  }

  /** Takes what the SIP session reports. */
  async onSession(event: SessionEvent): Promise<void> {
    switch (event.kind) {
      case 'progress':
        return this.#progress(event.status, event.answer)
      case 'accepted':
        return this.#accepted(event.answer)
      case 'confirmed':
        if (event.answer !== undefined && (await this.#usable(event.answer))) this.#answered.resolve()
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
      case 'info':
        return this.#infos.tell(event.contentType, event.body)
      case 'ended':
        return this.#sessionEnded(event.end)
      default:
        return
    }
  }

  /** Lets go of a call that never came to be: nothing of it was stored or signalled. */
  async discard(): Promise<void> {
    this.#deps.sessions.delete(this.sessionId)
    await this.#scope.close('call could not be set up')
    await this.media.close()
    this.#leave()
  }

  /** Takes the far end for gone, whatever it may still say. */
  lose(end: SessionEnd): void {
    this.#deps.sessions.delete(this.sessionId)
    this.#end(end)
  }

  /** The far end fell silent without a word: ask whether it is still there. A session that is gone ends by that request. */
  probe(): void {
    if (this.row.status !== 'progressing') return
    this.#deps.log.info({ call_id: this.id }, 'no media from the phone; asking whether it is still there')
    this.#deps.signalling.command({ kind: 'reinvite', sessionId: this.sessionId, offer: this.media.description })
  }

  #dialNext(): boolean {
    const way = this.#line?.next()
    if (way === undefined) return false
    this.#sessionId = way.sessionId
    this.#deps.sessions.set(way.sessionId, this)
    way.send()
    return true
  }

  #isUnanswered(): boolean {
    return this.row.status === 'dialing' || this.row.status === 'ringing'
  }

  async #answer(incoming: IncomingOffer): Promise<void> {
    const late = incoming.isLate
    const accepted = await incoming.accept(() => this.row.status === 'ringing')
    if (!accepted.ok) {
      if (accepted.reason === '') throw new UserError('CALL_ALREADY_HANGUP', `call ${this.id} is ${this.row.status}`)
      throw new UserError('CALL_STATE_INVALID', `call ${this.id} cannot be answered: ${accepted.reason}`)
    }
    if (this.record.move({ kind: 'answered' }) !== undefined) this.#moments.tell('answered')
    // After our late offer the media is known when the ACK has answered it.
    if (!late) this.#answered.resolve()
    this.#incoming = undefined
    this.#answering = undefined
    return this.#answered.promise
  }

  async #progress(status: number, answer: string | undefined): Promise<void> {
    if (status !== 180 && status !== 183) return
    if (this.record.move({ kind: 'alerting' }) !== undefined) this.#moments.tell('alerting')
    if (answer === undefined || !this.#isUnanswered()) return
    if ((await this.media.accept(answer)) && this.#isUnanswered()) this.#moments.tell('earlyMedia')
  }

  async #accepted(answer: string | undefined): Promise<void> {
    this.#line?.rest()
    if (answer === undefined || !(await this.#usable(answer))) return
    if (this.record.move({ kind: 'answered' }) === undefined) return
    this.#answered.resolve()
    this.#moments.tell('answered')
  }

  /** Applies the far end's answer; a call whose media cannot be agreed on ends. */
  async #usable(answer: string): Promise<boolean> {
    if (this.ended.aborted) return false
    if (await this.media.accept(answer)) return true
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

  async #sessionEnded(end: SessionEnd): Promise<void> {
    this.#deps.sessions.delete(this.sessionId)
    this.#sessionId = ''
    const alerted = this.row.status === 'ringing'
    if (this.#line !== undefined && this.#isUnanswered()) {
      const goesOn = await this.#line.goesOn(end, alerted)
      if (goesOn && this.#isUnanswered() && this.#dialNext()) return
    }
    this.#end(end)
  }

  #end(end: SessionEnd): void {
    if (this.#ending !== undefined) return
    const verdict = hangupVerdict({ direction: this.direction, before: this.row.status, end, wanted: this.#wanted })
    this.record.move({ kind: 'gone' }, { hangup_by: verdict.by, hangup_reason: verdict.reason })
    this.#answered.reject(new UserError('CALL_ALREADY_HANGUP', `call ${this.id} is over`))
    this.#ending = this.#close(verdict, end.status)
    void this.#ending
      .catch((error: unknown) => this.#deps.log.error({ err: error, call_id: this.id }, 'call did not end cleanly'))
      .then(() => this.#leave())
  }

  /** Once, also for a call that ended while it was being discarded. */
  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#deps.gone(this)
  }

  async #close({ by, reason }: { by: string; reason: string }, sipStatus: number): Promise<void> {
    await this.#scope.close(`call ended: ${reason}`)
    const media = await this.media.close()
    this.#deps.log.info({ call_id: this.id, by, reason, sip_status: sipStatus, media }, 'call ended')
  }
}
