// Changes of a running session (RFC 3261 §14, RFC 3311): re-INVITE and UPDATE both ways, one open offer at a time, glare, and the
// refreshes of session timers.
import { parseCSeq } from './cseq.ts'
import { dialogRequest } from './dialog.ts'
import { credentialsOf, sendInDialog } from './dialog-request.ts'
import { type Header, header, type SipRequest, type SipResponse } from './message.ts'
import { allowHeader, responseTo, supportedHeader } from './response.ts'
import { descriptionOf } from './session-description.ts'
import { endByFailure, endByResponse } from './session-end.ts'
import {
  answerInterval,
  intervalOfResponse,
  isIntervalTooSmall,
  minSeOf,
  requestTimerHeaders,
} from './session-timer.ts'
import type { Sent, SessionHost, Usage } from './session-usage.ts'
import { SuccessRetransmission } from './success-retransmission.ts'
import { type Deadline, transactionLifetime } from './timers.ts'
import type { ClientTransaction } from './transaction-client-side.ts'
import type { ServerTransaction } from './transaction-server-side.ts'

/** An offer of theirs, or a request for ours, that waits for the answer command. */
interface Open {
  readonly transaction: ServerTransaction
  /** Their re-INVITE had no body: our 2xx offers, and the ACK must answer. */
  readonly offerWanted: boolean
  readonly giveUp: Deadline
}

/** A 2xx to their re-INVITE that waits for its ACK. */
interface Unacknowledged {
  readonly sequence: number
  readonly offered: boolean
  readonly success: SuccessRetransmission
}

/** A refresh that was refused for the moment is tried again, until the session expires, ms. */
const refreshAgain = 30_000

interface Change {
  readonly description: string
  /** Asked for by the session timer: its outcome is nobody's news. */
  readonly refresh: boolean
}

export class Modification {
  readonly #usage: Usage
  readonly #host: SessionHost
  #open: Open | undefined
  #unacknowledged: Unacknowledged | undefined
  /** A request of ours is under way. */
  #sending = false
  /** The transaction of our last re-INVITE. */
  #invite: (() => ClientTransaction) | undefined
  #queued: Change | undefined
  #retry: Deadline | undefined
  #minSe: number | undefined
  #refreshWaits = false

  constructor(usage: Usage) {
    this.#usage = usage
    this.#host = usage.host
  }

  get #busy(): boolean {
    return (
      this.#usage.state !== 'established' ||
      this.#usage.offers.state !== 'idle' ||
      this.#sending ||
      this.#open !== undefined ||
      this.#unacknowledged !== undefined ||
      this.#retry !== undefined
    )
  }

  /** Offers by re-INVITE as soon as nothing else is open; of several that wait, the last one goes. */
  offer(description: string): void {
    this.#queued = { description, refresh: false }
    this.settled()
  }

  /** RFC 4028 §7.4: UPDATE where the far end takes it, else re-INVITE with what is in force. */
  refresh(): void {
    this.#refreshWaits = true
    this.settled()
  }

  /** Sends what waited, when nothing is open. */
  settled(): void {
    if (this.#busy) return
    const { dialog, localDescription } = this.#usage
    const queued = this.#queued
    if (dialog === undefined) return
    if (queued !== undefined) {
      this.#queued = undefined
      this.#refreshWaits = false
      this.#sendInvite(queued)
    } else if (this.#refreshWaits) {
      this.#refreshWaits = false
      if (dialog.takesUpdate) this.#sendUpdate()
      else if (localDescription !== undefined) this.#sendInvite({ description: localDescription, refresh: true })
    }
  }

  /** A re-INVITE or UPDATE of theirs. */
  receive(transaction: ServerTransaction): void {
    const { request } = transaction
    if (isIntervalTooSmall(request, this.#host.limits)) {
      const headers = [{ name: 'Min-SE', value: String(this.#host.limits.minSessionExpires) }]
      transaction.respond(responseTo(request, 422, { headers }))
      return
    }
    const description = descriptionOf(request)
    const isInvite = request.method === 'INVITE'
    const refusal = isInvite || description !== undefined ? this.#glare(isInvite) : undefined
    if (refusal !== undefined) {
      this.#refuseForNow(transaction, refusal)
      return
    }
    if (!isInvite && description === undefined) {
      this.#succeed(transaction)
      return
    }
    if (isInvite) transaction.respond(responseTo(request, 100))
    this.hold(transaction, description)
  }

  /** Hands an offer to the user of the session and keeps the transaction until the answer. False when an offer is open already. */
  hold(transaction: ServerTransaction, description: string | undefined): boolean {
    if (description !== undefined && !this.#usage.offers.take('offerReceived')) return false
    const giveUp = this.#host.timers.after(transactionLifetime, 'answer to an offer', () => this.refuse(500))
    this.#open = { transaction, offerWanted: description === undefined, giveUp }
    const sessionId = this.#usage.id
    this.#host.emit(
      description === undefined ? { kind: 'offerRequested', sessionId } : { kind: 'offer', sessionId, description },
    )
    if (description !== undefined) this.#usage.remoteDescription = description
    return true
  }

  /** False when no offer waits. */
  answer(description: string): boolean {
    const open = this.#takeOpen()
    if (open === undefined) return false
    this.#usage.localDescription = description
    this.#usage.offers.take(open.offerWanted ? 'offerSent' : 'answerSent')
    this.#succeed(open.transaction, { description, offered: open.offerWanted })
    this.#usage.settled()
    return true
  }

  /** Refuses what waits; the session goes on unchanged. False when nothing waits. */
  refuse(status: number): boolean {
    const open = this.#takeOpen()
    if (open === undefined) return false
    this.#usage.offers.take('offerDropped')
    open.transaction.respond(responseTo(open.transaction.request, status, { headers: [this.#host.product] }))
    this.#usage.settled()
    return true
  }

  /** A CANCEL for their re-INVITE. */
  cancelled(transaction: ServerTransaction): boolean {
    return this.#open?.transaction === transaction && this.refuse(487)
  }

  ack(request: SipRequest): void {
    const waiting = this.#unacknowledged
    if (waiting === undefined || sequenceOf(request) !== waiting.sequence) return
    waiting.success.stop()
    this.#unacknowledged = undefined
    if (waiting.offered) {
      const answer = descriptionOf(request)
      this.#usage.offers.take(answer === undefined ? 'offerDropped' : 'answerReceived')
      if (answer === undefined) {
        this.#end({ status: 488, reason: 'no answer in the ACK' })
        return
      }
      this.#usage.remoteDescription = answer
      this.#host.emit({ kind: 'confirmed', sessionId: this.#usage.id, answer })
    }
    this.#usage.settled()
  }

  /** §15.1.2: what is pending when the session ends gets 487. */
  close(): void {
    const open = this.#takeOpen()
    open?.transaction.respond(responseTo(open.transaction.request, 487))
    this.#unacknowledged?.success.stop()
    this.#host.timers.cancel(this.#retry)
    this.#queued = undefined
    this.#refreshWaits = false
    if (this.#sending) this.#forgetInviteLater()
  }

  /** A far end that ended the session may never answer our re-INVITE; a late 2xx still gets its ACK for a while. */
  #forgetInviteLater(): void {
    const invite = this.#invite
    if (invite === undefined) return
    this.#host.timers.after(transactionLifetime, 're-INVITE of an ended session', () => {
      if (invite().state === 'calling' || invite().state === 'proceeding') invite().abandon()
    })
  }

  /** RFC 3261 §14.2, RFC 3311 §5.2, RFC 6337 §4: the status for an offer that comes at the wrong time. */
  #glare(isInvite: boolean): 491 | 500 | undefined {
    if (this.#open !== undefined || this.#usage.offers.state === 'remoteOffer') return 500
    if (this.#usage.offers.state === 'localOffer' || (isInvite && this.#sending)) return 491
    return isInvite && this.#usage.state === 'incoming' ? 500 : undefined
  }

  #refuseForNow(transaction: ServerTransaction, status: 491 | 500): void {
    const seconds = Number.parseInt(this.#host.token(2), 16) % 11
    const headers = status === 500 ? [{ name: 'Retry-After', value: String(seconds) }] : []
    transaction.respond(responseTo(transaction.request, status, { headers }))
  }

  #takeOpen(): Open | undefined {
    const open = this.#open
    this.#open = undefined
    this.#host.timers.cancel(open?.giveUp)
    return open
  }

  /** 2xx to their re-INVITE, UPDATE, or PRACK with an offer. */
  #succeed(transaction: ServerTransaction, sdp?: { readonly description: string; readonly offered: boolean }): void {
    const { request } = transaction
    const confirmed = this.#usage.dialog?.confirmed === true
    const timed = request.method === 'PRACK' || !confirmed ? undefined : answerInterval(request, this.#host.limits)
    const headers: Header[] = [
      this.#host.contact(transaction.flow, transaction.request.uri),
      allowHeader,
      supportedHeader,
      this.#host.product,
      ...(timed?.headers ?? []),
    ]
    const response = responseTo(request, 200, { headers, ...(sdp && { description: sdp.description }) })
    if (timed !== undefined) this.#usage.timer.set(timed.interval)
    if (request.method !== 'INVITE') {
      transaction.respond(response)
      return
    }
    this.#unacknowledged?.success.stop()
    const success = new SuccessRetransmission({
      timers: this.#host.timers,
      transaction,
      response,
      gaveUp: () => this.#end({ status: 408, reason: 'no ACK for the 2xx', by: 'timeout' }),
    })
    this.#unacknowledged = { sequence: sequenceOf(request), offered: sdp?.offered ?? false, success }
  }

  #sendUpdate(): void {
    const { dialog } = this.#usage
    if (dialog === undefined) return
    this.#sending = true
    sendInDialog(this.#usage, dialog, {
      method: 'UPDATE',
      headers: this.#timerHeaders(),
      final: (response) => {
        this.#sending = false
        if (response.status < 300) this.#usage.timer.set(intervalOfResponse(response))
        else if (response.status === 405 || response.status === 501) this.#updateUnknown()
        else this.#refused(response, undefined)
        this.#usage.settled()
      },
      failed: (why) => this.#failed(why),
    })
  }

  /** The far end takes no UPDATE in spite of its Allow: by re-INVITE then. */
  #updateUnknown(): void {
    const { dialog } = this.#usage
    if (dialog !== undefined) dialog.takesUpdate = false
    this.#refreshWaits = true
  }

  #sendInvite(change: Change): void {
    const { dialog } = this.#usage
    if (dialog === undefined || !this.#usage.offers.take('offerSent')) return
    this.#sending = true
    let ack: Sent | undefined
    this.#invite = sendInDialog(this.#usage, dialog, {
      method: 'INVITE',
      headers: this.#timerHeaders(),
      description: change.description,
      final: (response, request) => {
        if (ack !== undefined) return this.#host.resend(ack)
        if (response.status >= 300) return this.#changeRefused(response, change)
        const headers = [...credentialsOf(request), this.#host.product]
        ack = this.#host.sendAck(
          dialogRequest(dialog, 'ACK', { headers, sequence: sequenceOf(request) }),
          this.#host.flowOf(dialog),
        )
        this.#changed(response, change)
      },
      failed: (why) => this.#failed(why),
    })
  }

  #changed(response: SipResponse, change: Change): void {
    if (this.#usage.state === 'ended') return
    this.#sending = false
    const description = descriptionOf(response)
    this.#usage.offers.take(description === undefined ? 'offerDropped' : 'answerReceived')
    if (description === undefined) {
      this.#end({ status: 488, reason: 'no answer in the 2xx' })
      return
    }
    const news = !change.refresh || description !== this.#usage.remoteDescription
    this.#usage.localDescription = change.description
    this.#usage.remoteDescription = description
    this.#usage.timer.set(intervalOfResponse(response))
    if (news) this.#host.emit({ kind: 'answer', sessionId: this.#usage.id, description, status: response.status })
    this.#usage.settled()
  }

  #changeRefused(response: SipResponse, change: Change): void {
    if (this.#usage.state === 'ended') return
    this.#sending = false
    this.#usage.offers.take('offerDropped')
    this.#refused(response, change)
    this.#usage.settled()
  }

  /** A request of ours got a final response that is no 2xx. `change` is absent for UPDATE. */
  #refused(response: SipResponse, change: Change | undefined): void {
    const { status } = response
    if (this.#usage.state === 'ended') return
    if (status === 481 || status === 408) {
      this.#lost(response)
      return
    }
    const minSe = status === 422 ? minSeOf(response) : undefined
    if (status === 491) {
      this.#retryLater(change)
      return
    }
    if (minSe !== undefined && minSe > (this.#minSe ?? 0)) {
      this.#minSe = minSe
      if (change?.refresh === false) this.#queued ??= change
      else this.#refreshWaits = true
    } else if (change?.refresh === false) {
      this.#host.emit({ kind: 'answer', sessionId: this.#usage.id, status })
    } else {
      this.#host.note('warn', 'session refresh refused', { session: this.#usage.id, status })
      this.#usage.timer.refreshLater(refreshAgain)
    }
  }

  /** §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s, in units of 10 ms. */
  #retryLater(change: Change | undefined): void {
    const random = Number.parseInt(this.#host.token(6), 16)
    const ms = this.#usage.dialog?.role === 'uac' ? 2100 + 10 * (random % 191) : 10 * (random % 201)
    if (change?.refresh === false) this.#queued ??= change
    else this.#refreshWaits = true
    this.#retry = this.#host.timers.after(ms, 'retry after 491', () => {
      this.#retry = undefined
      this.#usage.settled()
    })
  }

  #failed(why: 'timeout' | 'transport'): void {
    if (this.#usage.state === 'ended') return
    this.#usage.move('gone')
    this.#usage.bye()
    this.#usage.finish(endByFailure(why, 'no response to a request in the dialog'))
  }

  #lost(response: SipResponse): void {
    this.#usage.move('gone')
    this.#usage.bye()
    this.#usage.finish(endByResponse(response))
  }

  #end(how: { readonly status: number; readonly reason: string; readonly by?: 'timeout' }): void {
    this.#usage.move('gone')
    this.#usage.bye()
    this.#usage.finish({ by: how.by ?? 'local', status: how.status, reason: how.reason })
  }

  #timerHeaders(): Header[] {
    const { interval } = this.#usage.timer
    return requestTimerHeaders(this.#host.limits, interval, this.#minSe)
  }
}

const sequenceOf = (request: SipRequest): number => parseCSeq(header(request, 'CSeq') ?? '')?.number ?? 0
