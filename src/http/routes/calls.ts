// Calls: dial out, read, hang up.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { nilUuid } from '../../base/ids.ts'
import { completeAddress } from '../../schema/address.ts'
import { Call, CallCreate, CallCreated } from '../../schema/call.ts'
import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import { seedVariables } from '../../schema/variables.ts'
import { administrators as access } from '../access.ts'
import { notImplemented } from '../not-implemented.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, type RouteFacts, route } from '../route.ts'
import type { CallControlService, CallInput, CallService, FlowService, RecordingService } from '../services.ts'
import { callControlRoutes, callRecordingRoutes } from './call-controls.ts'

const tag = 'calls'
const errors = ['CALL_NOT_FOUND'] as const

export interface CallRouteParts {
  readonly flows: Pick<FlowService, 'normalise'>
  readonly controls: CallControlService
  readonly recordings: Pick<RecordingService, 'startForCall' | 'stopForCall'>
}

export function callRoutes(calls: CallService, { flows, controls, recordings }: CallRouteParts): Route[] {
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
    ...callControlRoutes(controls),
    ...callRecordingRoutes(calls, recordings),
    mediaStreamRoute(calls),
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
const mediaStreamRoute = (calls: CallService): Route =>
  route({
    method: 'GET',
    path: '/v1.0/calls/{id}/media_stream',
    operation: 'streamCall',
    summary: 'Not implemented: the media stream of a call',
    tag,
    access,
    errors: [...errors, 'NOT_IMPLEMENTED'],
    response: Type.Unknown(),
    handler: async ({ customerId, id }) => {
      await calls.get(customerId, id)
      throw notImplemented('the media stream of a call')
    },
  })

async function callInput(body: CallCreate, flows: Pick<FlowService, 'normalise'>): Promise<CallInput> {
  const anonymous = checkAnonymous(body.anonymous)
  const variables = seedVariables(body.variables)
  const flowId = idOrNil(body.flow_id)
  const actions = flowId === nilUuid ? await flows.normalise(body.actions ?? []) : []
  return {
    source: completeAddress(body.source ?? {}),
    anonymous,
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

function checkAnonymous(value: unknown): string {
  const known = ['', 'yes', 'no', 'auto'].find((word) => word === (value ?? ''))
  if (known !== undefined) return known
  throw new UserError('INVALID_ANONYMOUS_VALUE', 'anonymous must be yes, no, auto or an empty string', {
    details: [{ field: 'anonymous' }],
  })
}
