// What a destination comes down to before anything rings: ways to one phone, or a group of destinations that ring for one answer.
import { UserError } from '../base/errors.ts'
import { isUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import { type Address, completeAddress } from '../schema/address.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import { parseUri } from '../sip/uri.ts'
import { type DialPolicy, dialTarget } from './dial-policy.ts'
import type { OwnAddresses } from './own-address.ts'
import type { DialTarget, OutboundRoutes, RegisteredPhones, ResolveHost } from './ports.ts'

export type Plan = CallPlan | GroupPlan

export interface CallPlan {
  readonly kind: 'call'
  /** As it is stored: without a password. */
  readonly destination: Address
  readonly ways: readonly DialTarget[]
  /** By telephone routes, which fail over. */
  readonly routed: boolean
}

/** An agent or an extension. */
export interface GroupPlan {
  readonly kind: 'group'
  readonly destination: Address
  readonly ringMethod: Groupcall['ring_method']
  /** Empty: no phone is registered, or the agent has no address. */
  readonly members: readonly Plan[]
}

export interface PlannerOptions {
  readonly ledger: Ledger
  readonly own: OwnAddresses
  readonly dialPolicy: DialPolicy
  readonly resolve: ResolveHost
  /** Absent: no telephone number can be reached. */
  readonly outbound: OutboundRoutes | undefined
  /** Absent: no phone registers here. */
  readonly phones: RegisteredPhones | undefined
}

interface Asked {
  readonly customerId: string
  readonly destination: Address
  /** Name of the request's field, for errors. */
  readonly field: string
  /** Reached by way of an agent's addresses, among which there is no agent. */
  readonly ofAgent?: boolean
}

export class Planner {
  readonly #options: PlannerOptions

  constructor(options: PlannerOptions) {
    this.#options = options
  }

  /** Throws UserError naming the destination that cannot be called; then nothing was done. */
  plan(customerId: string, destinations: readonly Address[], field = 'destinations'): Promise<Plan[]> {
    return Promise.all(
      destinations.map((destination, index) => this.#plan({ customerId, destination, field: `${field}[${index}]` })),
    )
  }

  /** One destination. Throws UserError naming `field`. */
  one(customerId: string, destination: Address, field: string): Promise<Plan> {
    return this.#plan({ customerId, destination, field })
  }

  /** A SIP address, held to the dial policy. */
  sip(target: string, field: string): Promise<DialTarget> {
    const { dialPolicy, resolve } = this.#options
    return dialTarget({ target, field }, dialPolicy, resolve)
  }

  async #plan(asked: Asked): Promise<Plan> {
    const destination = completeAddress(asked.destination)
    const { type } = destination
    const complete = { ...asked, destination }
    switch (type) {
      case 'sip':
        return this.#sip(complete)
      case 'tel':
        return this.#tel(complete)
      case 'extension':
        return this.#extension(complete)
      case 'agent':
        return this.#agent(complete)
      case 'conference':
        throw invalid(
          `${asked.field} is a conference, which has no phone to ring: call a phone and let its flow run conference_join`,
          asked.field,
        )
      case '':
        throw invalid(`${asked.field}.type is missing and the target does not tell it: add "type": "sip"`, asked.field)
      default:
        throw invalid(
          `${asked.field}.type "${type}" cannot be called; use sip, tel, extension or agent`,
          `${asked.field}.type`,
        )
    }
  }

  async #sip(asked: Asked): Promise<Plan> {
    const { destination, field, customerId } = asked
    const { own } = this.#options
    const { target } = destination
    const uri = parseUri(/^sips?:/i.test(target) ? target : `sip:${target}`)
    if (uri === undefined || !own.isOwn(uri)) {
      const way = await this.sip(target, `${field}.target`)
      // A name that leads back to us would only be answered with 482.
      if (uri === undefined || !own.isOurs(way.destination))
        return { kind: 'call', destination: withoutPassword(destination), ways: [way], routed: false }
    }
    const read = await own.read(uri, customerId)
    if (read.kind === 'flow') {
      throw invalid(
        `${field}.target "${target}" is a flow on this server, which has no phone to ring: give its id as flow_id instead`,
        `${field}.target`,
      )
    }
    if (read.kind === 'foreign' || read.address.type === 'sip')
      throw invalid(
        `${field}.target "${target}" is an address of this server that names nothing of yours`,
        `${field}.target`,
      )
    return this.#plan({ ...asked, destination: { ...destination, ...pick(read.address) } })
  }

  async #tel({ customerId, destination, field }: Asked): Promise<Plan> {
    const number = destination.target.replace(/^tel:/i, '').replace(/[\s().-]/g, '')
    if (!/^\+?\d{3,20}$/.test(number))
      throw invalid(`${field}.target "${destination.target}" is not a telephone number`, `${field}.target`)
    const { outbound } = this.#options
    if (outbound === undefined)
      throw new UserError('DESTINATION_NOT_ALLOWED', `${field}: no route leads to telephone numbers on this server`)
    const ways = await outbound.waysTo(customerId, number, `${field}.target`)
    if (ways.length === 0)
      throw new UserError('DESTINATION_NOT_ALLOWED', `${field}.target: no route leads to "${number}"`)
    return { kind: 'call', destination, ways, routed: true }
  }

  /** The extension is named by its id or number, or by its number in `target_name`. */
  async #extension({ customerId, destination, field }: Asked): Promise<Plan> {
    const { phones } = this.#options
    const name = destination.target || destination.target_name
    const contacts = (await phones?.contactsOf(customerId, name, `${field}.target`)) ?? []
    const members = contacts.map((way): Plan => ({ kind: 'call', destination, ways: [way], routed: false }))
    return { kind: 'group', destination, ringMethod: 'ring_all', members }
  }

  async #agent({ customerId, destination, field, ofAgent = false }: Asked): Promise<Plan> {
    const { target } = destination
    if (ofAgent) throw invalid(`${field}: an address of an agent cannot be an agent again`, field)
    const agent = isUuid(target) ? await this.#options.ledger.get('agent', target.toLowerCase()) : undefined
    if (agent?.customer_id !== customerId || agent.tm_delete !== notDeleted)
      throw invalid(`${field}.target "${target}" is not an agent of yours`, `${field}.target`)
    const members = await this.#reachable(
      agent.addresses.map((given, index) => ({
        customerId,
        destination: given,
        field: `${field}.addresses[${index}]`,
        ofAgent: true,
      })),
    )
    return { kind: 'group', destination, ringMethod: agent.ring_method === 'linear' ? 'linear' : 'ring_all', members }
  }

  /** Those of an agent's addresses that can be called; throws the first error when none can. */
  async #reachable(asked: readonly Asked[]): Promise<Plan[]> {
    const tried = await Promise.allSettled(asked.map((each) => this.#plan(each)))
    const members = tried.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const failed = tried.find((result) => result.status === 'rejected')
    if (members.length === 0 && failed !== undefined) throw failed.reason
    return members
  }
}

const pick = ({ type, target }: Address): Pick<Address, 'type' | 'target'> => ({ type, target })

const invalid = (message: string, field: string): UserError =>
  new UserError('INVALID_ARGUMENT', message, { details: [{ field }] })

/** A password in a dialled URI is for the far end's challenge only; it is not stored. */
const withoutPassword = (destination: Address): Address => ({
  ...destination,
  target: destination.target.replace(/^((?:sips?:)?[^:@]+):[^@]*@/i, '$1@'),
})
