// Groupcalls: several destinations that ring for one answer.
import { UserError } from '../../base/errors.ts'
import { nilUuid } from '../../base/ids.ts'
import { completeAddress } from '../../schema/address.ts'
import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import { Groupcall, GroupcallCreate } from '../../schema/groupcall.ts'
import { seedVariables } from '../../schema/variables.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, type RouteFacts, route } from '../route.ts'
import type { FlowService, GroupcallInput, GroupcallService } from '../services.ts'

const tag = 'groupcalls'

export function groupcallRoutes(groupcalls: GroupcallService, flows: Pick<FlowService, 'normalise'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/groupcalls',
      operation: 'listGroupcalls',
      summary: 'List groupcalls, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Groupcall),
      handler: async ({ customerId, query }) => pageOf(await groupcalls.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/groupcalls',
      operation: 'createGroupcall',
      summary: 'Call several destinations for one answer; what answers runs the flow',
      tag,
      access,
      errors: ['INVALID_ACTION_TYPE', 'INVALID_VARIABLES', 'INVALID_ANONYMOUS_VALUE', 'DESTINATION_NOT_ALLOWED'],
      body: GroupcallCreate,
      example: {
        source: { type: 'tel', target: '+15551230001' },
        destinations: [
          { type: 'sip', target: 'alice@127.0.0.1:5070' },
          { type: 'sip', target: 'bob@127.0.0.1:5080' },
        ],
        actions: [{ type: 'answer' }, { type: 'echo', option: { duration: 10000 } }],
        ring_method: 'ring_all',
        answer_method: 'hangup_others',
      },
      response: Groupcall,
      handler: async ({ customerId, body }) => groupcalls.create(customerId, await groupcallInput(body, flows)),
    }),
    ...oneGroupcall(groupcalls),
  ]
}

function oneGroupcall(groupcalls: GroupcallService): Route[] {
  const facts = (
    method: RouteFacts['method'],
    path: string,
  ): Pick<RouteFacts, 'method' | 'path' | 'tag' | 'access' | 'errors'> => ({
    method,
    path: `/v1.0/groupcalls/{id}${path}`,
    tag,
    access,
    errors: ['GROUPCALL_NOT_FOUND'],
  })
  return [
    route({
      ...facts('GET', ''),
      operation: 'getGroupcall',
      summary: 'Read a groupcall',
      response: Groupcall,
      handler: ({ customerId, id }) => groupcalls.get(customerId, id),
    }),
    route({
      ...facts('DELETE', ''),
      operation: 'deleteGroupcall',
      summary: 'Delete a groupcall; what rings or speaks of it is hung up first',
      response: Groupcall,
      handler: ({ customerId, id }) => groupcalls.remove(customerId, id),
    }),
    route({
      ...facts('POST', '/hangup'),
      operation: 'hangupGroupcall',
      summary: 'Hang up all calls of a groupcall',
      response: Groupcall,
      handler: ({ customerId, id }) => groupcalls.hangup(customerId, id),
    }),
  ]
}

const anonymousWords: readonly string[] = ['', 'yes', 'no', 'auto']

async function groupcallInput(body: GroupcallCreate, flows: Pick<FlowService, 'normalise'>): Promise<GroupcallInput> {
  const { anonymous = '' } = body
  if (!anonymousWords.includes(anonymous)) {
    throw new UserError('INVALID_ANONYMOUS_VALUE', 'anonymous must be yes, no, auto or an empty string', {
      details: [{ field: 'anonymous' }],
    })
  }
  const flowId = idOrNil(body.flow_id)
  return {
    source: completeAddress(body.source ?? {}),
    destinations: body.destinations.map((given) => completeAddress(given)),
    flow_id: flowId,
    actions: flowId === nilUuid ? await flows.normalise(body.actions ?? []) : [],
    variables: seedVariables(body.variables),
    ring_method: body.ring_method || 'ring_all',
    answer_method: body.answer_method ?? 'hangup_others',
    anonymous,
  }
}
