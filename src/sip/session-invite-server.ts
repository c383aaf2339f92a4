// The INVITE that starts a session of theirs (RFC 3261 §13.3): provisional responses, reliable ones included (RFC 3262 §3), the final
// response, the 2xx until its ACK, and CANCEL.
import { parseCSeq } from './cseq.ts'
import { type Dialog, heardFrom, uasDialog } from './dialog.ts'
import type { TransportFlow } from './flow.ts'
import { type Header, header, type SipRequest } from './message.ts'
import { ReliableProvisionals } from './reliable-provisional.ts'
import { allowHeader, responseTo, supportedHeader } from './response.ts'
import { descriptionOf } from './session-description.ts'
import { endByRequest } from './session-end.ts'
import { answerInterval, optionTags, supports } from './session-timer.ts'
import type { SessionHost, Usage } from './session-usage.ts'
import { SuccessRetransmission } from './success-retransmission.ts'
import type { Deadline } from './timers.ts'
import type { ServerTransaction } from './transaction-server-side.ts'

/** §13.3.1.1: proxies give up after three minutes without a provisional response. */
const keepAliveInterval = 60_000

export class InviteServer {
  readonly #usage: Usage
  readonly #host: SessionHost
  readonly #transaction: ServerTransaction
  readonly #dialog: Dialog
  readonly #offer: string | undefined
  readonly #reliable: ReliableProvisionals
  #success: SuccessRetransmission | undefined
  #keepAlive: Deadline | undefined
  #lastStatus = 183
  /** The offer and answer went through in a reliable response: the 2xx carries none. */
  #settledEarly = false
  /** A 2xx that waits for a PRACK (RFC 3262 §3). */
  #waiting: string | undefined
  /** Our 2xx or reliable response offered, and the ACK or PRACK must answer. */
  #offered = false

  constructor(usage: Usage, transaction: ServerTransaction) {
    this.#usage = usage
    this.#host = usage.host
    this.#transaction = transaction
    this.#offer = descriptionOf(transaction.request)
    this.#dialog = uasDialog(transaction.request, this.#host.token(16), transaction.flow)
    this.#reliable = new ReliableProvisionals({
      timers: this.#host.timers,
      first: 1 + (Number.parseInt(this.#host.token(6), 16) % 1_000_000),
      sequence: sequenceOf(transaction.request),
      gaveUp: () => this.#noPrack(),
    })
  }

  get request(): SipRequest {
    return this.#transaction.request
  }

  /** Sends 100 and tells of the call. */
  start(replacesSessionId?: string): void {
    const { request, flow } = this.#transaction
    this.#usage.dialog = this.#dialog
    this.#host.bind(this.#dialog, this.#usage)
    this.#transaction.respond(responseTo(request, 100))
    this.#keepAliveLater()
    if (this.#offer !== undefined && this.#usage.offers.take('offerReceived'))
      this.#usage.remoteDescription = this.#offer
    this.#host.emit({
      kind: 'incoming',
      sessionId: this.#usage.id,
      request,
      flow,
      callId: this.#dialog.callId,
      ...(this.#offer !== undefined && { offer: this.#offer }),
      ...(replacesSessionId !== undefined && { replacesSessionId }),
    })
  }

  progress(status: number, description?: string): void {
    if (this.#usage.state !== 'incoming' || this.#waiting !== undefined || status < 101 || status > 199) {
      this.#host.note('warn', 'progress out of place', {
        session: this.#usage.id,
        status,
        state: this.#usage.state,
      })
      return
    }
    this.#lastStatus = status
    this.#keepAliveLater()
    const body = this.#settledEarly ? undefined : description
    const { request } = this.#transaction
    const required = optionTags(request, 'Require').includes('100rel')
    if (required || (body !== undefined && supports(request, '100rel'))) {
      this.#progressReliably(status, body)
      return
    }
    if (body !== undefined && this.#offer === undefined) {
      this.#host.note('warn', 'no offer can go into an unreliable response', { session: this.#usage.id, status })
    }
    const parts = this.#offer === undefined || body === undefined ? {} : { description: body }
    this.#transaction.respond(
      responseTo(request, status, { tag: this.#dialog.localTag, headers: this.#headers(), ...parts }),
    )
  }

  accept(description: string): void {
    if (this.#usage.state !== 'incoming' || this.#waiting !== undefined) {
      this.#host.note('warn', 'accept out of place', { session: this.#usage.id, state: this.#usage.state })
      return
    }
    this.#waiting = description
    if (!this.#reliable.pending) this.#accept(description)
  }

  /** Sends a final response other than 2xx; the session is to be finished by the caller. */
  refuse(status: number, headers: readonly Header[] = []): void {
    const parts = { tag: this.#dialog.localTag, headers: [...headers, this.#host.product] }
    this.#transaction.respond(responseTo(this.#transaction.request, status, parts))
  }

  /** A PRACK: answered here; when it offers anew, by the modification that `false` hands it to. */
  prack(transaction: ServerTransaction, heldBack: (transaction: ServerTransaction, offer: string) => boolean): void {
    const { request } = transaction
    const tag = this.#dialog.localTag
    if (!this.#reliable.matches(request)) {
      transaction.respond(responseTo(request, 481, { tag }))
      return
    }
    const description = descriptionOf(request)
    const isAnswer = this.#offered
    if (isAnswer && description === undefined) {
      transaction.respond(responseTo(request, 400, { tag }))
      return
    }
    const held = !isAnswer && description !== undefined && heldBack(transaction, description)
    if (!held) transaction.respond(responseTo(request, 200, { tag, headers: [this.#host.product] }))
    if (isAnswer && description !== undefined) this.#answered(description)
    this.#reliable.accepted(request)
    if (this.#waiting !== undefined && !this.#reliable.pending) this.#accept(this.#waiting)
  }

  /** True when the ACK was for our 2xx: nothing is left to do then. */
  ack(request: SipRequest, flow: TransportFlow): boolean {
    if (this.#success === undefined || sequenceOf(request) !== sequenceOf(this.#transaction.request)) return false
    this.#success.stop()
    this.#success = undefined
    this.#transaction.release()
    heardFrom(this.#dialog, request, flow)
    const closing = this.#usage.state === 'closing'
    this.#usage.move('acknowledged')
    const answer = this.#offered ? descriptionOf(request) : undefined
    if (closing) {
      this.#usage.bye()
      this.#usage.finish({ by: 'local', status: 0, reason: 'ended before the ACK' })
    } else if (this.#offered && answer === undefined) {
      this.#usage.move('gone')
      this.#usage.bye()
      this.#usage.finish({ by: 'local', status: 488, reason: 'no answer in the ACK' })
    } else this.#confirmed(answer)
    return true
  }

  /** True when the CANCEL was for this INVITE, which had no final response. */
  cancelled(transaction: ServerTransaction, cancel: SipRequest): boolean {
    if (transaction !== this.#transaction || this.#usage.state !== 'incoming') return false
    this.#usage.move('gone')
    this.refuse(487)
    this.#usage.finish(endByRequest(cancel, 487, 'cancelled'))
    return true
  }

  close(): void {
    this.#host.timers.cancel(this.#keepAlive)
    this.#reliable.stop()
    this.#success?.stop()
    this.#host.unbind(this.#dialog)
    if (this.#transaction.state === 'accepted') this.#transaction.release()
  }

  #confirmed(answer: string | undefined): void {
    if (answer !== undefined) this.#takeAnswer(answer)
    this.#host.emit({ kind: 'confirmed', sessionId: this.#usage.id, ...(answer !== undefined && { answer }) })
    this.#usage.settled()
  }

  #answered(description: string): void {
    this.#takeAnswer(description)
    this.#host.emit({ kind: 'answer', sessionId: this.#usage.id, description, status: 200 })
  }

  #takeAnswer(description: string): void {
    this.#offered = false
    this.#usage.offers.take('answerReceived')
    this.#usage.remoteDescription = description
  }

  #progressReliably(status: number, description: string | undefined): void {
    if (description !== undefined) {
      this.#settledEarly = true
      this.#describe(description)
    }
    this.#reliable.push({
      send: (reliable) => {
        const headers = [...this.#headers(), ...reliable]
        const parts = { tag: this.#dialog.localTag, headers, ...(description !== undefined && { description }) }
        this.#transaction.respond(responseTo(this.#transaction.request, status, parts))
      },
      acknowledged: () => undefined,
    })
  }

  /** Our description goes out: as the answer, or as our offer when theirs is awaited. */
  #describe(description: string): void {
    this.#usage.localDescription = description
    if (this.#usage.offers.state === 'remoteOffer') this.#usage.offers.take('answerSent')
    else this.#offered = this.#usage.offers.take('offerSent')
  }

  #accept(description: string): void {
    this.#waiting = undefined
    this.#host.timers.cancel(this.#keepAlive)
    if (!this.#usage.move('accept')) return
    this.#dialog.confirmed = true
    const { interval, headers } = answerInterval(this.#transaction.request, this.#host.limits)
    if (!this.#settledEarly) this.#describe(description)
    const parts = {
      tag: this.#dialog.localTag,
      headers: [...this.#headers(), ...headers],
      ...(!this.#settledEarly && { description }),
    }
    this.#usage.timer.set(interval)
    this.#success = new SuccessRetransmission({
      timers: this.#host.timers,
      transaction: this.#transaction,
      response: responseTo(this.#transaction.request, 200, parts),
      gaveUp: () => this.#noAck(),
    })
  }

  #headers(): Header[] {
    const { flow, request } = this.#transaction
    return [this.#host.contact(flow, request.uri), allowHeader, supportedHeader, this.#host.product]
  }

  #noAck(): void {
    const local = this.#usage.state === 'closing'
    this.#usage.move('gone')
    this.#usage.bye()
    this.#usage.finish({ by: local ? 'local' : 'timeout', status: local ? 0 : 408, reason: 'no ACK for the 2xx' })
  }

  #noPrack(): void {
    if (this.#usage.state !== 'incoming') return
    this.refuse(504)
    this.#usage.move('failure')
    this.#usage.finish({ by: 'timeout', status: 504, reason: 'no PRACK for a reliable response' })
  }

  #keepAliveLater(): void {
    this.#host.timers.cancel(this.#keepAlive)
    this.#keepAlive = this.#host.timers.after(keepAliveInterval, 'provisional response again', () => {
      if (this.#reliable.pending || this.#waiting !== undefined) this.#keepAliveLater()
      else this.progress(this.#lastStatus)
    })
  }
}

const sequenceOf = (request: SipRequest): number => parseCSeq(header(request, 'CSeq') ?? '')?.number ?? 0
