// Providers: the carriers that take calls to telephone numbers. Operators of the server only.
import { Page, PageQuery } from '../../schema/common.ts'
import { Provider, ProviderCreate, ProviderPatch } from '../../schema/routing.ts'
import { superAdmins as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { ProviderService } from '../services.ts'

const tag = 'providers'
const errors = ['PROVIDER_NOT_FOUND'] as const

export function providerRoutes(providers: ProviderService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/providers',
      operation: 'listProviders',
      summary: 'List providers, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Provider),
      handler: async ({ query }) => pageOf(await providers.list(pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/providers',
      operation: 'createProvider',
      summary: 'Admit a provider: calls are sent to `sip:<tech_prefix><number><tech_postfix>@<hostname>`',
      tag,
      access,
      body: ProviderCreate,
      example: { type: 'sip', hostname: 'sip.example.com', name: 'carrier', tech_prefix: '1234#' },
      response: Provider,
      handler: ({ body }) => providers.create(body),
    }),
    route({
      method: 'GET',
      path: '/v1.0/providers/{id}',
      operation: 'getProvider',
      summary: 'Read a provider, and whether it answers',
      tag,
      access,
      errors,
      response: Provider,
      handler: ({ id }) => providers.get(id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/providers/{id}',
      operation: 'updateProvider',
      summary: 'Change a provider; what is left out stays as it is',
      tag,
      access,
      errors,
      body: ProviderPatch,
      example: { name: 'new name' },
      response: Provider,
      handler: ({ id, body }) => providers.update(id, body),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/providers/{id}',
      operation: 'deleteProvider',
      summary: 'Delete a provider; routes that name it lead past it',
      tag,
      access,
      errors,
      response: Provider,
      handler: ({ id }) => providers.remove(id),
    }),
  ]
}
