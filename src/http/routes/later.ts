// Lists of resources that this server does not have: an honest refusal instead of an empty page.
import Type from 'typebox'
import { Page, PageQuery } from '../../schema/common.ts'
import { administrators as access } from '../access.ts'
import { notImplemented } from '../not-implemented.ts'
import { type Route, route } from '../route.ts'

export function laterRoutes(): Route[] {
  const refused = (tag: string, operation: string): Route =>
    route({
      method: 'GET',
      path: `/v1.0/${tag}`,
      operation,
      summary: `Not implemented: the list of ${tag}`,
      tag,
      access,
      errors: ['NOT_IMPLEMENTED'],
      query: PageQuery,
      response: Page(Type.Object({ tm_create: Type.String() })),
      handler: async () => {
        throw notImplemented(`the list of ${tag}`)
      },
    })
  return [refused('groupcalls', 'listGroupcalls'), refused('recordings', 'listRecordings')]
}
