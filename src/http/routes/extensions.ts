// Extensions: the accounts that phones register with. Passwords go in and never come out.
import { Page, PageQuery } from '../../schema/common.ts'
import { ExtensionCreate, ExtensionPatch, ExtensionView } from '../../schema/routing.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { ExtensionService } from '../services.ts'

const tag = 'extensions'
const errors = ['EXTENSION_NOT_FOUND'] as const

export function extensionRoutes(extensions: ExtensionService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/extensions',
      operation: 'listExtensions',
      summary: 'List extensions, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(ExtensionView),
      handler: async ({ customerId, query }) => pageOf(await extensions.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/extensions',
      operation: 'createExtension',
      summary: 'Create an extension: a phone registers with it as `<extension>@<domain_name>.registrar.<base domain>`',
      tag,
      access,
      errors: ['ALREADY_EXISTS'],
      body: ExtensionCreate,
      example: { extension: '1001', password: 'correct horse battery', name: 'desk phone' },
      response: ExtensionView,
      handler: ({ customerId, body }) => extensions.create(customerId, body),
    }),
    route({
      method: 'GET',
      path: '/v1.0/extensions/{id}',
      operation: 'getExtension',
      summary: 'Read an extension; its password is never shown',
      tag,
      access,
      errors,
      response: ExtensionView,
      handler: ({ customerId, id }) => extensions.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/extensions/{id}',
      operation: 'updateExtension',
      summary: 'Change an extension; what is left out stays as it is',
      tag,
      access,
      errors,
      body: ExtensionPatch,
      example: { name: 'new name' },
      response: ExtensionView,
      handler: ({ customerId, id, body }) => extensions.update(customerId, id, body),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/extensions/{id}',
      operation: 'deleteExtension',
      summary: 'Delete an extension, and forget where its phones are',
      tag,
      access,
      errors,
      response: ExtensionView,
      handler: ({ customerId, id }) => extensions.remove(customerId, id),
    }),
    route({
      method: 'POST',
      path: '/v1.0/extensions/{id}/direct-hash-regenerate',
      operation: 'regenerateExtensionHash',
      summary: 'Give an extension a new direct hash; the old one stops working at once',
      tag,
      access,
      errors,
      response: ExtensionView,
      handler: ({ customerId, id }) => extensions.regenerateHash(customerId, id),
    }),
  ]
}
