// REFERs of the far end (RFC 3515, RFC 4488): each waits for its answer, then its subscription tells how the new call fares. It outlives
// the session (RFC 5057): many a phone hangs up right after the 202.
import { parseCSeq } from './cseq.ts'
import type { Dialog } from './dialog.ts'
import { sendInDialog } from './dialog-request.ts'
import { type Header, header } from './message.ts'
import { readRefer } from './refer-request.ts'
import type { Dialogs } from './replaces.ts'
import { reasonPhrase, responseTo } from './response.ts'
import type { SessionHost, Usage } from './session-usage.ts'
import { type Deadline, transactionLifetime } from './timers.ts'
import type { ServerTransaction } from './transaction-server-side.ts'

/** How long a call that was asked for may take to be answered, s. */
const subscriptionSeconds = 300
/** Open REFERs of one session; beyond, 503. */
const mostOfSession = 8

interface Referral {
  readonly id: string
  readonly usage: Usage
  readonly dialog: Dialog
  readonly transaction: ServerTransaction
  /** Of the REFER, which names its subscription (RFC 3515 §2.4.6). */
  readonly sequence: number
  readonly subscribes: boolean
  /** Of its answer, then of its subscription. */
  deadline: Deadline
  accepted: boolean
  /** How the call fares that it asked for. */
  status: number
  sending: boolean
  /** Subscription-State of the NOTIFY that waits for the answer to the one before. */
  waiting: string | undefined
}

export class Referrals {
  readonly #host: () => SessionHost
  readonly #dialogs: Dialogs
  readonly #all = new Map<string, Referral>()

  constructor(host: () => SessionHost, dialogs: Dialogs) {
    this.#host = host
    this.#dialogs = dialogs
  }

  /** A REFER in a dialog of ours: refused here, or told. */
  receive(usage: Usage, dialog: Dialog, transaction: ServerTransaction): void {
    const host = this.#host()
    const { request } = transaction
    const read = readRefer(request, this.#dialogs)
    const fault = read.ok ? this.#fault(usage) : read
    if (!read.ok || fault !== undefined) {
      const headers = [...(fault?.headers ?? []), host.product]
      transaction.respond(responseTo(request, fault?.status ?? 400, { headers }))
      return
    }
    const { subscribes, ...asked } = read.refer
    const id = host.token(32)
    const deadline = host.timers.after(transactionLifetime, 'answer to a REFER', () => this.answer(id, 500))
    const state = { accepted: false, status: 100, sending: false, waiting: undefined }
    const sequence = parseCSeq(header(request, 'CSeq') ?? '')?.number ?? 0
    this.#all.set(id, { id, usage, dialog, transaction, sequence, subscribes, deadline, ...state })
    host.emit({ kind: 'refer', sessionId: usage.id, referId: id, ...asked })
  }

  /** False when no REFER of this id waits for its answer. 2xx is sent as 202. */
  answer(id: string, status: number): boolean {
    const referral = this.#all.get(id)
    if (referral === undefined || referral.accepted || status < 200 || status > 699) return false
    const host = this.#host()
    const { transaction, subscribes } = referral
    host.timers.cancel(referral.deadline)
    const taken = status < 300
    const contact = host.contact(transaction.flow, transaction.request.uri)
    const headers = [...(taken ? [contact] : []), ...(taken && !subscribes ? [noSubscription] : []), host.product]
    transaction.respond(responseTo(transaction.request, taken ? 202 : status, { headers }))
    if (!taken || !subscribes) {
      this.#all.delete(id)
      return true
    }
    referral.accepted = true
    referral.deadline = host.timers.after(subscriptionSeconds * 1000, 'end of the call that a REFER asked for', () =>
      this.#end(referral, 'timeout'),
    )
    // RFC 3515 §2.4.4: the first NOTIFY goes at once.
    this.#notify(referral, this.#active(referral))
    return true
  }

  /** False when there is no subscription of this id (any more, or `norefersub`). */
  progress(id: string, status: number): boolean {
    const referral = this.#all.get(id)
    if (referral === undefined || !referral.accepted || status < 100 || status > 699) return false
    referral.status = status
    if (status >= 200) this.#end(referral, 'noresource')
    else this.#notify(referral, this.#active(referral))
    return true
  }

  /** RFC 3261 §15.1.2: a REFER that waits when the session ends gets 487. */
  sessionEnded(sessionId: string): void {
    for (const referral of this.#all.values()) {
      if (referral.usage.id === sessionId && !referral.accepted) this.answer(referral.id, 487)
    }
  }

  #fault(usage: Usage): { readonly status: number; readonly headers: readonly Header[] } | undefined {
    // An early dialog may still be refused or forked away: nobody to call others for.
    if (usage.state !== 'established' && usage.state !== 'accepting') return { status: 403, headers: [] }
    const open = [...this.#all.values()].filter((referral) => referral.usage.id === usage.id).length
    return open < mostOfSession ? undefined : { status: 503, headers: [{ name: 'Retry-After', value: '10' }] }
  }

  #active({ deadline }: Referral): string {
    const seconds = Math.max(1, Math.ceil((deadline.at - this.#host().timers.now) / 1000))
    return `active;expires=${seconds}`
  }

  #end(referral: Referral, reason: 'noresource' | 'timeout'): void {
    this.#forget(referral)
    this.#notify(referral, `terminated;reason=${reason}`)
  }

  #forget(referral: Referral): void {
    this.#host().timers.cancel(referral.deadline)
    this.#all.delete(referral.id)
  }

  /** One NOTIFY at a time, so that none overtakes another; of several that wait the last one goes. */
  #notify(referral: Referral, state: string): void {
    if (referral.sending) {
      referral.waiting = state
      return
    }
    referral.sending = true
    const { usage, dialog, sequence, status } = referral
    const lost = (why: string): void => {
      this.#host().note('debug', 'NOTIFY refused', { session: usage.id, refer: referral.id, why })
      referral.waiting = undefined
      this.#forget(referral)
    }
    sendInDialog(usage, dialog, {
      method: 'NOTIFY',
      headers: [
        { name: 'Event', value: `refer;id=${sequence}` },
        { name: 'Subscription-State', value: state },
      ],
      content: { type: 'message/sipfrag;version=2.0', text: `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n` },
      final: (response) => {
        referral.sending = false
        const next = referral.waiting
        referral.waiting = undefined
        if (response.status >= 300) lost(String(response.status))
        else if (next !== undefined) this.#notify(referral, next)
      },
      failed: lost,
    })
  }
}

/** RFC 4488 §4: no subscription was made. */
const noSubscription: Header = { name: 'Refer-Sub', value: 'false' }
