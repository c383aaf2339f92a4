// Paging of lists: newest first, walked with the tm_create of the last item until a page comes back empty.
import { UserError } from '../base/errors.ts'
import { parseTimestamp } from '../base/time.ts'
import type { PageQuery } from '../schema/common.ts'
import type { Page as PageRequest } from './services.ts'

const largest = 100

/** Throws INVALID_REQUEST_PARAMETER for a token that is no timestamp. */
export function pageRequest(query: PageQuery): PageRequest {
  const size = query.page_size ?? largest
  const limit = size <= 0 || size > largest ? largest : size
  if (query.page_token === undefined) return { limit }
  const before = parseTimestamp(query.page_token)
  if (before !== undefined) return { before, limit }
  throw new UserError('INVALID_REQUEST_PARAMETER', 'page_token must be the next_page_token of the page before', {
    details: [{ field: 'page_token' }],
  })
}

export interface Page<T> {
  result: T[]
  next_page_token: string
}

export function pageOf<T extends { readonly tm_create: string }>(items: T[]): Page<T> {
  return { result: items, next_page_token: items.at(-1)?.tm_create ?? '' }
}
