// Activeflows: running instances of flows.
import { nilUuid } from '../../base/ids.ts'
import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import { Activeflow, ActiveflowCreate } from '../../schema/flow.ts'
import { seedVariables } from '../../schema/variables.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { ActiveflowInput, ActiveflowService } from '../services.ts'

const tag = 'activeflows'
const errors = ['ACTIVEFLOW_NOT_FOUND'] as const

export function activeflowRoutes(activeflows: ActiveflowService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/activeflows',
      operation: 'listActiveflows',
      summary: 'List activeflows, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Activeflow),
      handler: async ({ customerId, query }) => pageOf(await activeflows.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/activeflows',
      operation: 'createActiveflow',
      summary: 'Run a flow without a call',
      tag,
      access,
      status: 201,
      errors: ['FLOW_NOT_FOUND', 'ALREADY_EXISTS', 'INVALID_ACTION_TYPE', 'INVALID_VARIABLES'],
      body: ActiveflowCreate,
      example: {
        actions: [{ type: 'variable_set', option: { key: 'colour', value: 'blue' } }],
        variables: { size: 'large' },
      },
      response: Activeflow,
      handler: ({ customerId, body }) => activeflows.create(customerId, activeflowInput(body)),
    }),
    route({
      method: 'GET',
      path: '/v1.0/activeflows/{id}',
      operation: 'getActiveflow',
      summary: 'Read an activeflow',
      tag,
      access,
      errors,
      response: Activeflow,
      handler: ({ customerId, id }) => activeflows.get(customerId, id),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/activeflows/{id}',
      operation: 'deleteActiveflow',
      summary: 'Delete an activeflow; one that runs is stopped first',
      tag,
      access,
      errors,
      response: Activeflow,
      handler: ({ customerId, id }) => activeflows.remove(customerId, id),
    }),
    route({
      method: 'POST',
      path: '/v1.0/activeflows/{id}/stop',
      operation: 'stopActiveflow',
      summary: 'Stop an activeflow; one that has ended stays as it is',
      tag,
      access,
      errors,
      response: Activeflow,
      handler: ({ customerId, id }) => activeflows.stop(customerId, id),
    }),
  ]
}

function activeflowInput(body: ActiveflowCreate): ActiveflowInput {
  const id = idOrNil(body.id)
  return {
    ...(id === nilUuid ? {} : { id }),
    flow_id: idOrNil(body.flow_id),
    ...(body.actions === undefined ? {} : { actions: body.actions }),
    variables: seedVariables(body.variables),
    webhook_uri: body.webhook_uri ?? '',
    webhook_method: body.webhook_method ?? '',
  }
}
