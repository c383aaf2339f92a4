// Calls: dial out, read, hang up.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { nilUuid } from '../../base/ids.ts'
import { type Address, completeAddress } from '../../schema/address.ts'
import { Call, CallCreate, CallCreated } from '../../schema/call.ts'
import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import { seedVariables } from '../../schema/variables.ts'
import { administrators as access } from '../access.ts'
import { notImplemented } from '../not-implemented.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, type RouteFacts, route } from '../route.ts'
import type { CallInput, CallService, FlowService } from '../services.ts'

const tag = 'calls'
const errors = ['CALL_NOT_FOUND'] as const

export function callRoutes(calls: CallService, flows: Pick<FlowService, 'normalise'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/calls',
      operation: 'listCalls',
      summary: 'List calls, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Call),
      handler: async ({ customerId, query }) => pageOf(await calls.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/calls',
      operation: 'createCalls',
      summary: 'Dial one or more destinations; what answers runs the flow',
      tag,
      access,
      errors: ['INVALID_ACTION_TYPE', 'INVALID_VARIABLES', 'INVALID_ANONYMOUS_VALUE', 'DESTINATION_NOT_ALLOWED'],
      body: CallCreate,
      example: {
        source: { type: 'tel', target: '+15551230001' },
        destinations: [{ type: 'sip', target: 'alice@127.0.0.1:5070' }],
        actions: [{ type: 'answer' }, { type: 'echo', option: { duration: 10000 } }],
      },
      response: CallCreated,
      handler: async ({ customerId, body }) => {
        const { calls: dialled, groupcalls } = await calls.create(customerId, await callInput(body, flows))
        return { ...dialled[0], calls: dialled, groupcalls }
      },
    }),
    ...callActions(calls),
    ...laterRoutes(calls),
  ]
}

function callActions(calls: CallService): Route[] {
  const facts = (
    method: RouteFacts['method'],
    path: string,
  ): Pick<RouteFacts, 'method' | 'path' | 'tag' | 'access' | 'errors'> => ({
    method,
    path: `/v1.0/calls/{id}${path}`,
    tag,
    access,
    errors,
  })
  return [
    route({
      ...facts('GET', ''),
      operation: 'getCall',
      summary: 'Read a call',
      response: Call,
      handler: ({ customerId, id }) => calls.get(customerId, id),
    }),
    route({
      ...facts('DELETE', ''),
      operation: 'deleteCall',
      summary: 'Delete a call; one that is still up is hung up first',
      response: Call,
      handler: ({ customerId, id }) => calls.remove(customerId, id),
    }),
    route({
      ...facts('POST', '/hangup'),
      operation: 'hangupCall',
      summary: 'Hang up a call',
      response: Call,
      handler: ({ customerId, id }) => calls.hangup(customerId, id),
    }),
  ]
}

/** Known, checked for the id and the tenant, and refused. */
function laterRoutes(calls: CallService): Route[] {
  const later = (method: 'GET' | 'POST' | 'DELETE', name: string, operation: string, feature: string): Route =>
    route({
      method,
      path: `/v1.0/calls/{id}/${name}`,
      operation,
      summary: `Not implemented: ${feature}`,
      tag,
      access,
      errors: [...errors, 'NOT_IMPLEMENTED'],
      response: Type.Unknown(),
      handler: async ({ customerId, id }) => {
        await calls.get(customerId, id)
        throw notImplemented(feature)
      },
    })
  return [
    later('POST', 'hold', 'holdCall', 'holding a call'),
    later('DELETE', 'hold', 'unholdCall', 'holding a call'),
    later('POST', 'mute', 'muteCall', 'muting a call'),
    later('DELETE', 'mute', 'unmuteCall', 'muting a call'),
    later('POST', 'moh', 'startCallMusic', 'music on hold'),
    later('DELETE', 'moh', 'stopCallMusic', 'music on hold'),
    later('POST', 'silence', 'silenceCall', 'silencing a call'),
    later('DELETE', 'silence', 'unsilenceCall', 'silencing a call'),
    later('POST', 'talk', 'talkToCall', 'speaking text into a call'),
    later('POST', 'recording_start', 'startCallRecording', 'recording a call'),
    later('POST', 'recording_stop', 'stopCallRecording', 'recording a call'),
    later('GET', 'media_stream', 'streamCall', 'the media stream of a call'),
  ]
}

async function callInput(body: CallCreate, flows: Pick<FlowService, 'normalise'>): Promise<CallInput> {
  const anonymous = checkAnonymous(body.anonymous)
  const variables = seedVariables(body.variables)
  const flowId = idOrNil(body.flow_id)
  const actions = flowId === nilUuid ? await flows.normalise(body.actions ?? []) : []
  const source = completeAddress(body.source ?? {})
  return {
    source: anonymous ? anonymousAddress : source,
    destinations: body.destinations.map((given, index) => {
      const address = completeAddress(given)
      if (address.type !== '') return address
      const field = `destinations[${index}].type`
      throw new UserError(
        'INVALID_ARGUMENT',
        `${field} is missing and the target does not tell it: add "type": "sip"`,
        {
          details: [{ field }],
        },
      )
    }),
    flow_id: flowId,
    actions,
    variables,
  }
}

/** The address of a caller who withholds his identity (RFC 3323 §4.1.1.3). */
const anonymousAddress: Address = {
  type: 'sip',
  target: 'anonymous@anonymous.invalid',
  target_name: 'Anonymous',
  name: '',
  detail: '',
}

function checkAnonymous(value: unknown): boolean {
  if (value === undefined || value === '' || value === 'no' || value === 'auto') return false
  if (value === 'yes') return true
  throw new UserError('INVALID_ANONYMOUS_VALUE', 'anonymous must be yes, no, auto or an empty string', {
    details: [{ field: 'anonymous' }],
  })
}
