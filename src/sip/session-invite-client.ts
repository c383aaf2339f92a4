// The INVITE that we send to start a session (RFC 3261 §13.2): forks, reliable provisional responses (RFC 3262 §4), late offers,
// challenges, and CANCEL against a 2xx that crosses it. Lives as long as its transaction, to acknowledge every 2xx.
import type { ChallengeChain } from './authentication.ts'
import { confirm, type Dialog, dialogRequest, heardFrom, uacDialog } from './dialog.ts'
import { credentialsOf, sendInDialog } from './dialog-request.ts'
import type { TransportFlow } from './flow.ts'
import { cancelFor, type InviteCommand, inviteBody, inviteRequest } from './invite-request.ts'
import { type Header, header, type SipRequest, type SipResponse } from './message.ts'
import { isNextReliable, rackHeader, reliableNumber } from './prack.ts'
import { sdpHeader } from './response.ts'
import { decliningAnswer, descriptionOf } from './session-description.ts'
import { endByFailure, endByResponse } from './session-end.ts'
import { intervalOfResponse, minSeOf } from './session-timer.ts'
import type { Sent, SessionHost, Usage } from './session-usage.ts'
import { type Deadline, transactionLifetime } from './timers.ts'
import type { ClientTransaction } from './transaction-client-side.ts'
import { toTag } from './transaction-key.ts'
import { parseVia } from './via.ts'

/** One leg of a fork: an early dialog, or the dialog of a 2xx. */
interface Branch {
  readonly dialog: Dialog
  lastReliable: number | undefined
  /** The far end's description in a reliable response: our answer, or its offer that our PRACK answers. */
  agreed: string | undefined
  ack: Sent | undefined
}

/** How often a 422 may raise the session interval before we give up. */
const mostRaises = 3

export class InviteClient {
  readonly #usage: Usage
  readonly #host: SessionHost
  readonly #command: InviteCommand
  readonly #callId: string
  readonly #localTag: string
  readonly #chain: ChallengeChain
  readonly #branches = new Map<string, Branch>()
  #request: SipRequest | undefined
  #transaction: ClientTransaction | undefined
  #sequence = 0
  #minSe: number | undefined
  #raises = 0
  #cancelHeaders: readonly Header[] = []
  #giveUp: Deadline | undefined
  /** Sends the message that our answer belongs into: the ACK, or a PRACK. */
  #reply: ((description: string) => void) | undefined
  #lateOffer: { readonly branch: Branch; readonly offer: string } | undefined

  constructor(usage: Usage, command: InviteCommand) {
    this.#usage = usage
    this.#host = usage.host
    this.#command = command
    this.#callId = usage.host.token(32)
    this.#localTag = usage.host.token(16)
    this.#chain = usage.authentication.chain()
  }

  /** Sends the INVITE: at first, and again after a challenge or a 422. */
  send(): void {
    this.#sequence += 1
    const command = this.#command
    const credentials = this.#chain.headers({ method: 'INVITE', uri: command.requestUri, body: inviteBody(command) })
    const request = inviteRequest({
      host: this.#host,
      command,
      callId: this.#callId,
      localTag: this.#localTag,
      sequence: this.#sequence,
      minSe: this.#minSe,
      credentials,
    })
    if (command.offer !== undefined && this.#usage.offers.take('offerSent'))
      this.#usage.localDescription = command.offer
    this.#request = request
    const sequence = this.#sequence
    this.#transaction = this.#host.send({
      request,
      flow: this.#transaction?.flow ?? command.destination,
      user: {
        response: (response, flow) => this.#response(response, { flow, sequence }),
        failed: (why) => this.#failed(why),
      },
    })
  }

  /** The session is to be ended before its 2xx. */
  cancel(headers: readonly Header[]): void {
    this.#cancelHeaders = headers
    if (this.#usage.state === 'cancelling') this.#sendCancel()
    // Also when no response ever comes, the INVITE's own Timer B ends it.
  }

  /** Our answer to an offer in a 2xx or a reliable provisional response. False when none was asked for. */
  answer(description: string): boolean {
    const reply = this.#reply
    if (reply === undefined || !this.#usage.offers.take('answerSent')) return false
    this.#reply = undefined
    this.#usage.localDescription = description
    reply(description)
    return true
  }

  /** Declines the offer of a 2xx, before BYE. False when there is none. */
  decline(): boolean {
    const late = this.#lateOffer
    if (late === undefined) return false
    this.#lateOffer = undefined
    this.#reply = undefined
    this.#acknowledge(late.branch, decliningAnswer(late.offer, this.#host.address))
    return true
  }

  /** Whether the far end waits for an answer to its offer. */
  get mustAnswer(): boolean {
    return this.#reply !== undefined
  }

  /** The session ended: frees what is not needed to acknowledge a late 2xx. */
  close(): void {
    this.#host.timers.cancel(this.#giveUp)
    this.#reply = undefined
    for (const { dialog } of this.#branches.values()) this.#host.unbind(dialog)
    const early = this.#transaction?.state === 'calling' || this.#transaction?.state === 'proceeding'
    if (early) this.#transaction?.abandon()
  }

  #response(response: SipResponse, from: { readonly flow: TransportFlow; readonly sequence: number }): void {
    // Late responses to a try that was challenged mean nothing any more.
    if (from.sequence !== this.#sequence) return
    if (response.status < 200) this.#provisional(response, from.flow)
    else if (response.status < 300) this.#success(response, from.flow)
    else this.#failure(response)
  }

  #provisional(response: SipResponse, flow: TransportFlow): void {
    const before = this.#usage.state
    this.#usage.move('provisional')
    if (before === 'cancelPending') this.#sendCancel()
    if (this.#usage.state !== 'proceeding' || response.status === 100) return
    const branch = toTag(response) === undefined ? undefined : this.#branchOf(response, flow)
    if (branch !== undefined) this.#usage.dialog = branch.dialog
    const number = reliableNumber(response)
    if (branch !== undefined && number !== undefined) {
      this.#reliable(response, branch, number)
      return
    }
    this.#tellProgress(response, this.#command.offer === undefined ? undefined : descriptionOf(response))
  }

  #tellProgress(response: SipResponse, answer: string | undefined): void {
    this.#host.emit({
      kind: 'progress',
      sessionId: this.#usage.id,
      status: response.status,
      ...(answer !== undefined && { answer }),
    })
  }

  /** RFC 3262 §4, §5: a reliable answer settles the offer; a reliable offer is answered in the PRACK. */
  #reliable(response: SipResponse, branch: Branch, number: number): void {
    if (!isNextReliable(branch.lastReliable, number)) return
    branch.lastReliable = number
    const description = branch.agreed === undefined ? descriptionOf(response) : undefined
    const rack = rackHeader(response, number)
    const offered =
      description !== undefined && this.#command.offer === undefined && this.#usage.offers.take('offerReceived')
    if (description !== undefined) branch.agreed = description
    if (description !== undefined && this.#command.offer !== undefined) this.#usage.offers.take('answerReceived')
    if (description !== undefined) this.#usage.remoteDescription = description
    if (!offered) this.#prack(branch, rack)
    this.#tellProgress(response, offered ? undefined : description)
    if (!offered) return
    this.#reply = (answer) => this.#prack(branch, rack, answer)
    this.#host.emit({ kind: 'offer', sessionId: this.#usage.id, description })
  }

  #prack(branch: Branch, rack: Header, description?: string): void {
    sendInDialog(this.#usage, branch.dialog, {
      method: 'PRACK',
      headers: [rack],
      ...(description !== undefined && { description }),
      final: () => this.#usage.settled(),
      // The INVITE has its own end; a PRACK that is lost does not decide it.
      failed: (why) => this.#host.note('warn', 'PRACK failed', { session: this.#usage.id, why }),
    })
  }

  #success(response: SipResponse, flow: TransportFlow): void {
    const known = this.#branches.get(toTag(response) ?? '')
    if (known?.ack !== undefined) {
      this.#host.resend(known.ack)
      return
    }
    if (this.#lateOffer !== undefined && this.#lateOffer.branch === known) return
    const branch = this.#branchOf(response, flow)
    confirm(branch.dialog, response)
    const { state } = this.#usage
    if (state === 'calling' || state === 'proceeding') {
      this.#accepted(response, branch)
      return
    }
    this.#dismiss(response, branch, state === 'cancelling' || state === 'cancelPending' ? this.#cancelHeaders : [])
    if (state !== 'cancelling' && state !== 'cancelPending') return
    this.#usage.move('success')
    this.#usage.finish({ by: 'local', status: 487, reason: 'answered while being cancelled' })
  }

  #accepted(response: SipResponse, branch: Branch): void {
    const usage = this.#usage
    for (const other of this.#branches.values()) if (other !== branch) this.#host.unbind(other.dialog)
    usage.dialog = branch.dialog
    const description = descriptionOf(response)
    const late = this.#command.offer === undefined && branch.agreed === undefined
    if (late && description !== undefined && usage.offers.take('offerReceived')) {
      this.#acceptedWithOffer(response, branch, description)
      return
    }
    usage.move('success')
    usage.timer.set(intervalOfResponse(response))
    this.#acknowledge(branch)
    const answer = this.#command.offer === undefined ? undefined : (branch.agreed ?? description)
    if (late || (this.#command.offer !== undefined && answer === undefined)) {
      usage.bye()
      usage.finish({ by: 'local', status: 488, reason: late ? 'no offer in the 2xx' : 'no answer in the 2xx' })
      return
    }
    if (branch.agreed === undefined) usage.offers.take('answerReceived')
    usage.remoteDescription = answer ?? usage.remoteDescription
    this.#host.emit({ kind: 'accepted', sessionId: usage.id, ...(answer !== undefined && { answer }) })
    usage.settled()
  }

  #acceptedWithOffer(response: SipResponse, branch: Branch, offer: string): void {
    const usage = this.#usage
    usage.move('successWithOffer')
    usage.timer.set(intervalOfResponse(response))
    usage.remoteDescription = offer
    this.#lateOffer = { branch, offer }
    this.#reply = (answer) => {
      this.#lateOffer = undefined
      this.#host.timers.cancel(this.#giveUp)
      this.#acknowledge(branch, answer)
      usage.move('acknowledged')
      usage.settled()
    }
    this.#giveUp = this.#host.timers.after(transactionLifetime, 'answer to the offer of a 2xx', () => {
      usage.move('gone')
      usage.bye()
      usage.finish({ by: 'timeout', status: 408, reason: 'the offer of the 2xx was not answered' })
    })
    this.#host.emit({ kind: 'accepted', sessionId: usage.id })
    this.#host.emit({ kind: 'offer', sessionId: usage.id, description: offer })
  }

  /** A 2xx that we have no use for: another fork's, or one that crossed our CANCEL (§13.2.2.4, §15.1.1). */
  #dismiss(response: SipResponse, branch: Branch, headers: readonly Header[]): void {
    const offer = this.#command.offer === undefined && branch.agreed === undefined ? descriptionOf(response) : undefined
    this.#acknowledge(branch, offer && decliningAnswer(offer, this.#host.address))
    this.#host.unbind(branch.dialog)
    sendInDialog(this.#usage, branch.dialog, {
      method: 'BYE',
      headers,
      final: () => undefined,
      failed: () => undefined,
    })
  }

  #acknowledge(branch: Branch, description?: string): void {
    const headers = [...(this.#request ? credentialsOf(this.#request) : []), this.#host.product]
    const content = description === undefined ? {} : { content: { type: sdpHeader.value, text: description } }
    const parts = { headers, sequence: this.#sequence, ...content }
    branch.ack = this.#host.sendAck(dialogRequest(branch.dialog, 'ACK', parts), this.#host.flowOf(branch.dialog))
  }

  #failure(response: SipResponse): void {
    const usage = this.#usage
    const cancelled = usage.state === 'cancelling' || usage.state === 'cancelPending'
    if (usage.state === 'ended' || usage.state === 'established' || usage.state === 'answering') return
    for (const { dialog } of this.#branches.values()) this.#host.unbind(dialog)
    this.#branches.clear()
    usage.dialog = undefined
    if (!cancelled && this.#retries(response)) {
      this.send()
      return
    }
    usage.move('failure')
    usage.finish(cancelled ? { ...endByResponse(response), by: 'local' } : endByResponse(response))
  }

  /** Whether another try may help: credentials for a challenge, or a longer session interval (RFC 4028 §7.3). */
  #retries(response: SipResponse): boolean {
    if (response.status === 401 || response.status === 407) return this.#chain.accept(response)
    const minSe = response.status === 422 ? minSeOf(response) : undefined
    if (minSe === undefined || minSe <= (this.#minSe ?? 0) || this.#raises >= mostRaises) return false
    this.#raises += 1
    this.#minSe = minSe
    return true
  }

  #failed(why: 'timeout' | 'transport'): void {
    if (this.#usage.state === 'ended') return
    this.#usage.move('gone')
    this.#usage.finish(endByFailure(why, why === 'timeout' ? 'no response to INVITE' : 'INVITE could not be sent'))
  }

  #sendCancel(): void {
    const transaction = this.#transaction
    const branch = parseVia(header(transaction?.request ?? noRequest, 'Via') ?? '')?.branch
    if (transaction === undefined || branch === undefined) return
    const request = cancelFor(transaction.request, this.#cancelHeaders)
    const user = { response: () => undefined, failed: () => undefined }
    this.#host.send({ request, flow: transaction.flow, user, branch })
    // §9.1: a far end that never sends its final response is not waited for any longer.
    this.#giveUp = this.#host.timers.after(transactionLifetime, 'final response after CANCEL', () => {
      this.#usage.move('gone')
      this.#usage.finish({ by: 'timeout', status: 487, reason: 'no final response after CANCEL' })
    })
  }

  #branchOf(response: SipResponse, flow: TransportFlow): Branch {
    const tag = toTag(response) ?? ''
    const known = this.#branches.get(tag)
    if (known !== undefined) {
      heardFrom(known.dialog, response, flow)
      return known
    }
    const dialog = uacDialog(this.#request ?? noRequest, response, flow)
    const branch: Branch = { dialog, lastReliable: undefined, agreed: undefined, ack: undefined }
    this.#branches.set(tag, branch)
    this.#host.bind(dialog, this.#usage)
    return branch
  }
}

const noRequest: SipRequest = { kind: 'request', method: 'INVITE', uri: '', headers: [], body: new Uint8Array() }
