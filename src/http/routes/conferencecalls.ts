// Conferencecalls: who is in a conference, and removing them from it.
import { Page, PageQuery } from '../../schema/common.ts'
import { Conferencecall } from '../../schema/conference.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { ConferencecallService } from '../services.ts'

const tag = 'conferencecalls'
const errors = ['CONFERENCECALL_NOT_FOUND'] as const

export function conferencecallRoutes(conferencecalls: ConferencecallService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/conferencecalls',
      operation: 'listConferencecalls',
      summary: 'List participants of all conferences, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Conferencecall),
      handler: async ({ customerId, query }) => pageOf(await conferencecalls.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'GET',
      path: '/v1.0/conferencecalls/{id}',
      operation: 'getConferencecall',
      summary: 'Read a participant',
      tag,
      access,
      errors,
      response: Conferencecall,
      handler: ({ customerId, id }) => conferencecalls.get(customerId, id),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/conferencecalls/{id}',
      operation: 'kickConferencecall',
      summary: 'Kick a participant who is joining or joined',
      tag,
      access,
      errors: [...errors, 'STATE_INVALID'],
      response: Conferencecall,
      handler: ({ customerId, id }) => conferencecalls.kick(customerId, id),
    }),
  ]
}
