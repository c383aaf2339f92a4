// Trunks: other exchanges that call in at `<domain_name>.trunk.<base domain>`. Passwords go in and never come out.
import { Page, PageQuery } from '../../schema/common.ts'
import { TrunkCreate, TrunkPatch, TrunkView } from '../../schema/routing.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { TrunkService } from '../services.ts'

const tag = 'trunks'
const errors = ['TRUNK_NOT_FOUND'] as const

export function trunkRoutes(trunks: TrunkService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/trunks',
      operation: 'listTrunks',
      summary: 'List trunks, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(TrunkView),
      handler: async ({ customerId, query }) => pageOf(await trunks.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/trunks',
      operation: 'createTrunk',
      summary: 'Create a trunk, known by password (`basic`), by source address (`ip`), or both',
      tag,
      access,
      errors: ['ALREADY_EXISTS'],
      body: TrunkCreate,
      example: { name: 'office', domain_name: 'office', auth_types: ['ip'], allowed_ips: ['192.0.2.0/28'] },
      response: TrunkView,
      handler: ({ customerId, body }) => trunks.create(customerId, body),
    }),
    route({
      method: 'GET',
      path: '/v1.0/trunks/{id}',
      operation: 'getTrunk',
      summary: 'Read a trunk; its password is never shown',
      tag,
      access,
      errors,
      response: TrunkView,
      handler: ({ customerId, id }) => trunks.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/trunks/{id}',
      operation: 'updateTrunk',
      summary: 'Change a trunk; what is left out stays as it is',
      tag,
      access,
      errors,
      body: TrunkPatch,
      example: { name: 'new name' },
      response: TrunkView,
      handler: ({ customerId, id, body }) => trunks.update(customerId, id, body),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/trunks/{id}',
      operation: 'deleteTrunk',
      summary: 'Delete a trunk',
      tag,
      access,
      errors,
      response: TrunkView,
      handler: ({ customerId, id }) => trunks.remove(customerId, id),
    }),
  ]
}
