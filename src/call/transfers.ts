// Transfer (RFC 3515, RFC 5589): a phone that speaks with somebody asks us by REFER to connect that one with a new destination (blind), or
// with whom it speaks on another call of its own (attended, Replaces). Every target is held to the rules of a destination dialled by the customer.
import { type ErrorCode, errorCodes, type HangupReason, PartylineError, UserError } from '../base/errors.ts'
import { nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Address } from '../schema/address.ts'
import type { Header } from '../sip/message.ts'
import { parseUri } from '../sip/uri.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import type { Bridges, KeptPlace } from './bridges.ts'
import type { Place, Places } from './call-place.ts'
import type { CallRegistry } from './call-registry.ts'
import { address } from './call-row.ts'
import type { Chains } from './chains.ts'
import { hangUpWhenLeft } from './connection.ts'
import type { Plan } from './destination-plan.ts'
import type { LiveCall } from './live-call.ts'
import type { Dial, Outgoing } from './outgoing.ts'
import type { OwnAddresses } from './own-address.ts'
import type { Signalling } from './ports.ts'
import { type Ringing, stored } from './ringing.ts'

export interface TransfersOptions {
  readonly registry: CallRegistry
  readonly outgoing: Outgoing
  readonly own: OwnAddresses
  readonly places: Places
  readonly bridges: Bridges
  readonly chains: Chains
  readonly signalling: Signalling
  readonly log: Log
}

type Refer = Extract<SessionEvent, { kind: 'refer' }>
type Target = { readonly kind: 'conference'; readonly id: string } | { readonly kind: 'plan'; readonly plan: Plan }
type Bridged = Extract<Place, { kind: 'bridge' }>
type InConference = Extract<Place, { kind: 'conference' }>

export class Transfers {
  readonly #options: TransfersOptions

  constructor(options: TransfersOptions) {
    this.#options = options
  }

  /** Takes a REFER; always answers it. */
  async refer(event: Refer): Promise<void> {
    const { registry, log } = this.#options
    const transferor = registry.bySession(event.sessionId)
    try {
      if (transferor?.status() !== 'progressing') throw refused('CALL_STATE_INVALID', 'the call is not up')
      if (event.replacesSessionId === undefined) await this.#blind(event, transferor)
      else await this.#attended(event, transferor, event.replacesSessionId)
    } catch (error) {
      const status = refusalOf(error)
      log.info({ call_id: transferor?.id, status, err: error }, 'REFER refused')
      this.#answer(event, status)
    }
  }

  async #blind(event: Refer, transferor: LiveCall): Promise<void> {
    const place = await this.#options.places.of(transferor)
    if (place.kind === 'alone') throw refused('CALL_STATE_INVALID', 'the call speaks with nobody')
    const target = await this.#target(transferor, event.referTo)
    if (place.kind === 'bridge' && target.kind === 'conference') {
      await this.#intoConference(event, { from: transferor, call: place.partner, conferenceId: target.id })
    } else if (place.kind === 'bridge' && target.kind === 'plan') {
      await this.#replaceInBridge(event, transferor, { place, plan: target.plan })
    } else if (place.kind === 'conference' && target.kind === 'plan') {
      await this.#replaceInConference(event, transferor, { place, plan: target.plan })
    } else throw refused('CALL_STATE_INVALID', 'a conference cannot be transferred to another')
  }

  async #target(transferor: LiveCall, referTo: string): Promise<Target> {
    const { customerId } = transferor
    const { own, outgoing } = this.#options
    const uri = parseUri(referTo)
    if (uri === undefined) throw refused('INVALID_ARGUMENT', 'Refer-To is not a URI')
    let wanted: Address = address('sip', referTo)
    if (uri.scheme === 'tel') wanted = address('tel', uri.user ?? '')
    else if (own.isOwn(uri)) {
      const named = await own.read(uri, customerId)
      if (named.kind !== 'address') throw refused('DIRECT_NOT_FOUND', 'Refer-To names nothing that can be called')
      if (named.address.type === 'conference') return { kind: 'conference', id: named.address.target }
      wanted = named.address
    }
    // Numbers cost the customer money: whoever reached it from outside may not spend that.
    if (wanted.type === 'tel' && !isOwnPhone(transferor))
      throw refused('DESTINATION_NOT_ALLOWED', 'only phones of the customer may transfer to telephone numbers')
    return { kind: 'plan', plan: await outgoing.planner.one(customerId, wanted, 'Refer-To') }
  }

  /** The partner is connected with a new call; the transferor goes when that is answered. */
  async #replaceInBridge(
    event: Refer,
    transferor: LiveCall,
    { place: { partner }, plan }: { place: Bridged; plan: Plan },
  ): Promise<void> {
    const { outgoing, bridges } = this.#options
    const ringing = outgoing.together([plan], this.#dialFor(event, partner, nilUuid))
    const kept = bridges.keep(transferor)
    if (kept === undefined) throw refused('CALL_STATE_INVALID', 'the call speaks with nobody')
    this.#untie([transferor, partner])
    const partnerGone = (): void => void ringing.hangup('normal')
    partner.ended.addEventListener('abort', partnerGone, { once: true })
    this.#watch(event, ringing, {
      answered: (call) => void this.#take(event, transferor, { kept, call }),
      failed: () => {
        partner.ended.removeEventListener('abort', partnerGone)
        kept.release()
      },
    })
    try {
      await this.#ring(event, ringing)
    } catch (error) {
      kept.release()
      throw error
    }
  }

  async #take(
    event: Refer,
    transferor: LiveCall,
    { kept, call }: { readonly kept: KeptPlace; readonly call: LiveCall },
  ): Promise<void> {
    // All at once, so that the transferor's flow does not go on in between.
    const filled = kept.fill(call)
    hangUpWhenLeft(this.#options.bridges, call)
    void transferor.hangup('normal')
    this.#progress(event, (await filled) ? 200 : 487)
  }

  /** A new call enters the conference; the transferor goes once it is in it. */
  async #replaceInConference(
    event: Refer,
    transferor: LiveCall,
    { place, plan }: { place: InConference; plan: Plan },
  ): Promise<void> {
    const { outgoing, places } = this.#options
    const join = { type: 'conference_join', option: { conference_id: place.conferenceId } }
    const flowId = await outgoing.flow(transferor.customerId, nilUuid, [join])
    const ringing = outgoing.together([plan], this.#dialFor(event, transferor, flowId))
    this.#watch(event, ringing, {
      answered: async (call) => {
        await places.joined(call)
        if (call.ended.aborted) return this.#progress(event, 487)
        this.#progress(event, 200)
        await transferor.hangup('normal')
      },
      failed: () => undefined,
    })
    await this.#ring(event, ringing)
  }

  /** `call` leaves its bridge for the conference; `from`, with whom it spoke, goes, and so does the call whose place it takes. */
  async #intoConference(
    event: Refer,
    move: {
      readonly from: LiveCall
      readonly call: LiveCall
      readonly conferenceId: string
      readonly instead?: LiveCall
    },
  ): Promise<void> {
    const { from, call, conferenceId, instead } = move
    const enter = await this.#options.places.admit(call, conferenceId)
    this.#untie([from, call])
    this.#answer(event, 202)
    const entered = enter()
    void from.hangup('normal')
    await entered
    this.#progress(event, call.ended.aborted ? 487 : 200)
    await instead?.hangup('normal')
  }

  async #attended(event: Refer, transferor: LiveCall, replacedSession: string): Promise<void> {
    const { registry, places } = this.#options
    const replaced = registry.bySession(replacedSession)
    if (replaced?.customerId !== transferor.customerId || replaced.status() !== 'progressing')
      throw refused('CALL_NOT_FOUND', 'Replaces names no call that is up')
    const [here, there] = [await places.of(transferor), await places.of(replaced)]
    if (here.kind === 'bridge' && there.kind === 'bridge' && here.partner !== replaced)
      return this.#joinPartners(event, transferor, { replaced, partner: there.partner })
    if (here.kind === 'bridge' && there.kind === 'conference') {
      const { conferenceId } = there
      return this.#intoConference(event, { from: transferor, call: here.partner, conferenceId, instead: replaced })
    }
    if (here.kind === 'conference' && there.kind === 'bridge') {
      const { conferenceId } = here
      return this.#intoConference(event, { from: replaced, call: there.partner, conferenceId, instead: transferor })
    }
    throw refused('CALL_STATE_INVALID', 'these two calls cannot be joined')
  }

  async #joinPartners(
    event: Refer,
    transferor: LiveCall,
    { replaced, partner }: { readonly replaced: LiveCall; readonly partner: LiveCall },
  ): Promise<void> {
    const kept = this.#options.bridges.keep(transferor)
    if (kept === undefined) throw refused('CALL_STATE_INVALID', 'the call speaks with nobody')
    this.#untie([transferor, replaced, kept.partner, partner])
    this.#answer(event, 202)
    const filled = kept.fill(partner)
    void replaced.hangup('normal')
    void transferor.hangup('normal')
    this.#progress(event, (await filled) ? 200 : 487)
  }

  #dialFor(event: Refer, speaker: LiveCall, flowId: string): Dial {
    const headers: Header[] = []
    if (event.referredBy !== undefined) headers.push({ name: 'Referred-By', value: `<${event.referredBy}>` })
    if (event.replaces !== undefined) headers.push({ name: 'Replaces', value: event.replaces })
    const source = speaker.direction === 'incoming' ? speaker.source : speaker.destination
    return { customerId: speaker.customerId, source, anonymous: '', flowId, variables: {}, early: false, headers }
  }

  async #ring(event: Refer, ringing: Ringing): Promise<void> {
    await stored([ringing])
    this.#answer(event, 202)
    ringing.ring()
  }

  /** Tells the transferor how the new call fares. */
  #watch(
    event: Refer,
    ringing: Ringing,
    on: { readonly answered: (call: LiveCall) => void | Promise<void>; readonly failed: () => void },
  ): void {
    let answered = false
    ringing.watch({
      alerting: () => this.#progress(event, 180),
      answered: (call) => {
        answered = true
        Promise.resolve(on.answered(call)).catch((error: unknown) =>
          this.#options.log.error({ call_id: call.id, err: error }, 'transfer could not be completed'),
        )
      },
      ended: (last) => {
        if (answered) return
        on.failed()
        this.#progress(event, failureStatus(last?.row.hangup_reason ?? 'noanswer'))
      },
    })
  }

  /** Who is transferred must not end with the one who transferred it. */
  #untie(calls: readonly LiveCall[]): void {
    for (const call of calls) this.#options.chains.untie(call)
  }

  #answer({ sessionId, referId }: Refer, status: number): void {
    this.#options.signalling.command({ kind: 'answerRefer', sessionId, referId, status })
  }

  #progress({ sessionId, referId }: Refer, status: number): void {
    this.#options.signalling.command({ kind: 'referProgress', sessionId, referId, status })
  }
}

/** Registered with us: it showed its password when it called, or was reached at its registration. */
const isOwnPhone = ({ direction, source, destination }: LiveCall): boolean =>
  (direction === 'incoming' ? source : destination).type === 'extension'

const refused = (code: ErrorCode, why: string): UserError => new UserError(code, why)

/** 603 when there is nobody, or nothing sensible, to transfer. */
function refusalOf(error: unknown): number {
  if (!(error instanceof PartylineError)) return 500
  return error.code === 'CALL_STATE_INVALID' ? 603 : errorCodes[error.code].sip
}

const failures: Partial<Record<HangupReason, number>> = { busy: 486, noanswer: 480, normal: 487, cancel: 487 }
const failureStatus = (reason: HangupReason): number => failures[reason] ?? 503
