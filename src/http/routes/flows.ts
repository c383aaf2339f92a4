// Flows: stored programs of actions that a call runs.

import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import { Flow, FlowPatch } from '../../schema/flow.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { FlowInput, FlowService } from '../services.ts'

const tag = 'flows'
const errors = ['FLOW_NOT_FOUND'] as const
const example = {
  name: 'echo',
  detail: 'answers and sends back what it hears',
  actions: [{ type: 'answer' }, { type: 'echo', option: { duration: 10000 } }],
}

export function flowRoutes(flows: FlowService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/flows',
      operation: 'listFlows',
      summary: 'List flows, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Flow),
      handler: async ({ customerId, query }) => pageOf(await flows.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/flows',
      operation: 'createFlow',
      summary: 'Store a flow',
      tag,
      access,
      errors: ['INVALID_ACTION_TYPE', 'LIMIT_REACHED'],
      body: FlowPatch,
      example,
      response: Flow,
      handler: ({ customerId, body }) =>
        flows.create(customerId, {
          name: '',
          detail: '',
          actions: [],
          on_complete_flow_id: idOrNil(''),
          ...flowPatch(body),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1.0/flows/{id}',
      operation: 'getFlow',
      summary: 'Read a flow',
      tag,
      access,
      errors,
      response: Flow,
      handler: ({ customerId, id }) => flows.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/flows/{id}',
      operation: 'updateFlow',
      summary: 'Change a flow; what is left out stays as it is',
      tag,
      access,
      errors: [...errors, 'INVALID_ACTION_TYPE'],
      body: FlowPatch,
      example: { name: 'new name' },
      response: Flow,
      handler: ({ customerId, id, body }) => flows.update(customerId, id, flowPatch(body)),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/flows/{id}',
      operation: 'deleteFlow',
      summary: 'Delete a flow',
      tag,
      access,
      errors,
      response: Flow,
      handler: ({ customerId, id }) => flows.remove(customerId, id),
    }),
    route({
      method: 'POST',
      path: '/v1.0/flows/{id}/direct-hash-regenerate',
      operation: 'regenerateFlowHash',
      summary: 'Give a flow a new direct hash; the old one stops working at once',
      tag,
      access,
      errors,
      response: Flow,
      handler: ({ customerId, id }) => flows.regenerateHash(customerId, id),
    }),
  ]
}

function flowPatch({ on_complete_flow_id: next, ...rest }: FlowPatch): Partial<FlowInput> {
  return { ...rest, ...(next === undefined ? {} : { on_complete_flow_id: idOrNil(next) }) }
}
