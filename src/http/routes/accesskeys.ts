// Access keys: made, listed, renamed, deleted. The key itself is in the answer that creates it and nowhere else.
import type { AccesskeyService } from '../../account/accesskeys.ts'
import { Accesskey, AccesskeyCreate, AccesskeyPatch } from '../../schema/account.ts'
import { Page, PageQuery } from '../../schema/common.ts'
import { admins as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'

const tag = 'accesskeys'
const errors = ['ACCESSKEY_NOT_FOUND'] as const

export function accesskeyRoutes(accesskeys: AccesskeyService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/accesskeys',
      operation: 'listAccesskeys',
      summary: 'List access keys, newest first; the keys themselves are not shown',
      tag,
      access,
      query: PageQuery,
      response: Page(Accesskey),
      handler: async ({ customerId, query }) => pageOf(await accesskeys.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/accesskeys',
      operation: 'createAccesskey',
      summary: 'Create an access key; this answer alone shows it',
      tag,
      access,
      body: AccesskeyCreate,
      bodyOptional: true,
      example: { name: 'dashboard', expire: 31536000 },
      response: Accesskey,
      handler: ({ customerId, body }) => accesskeys.create(customerId, body),
    }),
    route({
      method: 'GET',
      path: '/v1.0/accesskeys/{id}',
      operation: 'getAccesskey',
      summary: 'Read an access key',
      tag,
      access,
      errors,
      response: Accesskey,
      handler: ({ customerId, id }) => accesskeys.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/accesskeys/{id}',
      operation: 'updateAccesskey',
      summary: 'Rename an access key',
      tag,
      access,
      errors,
      body: AccesskeyPatch,
      example: { name: 'old dashboard' },
      response: Accesskey,
      handler: ({ customerId, id, body }) => accesskeys.update(customerId, id, body),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/accesskeys/{id}',
      operation: 'deleteAccesskey',
      summary: 'Delete an access key; it stops working at once',
      tag,
      access,
      errors,
      response: Accesskey,
      handler: ({ customerId, id }) => accesskeys.remove(customerId, id),
    }),
  ]
}
