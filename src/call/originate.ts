// Outgoing calls: every destination is checked before the first one rings.
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Address } from '../schema/address.ts'
import type { Action } from '../schema/flow.ts'
import type { CallRow } from '../schema/rows.ts'
import { newCallRow } from './call-row.ts'
import type { CallsOptions } from './calls.ts'
import { dialTarget } from './dial-policy.ts'
import type { LiveCall } from './live-call.ts'
import type { DialTarget } from './ports.ts'

export interface CallInput {
  readonly source: Address
  readonly destinations: readonly Address[]
  /** Wins over actions; '' or nil when actions are given. */
  readonly flow_id: string
  readonly actions: readonly Action[]
  readonly variables: Readonly<Record<string, string>>
}

export interface Origination {
  readonly customerId: string
  readonly input: CallInput
}

/** The registry of calls that are alive. */
export interface Registry {
  /** A call that is to go there. */
  adopt(row: CallRow, dial: DialTarget): LiveCall
  discard(call: LiveCall): Promise<void>
}

/** Rings every destination; answers the calls in `dialing`. Throws before anything rings: UserError naming the field, OperationalError without ports. */
export async function originate(request: Origination, options: CallsOptions, registry: Registry): Promise<LiveCall[]> {
  const { customerId, input } = request
  const targets = await Promise.all(
    input.destinations.map(async (destination, index) => ({
      destination,
      dial: await target(destination, index, options),
    })),
  )
  const flowId = await chooseFlow(request, options)
  const rings = targets.map(({ destination, dial }) => {
    const row = newCallRow({
      id: newUuid(),
      customerId,
      direction: 'outgoing',
      source: input.source,
      destination: withoutPassword(destination),
      flowId,
      activeflowId: newUuid(),
      sipCallId: '',
      at: options.ledger.timestamp(),
    })
    return { call: registry.adopt(row, dial), dial }
  })
  const calls = rings.map(({ call }) => call)
  try {
    await Promise.all(calls.map((call) => call.media.open()))
    await Promise.all(calls.map((call) => call.begin()))
    await Promise.all(calls.map((call) => startFlow(call, input, options)))
  } catch (error) {
    await Promise.all(calls.map((call) => registry.discard(call)))
    throw error
  }
  for (const { call, dial } of rings) ring(call, dial, options)
  return calls
}

async function target(destination: Address, index: number, options: CallsOptions): Promise<DialTarget> {
  const field = `destinations[${index}]`
  if (destination.type !== 'sip') {
    throw new UserError(
      'INVALID_ARGUMENT',
      `${field}.type "${destination.type}" cannot be dialled by this server yet; use "sip"`,
    )
  }
  return dialTarget({ target: destination.target, field: `${field}.target` }, options.dialPolicy, options.resolve)
}

async function chooseFlow({ customerId, input }: Origination, { ledger, flows }: CallsOptions): Promise<string> {
  if (input.flow_id === '' || input.flow_id === nilUuid) return flows.temporary(customerId, input.actions)
  const flow = await ledger.get('flow', input.flow_id)
  if (flow === undefined || flow.customer_id !== customerId || flow.tm_delete !== notDeleted) {
    throw new UserError(
      'INVALID_ARGUMENT',
      `flow_id "${input.flow_id}" is not a flow of yours; create one with POST /flows or give actions`,
    )
  }
  return flow.id
}

function ring(call: LiveCall, dial: DialTarget, { signalling, sipDomain }: CallsOptions): void {
  const source = call.source.target.replace(/^sips?:/i, '') || 'partyline'
  const user = /[\s<>"]/.test(source) ? 'partyline' : source
  signalling.command({
    kind: 'invite',
    sessionId: call.id,
    requestUri: dial.requestUri,
    from: { uri: `sip:${user.includes('@') ? user : `${user}@${sipDomain}`}`, displayName: call.source.target_name },
    to: { uri: dial.requestUri, displayName: call.destination.target_name },
    destination: dial.destination,
    offer: call.media.offer(),
    ...(dial.credentials === undefined ? {} : { credentials: dial.credentials }),
  })
}

/** The activeflow is there from the start; its first action waits for the phone to answer. A call that nobody answers runs none. */
function startFlow(call: LiveCall, { variables }: CallInput, { flows }: CallsOptions): Promise<void> {
  const { activeflow_id: activeflowId, flow_id: flowId } = call.row
  return flows.start({ activeflowId, flowId, call, variables, ready: call.answer() })
}

/** A password in a dialled URI is for the far end's challenge only; it is not stored. */
const withoutPassword = (destination: Address): Address => ({
  ...destination,
  target: destination.target.replace(/^((?:sips?:)?[^:@]+):[^@]*@/i, '$1@'),
})
