// New calls that flows ask for: `call`, which goes on at once, and `connect`, which speaks with whoever answers first.
import { UserError } from '../base/errors.ts'
import { nilUuid } from '../base/ids.ts'
import type { Clock } from '../base/time.ts'
import type { ConnectOutcome, ConnectRequest, DialRequest, FlowDialling } from '../flow/ports.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { Address } from '../schema/address.ts'
import { type Bridges, newBridgeId } from './bridges.ts'
import type { CallRegistry } from './call-registry.ts'
import { runConnection } from './connection.ts'
import type { LiveCall } from './live-call.ts'
import type { Outgoing } from './outgoing.ts'
import { ringAll } from './ringing.ts'
import { headerVariable } from './sip-headers.ts'

export interface FlowDiallingOptions {
  readonly registry: CallRegistry
  readonly outgoing: Outgoing
  readonly bridges: Bridges
  readonly engine: MediaEngine
  readonly clock: Clock
}

export function flowDialling({ registry, outgoing, bridges, engine, clock }: FlowDiallingOptions): FlowDialling {
  const call = async (request: DialRequest) => {
    const { customerId, destinations, anonymous, early, chained } = request
    const variables = given(request.variables)
    const master = request.call && registry.live(request.call.id)
    const plans = await outgoing.planner.plan(customerId, destinations)
    const flowId = await outgoing.flow(customerId, request.flowId, request.actions)
    const ringings = outgoing.each(plans, {
      customerId,
      source: sourceOf(request.source, master),
      anonymous,
      flowId,
      variables,
      early,
      chained,
      ...(master !== undefined && { master }),
    })
    await ringAll(ringings)
    const ids = (kind: 'call' | 'groupcall'): string[] =>
      ringings.filter((ringing) => ringing.kind === kind).map(({ id }) => id)
    return { callIds: ids('call'), groupcallIds: ids('groupcall') }
  }
  const connect = async (request: ConnectRequest): Promise<ConnectOutcome> => {
    const { signal, destinations, earlyMedia, anonymous } = request
    const variables = headersAmong(request.variables)
    const owner = registry.live(request.call.id)
    if (owner === undefined) throw new UserError('CALL_ALREADY_HANGUP', `call ${request.call.id} is over`)
    const { customerId } = owner
    const plans = await outgoing.planner.plan(customerId, destinations)
    if (plans.length === 0) throw new UserError('INVALID_ARGUMENT', 'connect needs at least one destination')
    const mixId = newBridgeId()
    const source = sourceOf(request.source, owner)
    const dial = { customerId, source, anonymous, flowId: nilUuid, variables, early: false }
    const ringing = outgoing.together(plans, { ...dial, master: owner, chained: true, near: mixId })
    return runConnection({ owner, ringing, mixId, earlyMedia, signal, bridges, engine, clock })
  }
  return { call, connect }
}

/** Without a source of its own the new call comes from whom the asking call came from. */
const sourceOf = (given: Address, master: LiveCall | undefined): Address =>
  given.target === '' && master !== undefined ? master.source : given

/** Seeds of the new calls' flows: what the server sets itself is each flow's own. */
const given = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('voipbin.')))

/** The bridged call runs no flow: all that it needs of the variables is the headers to send. */
const headersAmong = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith(headerVariable)))
