// Makes what rings out of plans: calls and groupcalls with their rows, their callers' identity, their flows and their masters.
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Address } from '../schema/address.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import type { Header } from '../sip/message.ts'
import type { CallRegistry } from './call-registry.ts'
import { newCallRow } from './call-row.ts'
import { anonymousAddress, type Caller, callerOf, withholds } from './caller-identity.ts'
import { type Chains, masterId } from './chains.ts'
import type { CallPlan, Plan, Planner } from './destination-plan.ts'
import { newGroupcallRow } from './groupcall-row.ts'
import type { LiveCall } from './live-call.ts'
import { LiveGroupcall } from './live-groupcall.ts'
import type { CallFlows, DialTarget, PlannedAction } from './ports.ts'
import type { Ringing } from './ringing.ts'
import { RingingCall } from './ringing-call.ts'
import { variableHeaders } from './sip-headers.ts'

/** What all calls of one request have in common. */
export interface Dial {
  readonly customerId: string
  readonly source: Address
  /** `yes`, `no`, `auto` or ''. */
  readonly anonymous: string
  /** Nil: they run no flow. */
  readonly flowId: string
  /** Seeds of their flows; `sip.header.X-…` go out as headers besides. */
  readonly variables: Readonly<Record<string, string>>
  /** Their flow begins at ringing. */
  readonly early: boolean
  /** The call that asked for them. */
  readonly master?: LiveCall
  /** Hung up together with the master. */
  readonly chained?: boolean
  readonly near?: string
  /** Besides those that variables ask for. */
  readonly headers?: readonly Header[]
}

export interface Grouping {
  readonly destination?: Address
  readonly ringMethod: Groupcall['ring_method']
  readonly answerMethod: Groupcall['answer_method']
  readonly masterGroupcallId?: string
}

export interface OutgoingOptions {
  readonly ledger: Ledger
  readonly log: Log
  readonly flows: CallFlows
  readonly registry: CallRegistry
  readonly planner: Planner
  readonly chains: Chains
  readonly sipDomain: string
  /** Whether a 3xx is followed; each contact must pass the dial policy. */
  readonly followRedirects: boolean
  readonly groupcalls: { add(groupcall: LiveGroupcall): void; delete(groupcall: LiveGroupcall): void }
}

/** A dial as its calls need it. */
interface Ready extends Dial {
  readonly caller: Caller
  readonly outHeaders: readonly Header[]
  readonly shownSource: Address
}

export class Outgoing {
  readonly #options: OutgoingOptions

  constructor(options: OutgoingOptions) {
    this.#options = options
  }

  get planner(): Planner {
    return this.#options.planner
  }

  /** What rings for each plan by itself: a call, or a groupcall for an agent or an extension. Throws UserError for a bad variable. */
  each(plans: readonly Plan[], dial: Dial): Ringing[] {
    const ready = this.#ready(dial)
    return plans.map((plan) => this.#ringing(plan, ready, undefined))
  }

  /** What rings for all plans together, for one answer. */
  together(plans: readonly Plan[], dial: Dial): Ringing {
    const ready = this.#ready(dial)
    const [only, second] = plans
    if (only !== undefined && second === undefined) return this.#ringing(only, ready, undefined)
    return this.#group(plans, ready, { ringMethod: 'ring_all', answerMethod: 'hangup_others' })
  }

  group(plans: readonly Plan[], dial: Dial, grouping: Grouping): LiveGroupcall {
    return this.#group(plans, this.#ready(dial), grouping)
  }

  /** The flow that calls are to run: one of the customer's, or a temporary one of these actions. Throws UserError for an unknown one. */
  async flow(customerId: string, flowId: string, actions: readonly PlannedAction[]): Promise<string> {
    const { ledger, flows } = this.#options
    if (flowId === '' || flowId === nilUuid) return flows.temporary(customerId, actions)
    const flow = await ledger.get('flow', flowId)
    if (flow === undefined || flow.customer_id !== customerId || flow.tm_delete !== notDeleted) {
      throw new UserError(
        'INVALID_ARGUMENT',
        `flow_id "${flowId}" is not a flow of yours; create one with POST /flows or give actions`,
      )
    }
    return flow.id
  }

  #ready(dial: Dial): Ready {
    const { source } = dial
    const anonymous = withholds(dial.anonymous, source)
    return {
      ...dial,
      caller: callerOf({ source, anonymous, domain: this.#options.sipDomain }),
      outHeaders: [...variableHeaders(dial.variables), ...(dial.headers ?? [])],
      shownSource: anonymous ? anonymousAddress : source,
    }
  }

  #ringing(plan: Plan, dial: Ready, groupcallId: string | undefined): Ringing {
    if (plan.kind === 'call') return this.#call(plan, dial, groupcallId)
    return this.#group(plan.members, dial, {
      destination: plan.destination,
      ringMethod: plan.ringMethod,
      answerMethod: 'hangup_others',
      ...(groupcallId !== undefined && { masterGroupcallId: groupcallId }),
    })
  }

  #call(plan: CallPlan, dial: Ready, groupcallId: string | undefined): Ringing {
    const { ledger, registry, flows, chains, followRedirects } = this.#options
    const row = newCallRow({
      id: newUuid(),
      customerId: dial.customerId,
      direction: 'outgoing',
      source: dial.shownSource,
      destination: plan.destination,
      flowId: dial.flowId,
      activeflowId: dial.flowId === nilUuid ? nilUuid : newUuid(),
      sipCallId: '',
      at: ledger.timestamp(),
      ...(groupcallId !== undefined && { groupcallId }),
      masterCallId: masterId(dial.master),
    })
    return new RingingCall({
      row,
      invitation: {
        ways: plan.ways,
        routed: plan.routed,
        caller: dial.caller,
        headers: dial.outHeaders,
        early: dial.early,
        ...(followRedirects && { follow: (contacts: readonly string[]) => this.#follow(contacts) }),
      },
      variables: dial.variables,
      near: dial.near,
      registry,
      flows,
      born: (call) => {
        if (dial.chained === true && dial.master !== undefined) chains.tie(dial.master, call)
      },
    })
  }

  #group(plans: readonly Plan[], dial: Ready, grouping: Grouping): LiveGroupcall {
    const { ledger, log, groupcalls } = this.#options
    const row = newGroupcallRow({
      customerId: dial.customerId,
      source: dial.shownSource,
      destinations: grouping.destination ? [grouping.destination] : plans.map(({ destination }) => destination),
      flowId: dial.flowId,
      masterCallId: masterId(dial.master),
      masterGroupcallId: grouping.masterGroupcallId ?? nilUuid,
      ringMethod: grouping.ringMethod,
      answerMethod: grouping.answerMethod,
      variables: dial.variables,
      anonymous: dial.anonymous,
      at: ledger.timestamp(),
    })
    // Its calls are tied to the master one by one, so that a transfer can untie them; what is left is not to ring on.
    const withMaster = (groupcall: LiveGroupcall): void => {
      if (dial.chained !== true) return
      const stop = (): void => void (groupcall.answered || groupcall.hangup('normal'))
      if (dial.master?.ended.aborted === true) stop()
      else dial.master?.ended.addEventListener('abort', stop, { once: true })
    }
    return new LiveGroupcall({
      row,
      size: plans.length,
      member: (index, groupcallId) => {
        const plan = plans[index]
        if (plan === undefined) throw new UserError('INVALID_ARGUMENT', `a groupcall has no destination ${index}`)
        return this.#ringing(plan, dial, groupcallId)
      },
      ledger,
      log,
      born: (groupcall) => {
        groupcalls.add(groupcall)
        withMaster(groupcall)
      },
      over: (groupcall) => groupcalls.delete(groupcall),
    })
  }

  /** Contacts of a 3xx that any destination could be; the others are passed over. */
  async #follow(contacts: readonly string[]): Promise<DialTarget[]> {
    const tried = await Promise.allSettled(
      contacts.slice(0, 5).map((contact) => this.#options.planner.sip(contact, 'Contact')),
    )
    return tried.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }
}
