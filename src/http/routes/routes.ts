// Routes: which provider takes whose calls to which country. Operators of the server only.
import Type from 'typebox'
import { OptionalId, Page, PageQuery } from '../../schema/common.ts'
import { DialRoute, DialRouteCreate, DialRoutePatch } from '../../schema/routing.ts'
import { superAdmins as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { DialRouteService } from '../services.ts'

const tag = 'routes'
const errors = ['RESOURCE_NOT_FOUND'] as const
const example = {
  name: 'to Germany',
  provider_id: '4dbeabd6-f397-4375-95d2-a38411e07ed1',
  priority: 1,
  target: '+49',
}

const RouteQuery = Type.Object({
  ...PageQuery.properties,
  customer_id: Type.Optional(OptionalId),
})

export function dialRouteRoutes(routes: DialRouteService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/routes',
      operation: 'listRoutes',
      summary: 'List routes, newest first',
      tag,
      access,
      query: RouteQuery,
      response: Page(DialRoute),
      handler: async ({ query }) =>
        pageOf(await routes.list(query.customer_id?.toLowerCase() ?? '', pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/routes',
      operation: 'createRoute',
      summary: 'Send calls to a country, or to everywhere, through a provider',
      tag,
      access,
      body: DialRouteCreate,
      example,
      response: DialRoute,
      handler: ({ body }) => routes.create(body),
    }),
    route({
      method: 'GET',
      path: '/v1.0/routes/{id}',
      operation: 'getRoute',
      summary: 'Read a route',
      tag,
      access,
      errors,
      response: DialRoute,
      handler: ({ id }) => routes.get(id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/routes/{id}',
      operation: 'updateRoute',
      summary: 'Change a route; what is left out stays as it is',
      tag,
      access,
      errors,
      body: DialRoutePatch,
      example: { priority: 2 },
      response: DialRoute,
      handler: ({ id, body }) => routes.update(id, body),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/routes/{id}',
      operation: 'deleteRoute',
      summary: 'Delete a route',
      tag,
      access,
      errors,
      response: DialRoute,
      handler: ({ id }) => routes.remove(id),
    }),
  ]
}
