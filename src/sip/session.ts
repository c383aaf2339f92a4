// A session: one INVITE usage from its INVITE to its end (RFC 3261 §13-15). Binds the parts to the state table, takes the commands of
// the user above and the requests of the far end.
import { step } from '../base/machine.ts'
import { Authentication } from './authentication.ts'
import { type Dialog, heardFrom, takeSequence } from './dialog.ts'
import { sendInDialog } from './dialog-request.ts'
import type { TransportFlow } from './flow.ts'
import type { InviteCommand } from './invite-request.ts'
import { type Header, header, type SipRequest } from './message.ts'
import { OfferAnswer } from './offer-answer.ts'
import { dialogFault } from './request-checks.ts'
import { acceptHeader, allowHeader, decodeBody, responseTo, supportedHeader } from './response.ts'
import { bodyType } from './session-description.ts'
import { endByRequest } from './session-end.ts'
import { InviteClient } from './session-invite-client.ts'
import { InviteServer } from './session-invite-server.ts'
import { Modification } from './session-modify.ts'
import { type SessionState, type SessionStateEvent, sessionTable } from './session-state.ts'
import { SessionTimer, type SessionTimerActions } from './session-timer.ts'
import type { SessionHost, Usage } from './session-usage.ts'
import type { ServerTransaction } from './transaction-server-side.ts'
import type { Command, SessionEnd } from './user-agent-io.ts'

/** Commands to one running session. */
export type SessionCommand = Exclude<
  Command,
  { kind: 'invite' | 'drain' | 'respond' | 'options' | 'answerRefer' | 'referProgress' }
>

/** Bodies of INFO that carry DTMF. */
const infoTypes: readonly string[] = ['application/dtmf-relay', 'application/dtmf']

export class Session implements Usage, SessionTimerActions {
  readonly id: string
  readonly host: SessionHost
  readonly offers = new OfferAnswer()
  readonly timer: SessionTimer
  readonly authentication: Authentication
  dialog: Dialog | undefined
  localDescription: string | undefined
  remoteDescription: string | undefined
  #state: SessionState
  #client: InviteClient | undefined
  /** Until the ACK for its 2xx. */
  #server: InviteServer | undefined
  readonly #modification: Modification
  /** Of the terminate command, for a BYE that must wait. */
  #endHeaders: readonly Header[] = []

  private constructor(id: string, host: SessionHost, start: { state: SessionState; command?: InviteCommand }) {
    this.id = id
    this.host = host
    this.#state = start.state
    this.authentication = new Authentication(start.command?.credentials, host)
    this.#modification = new Modification(this)
    this.timer = new SessionTimer(host.timers, this)
  }

  /** Sends the INVITE. */
  static invite(host: SessionHost, command: InviteCommand): Session {
    const session = new Session(command.sessionId, host, { state: 'calling', command })
    session.#client = new InviteClient(session, command)
    session.#client.send()
    return session
  }

  /** Takes an INVITE that passed the checks. */
  static incoming(host: SessionHost, transaction: ServerTransaction, replacesSessionId?: string): Session {
    const session = new Session(host.token(32), host, { state: 'incoming' })
    session.#server = new InviteServer(session, transaction)
    session.#server.start(replacesSessionId)
    return session
  }

  get state(): SessionState {
    return this.#state
  }

  get localTag(): string | undefined {
    return this.dialog?.localTag
  }

  move(event: SessionStateEvent): boolean {
    const taken = step(sessionTable, this.#state, { kind: event }, undefined)
    this.#state = taken.to
    const level = taken.outcome === 'bug' ? 'warn' : 'debug'
    this.host.note(level, 'session', { session: this.id, event, ...taken })
    return taken.outcome === 'moved'
  }

  command(command: SessionCommand): void {
    const done = this.#command(command)
    if (!done)
      this.host.note('warn', 'command out of place', { session: this.id, command: command.kind, state: this.#state })
  }

  request(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction
    if (!takeSequence(dialog, request)) {
      transaction.respond(responseTo(request, 500, { headers: [this.host.product] }))
      return
    }
    heardFrom(dialog, request, transaction.flow)
    const fault = dialogFault(request)
    if (fault !== undefined) {
      transaction.respond(responseTo(request, fault.status, { headers: fault.headers }))
      return
    }
    switch (request.method) {
      case 'BYE':
        this.#bye(transaction)
        return
      case 'INVITE':
      case 'UPDATE':
        this.#change(transaction, dialog)
        return
      case 'PRACK':
        this.#prack(transaction)
        return
      case 'INFO':
        this.#info(transaction)
        return
      case 'REFER':
        this.host.refer(this, dialog, transaction)
        return
      default:
        transaction.respond(
          responseTo(request, 200, { headers: [allowHeader, acceptHeader, supportedHeader, this.host.product] }),
        )
        return
    }
  }

  ack(request: SipRequest, flow: TransportFlow): void {
    if (this.#server?.ack(request, flow) === true) this.#server = undefined
    else this.#modification.ack(request)
  }

  cancelled(transaction: ServerTransaction, cancel: SipRequest): void {
    if (this.#server?.cancelled(transaction, cancel) !== true) this.#modification.cancelled(transaction)
  }

  bye(headers: readonly Header[] = this.#endHeaders): void {
    if (this.dialog === undefined) return
    const failed = (why: string): void => this.host.note('debug', 'BYE failed', { session: this.id, why })
    sendInDialog(this, this.dialog, { method: 'BYE', headers, final: () => undefined, failed })
  }

  finish(end: SessionEnd): void {
    this.#state = 'ended'
    this.timer.stop()
    this.#modification.close()
    this.#client?.close()
    this.#server?.close()
    if (this.dialog !== undefined) this.host.unbind(this.dialog)
    this.host.emit({ kind: 'ended', sessionId: this.id, end })
    this.host.forget(this.id)
  }

  settled(): void {
    this.#modification.settled()
  }

  #command(command: SessionCommand): boolean {
    switch (command.kind) {
      case 'progress':
        this.#server?.progress(command.status, command.answer)
        return this.#server !== undefined
      case 'accept':
        this.#server?.accept(command.description)
        return this.#server !== undefined
      case 'reject':
        return this.#reject(command.status, command.headers)
      case 'answer':
        return this.#client?.answer(command.description) === true || this.#modification.answer(command.description)
      case 'refuseOffer':
        return this.#refuseOffer(command.status)
      case 'reinvite':
        this.#modification.offer(command.offer)
        return true
      case 'terminate':
        return this.#terminate(command.status, command.headers)
    }
  }

  #reject(status: number, headers: readonly Header[] = []): boolean {
    if (this.#server === undefined || this.#state !== 'incoming' || status < 300 || status > 699) return false
    this.#server.refuse(status, headers)
    this.move('failure')
    this.finish({ by: 'local', status, reason: 'rejected' })
    return true
  }

  #refuseOffer(status: number): boolean {
    if (this.#client?.mustAnswer !== true) return this.#modification.refuse(status)
    // An offer in a 2xx or reliable response cannot be refused, only answered: the session ends (§13.2.2.4).
    return this.#state === 'answering' ? this.#terminate(status) : this.#terminate()
  }

  #terminate(status?: number, headers: readonly Header[] = []): boolean {
    const before = this.#state
    if (before === 'incoming') return this.#reject(status !== undefined && status >= 300 ? status : 480, headers)
    if (!this.move('terminate')) return false
    this.#endHeaders = headers
    if (this.#state === 'cancelling' || this.#state === 'cancelPending') this.#client?.cancel(headers)
    if (this.#state !== 'ended') return true
    if (before === 'answering') this.#client?.decline()
    this.bye(headers)
    this.finish({ by: 'local', status: before === 'answering' ? (status ?? 0) : 0, reason: 'terminated' })
    return true
  }

  #bye(transaction: ServerTransaction): void {
    const { request } = transaction
    transaction.respond(responseTo(request, 200, { headers: [this.host.product] }))
    const before = this.#state
    if (before === 'calling' || before === 'proceeding') return void this.#terminate()
    if (before === 'incoming') this.#server?.refuse(487)
    if (before === 'answering') this.#client?.decline()
    if (this.move('gone')) this.finish(endByRequest(request, before === 'incoming' ? 487 : 0, 'BYE'))
  }

  #change(transaction: ServerTransaction, dialog: Dialog): void {
    // Another fork's early dialog: its offers would mix with those of the latest.
    if (dialog !== this.dialog) {
      transaction.respond(responseTo(transaction.request, 500, { headers: [{ name: 'Retry-After', value: '5' }] }))
      return
    }
    this.#modification.receive(transaction)
  }

  #prack(transaction: ServerTransaction): void {
    if (this.#server === undefined) {
      transaction.respond(responseTo(transaction.request, 481))
      return
    }
    this.#server.prack(transaction, (held, offer) => this.#modification.hold(held, offer))
  }

  #info(transaction: ServerTransaction): void {
    const { request } = transaction
    const contentType = bodyType(request)
    if (header(request, 'Info-Package') !== undefined) {
      // RFC 6086 §4.2.2: we take part in no package.
      transaction.respond(responseTo(request, 469, { headers: [{ name: 'Recv-Info', value: '' }] }))
      return
    }
    if (contentType !== undefined && !infoTypes.includes(contentType)) {
      const headers = [{ name: 'Accept', value: infoTypes.join(', ') }]
      transaction.respond(responseTo(request, 415, { headers }))
      return
    }
    transaction.respond(responseTo(request, 200, { headers: [this.host.product] }))
    if (contentType === undefined) return
    this.host.emit({ kind: 'info', sessionId: this.id, contentType, body: decodeBody(request.body) })
  }

  refresh(): void {
    this.#modification.refresh()
  }

  expire(): void {
    if (!this.move('gone')) return
    this.bye([{ name: 'Reason', value: 'SIP;cause=408;text="Session timer expired"' }])
    this.finish({ by: 'timeout', status: 408, reason: 'session timer expired' })
  }
}
