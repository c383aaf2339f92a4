// A page of a list as JSON. What never changes is written once and then only sent, an item as well as a whole page: clients ask for the same page
// again and again. In buffers, since V8 keeps a text of this size in memory of its own, which the system makes and clears each time.
import Type, { type TSchema } from 'typebox'
import type { Page } from './paging.ts'

/** The schema of a page's items; undefined for any other schema than that of a page. */
export function pageItem(schema: TSchema): TSchema | undefined {
  if (!Type.IsObject(schema)) return undefined
  const { result, next_page_token, ...others } = schema.properties
  if (result === undefined || next_page_token === undefined || Object.keys(others).length > 0) return undefined
  return Type.IsArray(result) ? result.items : undefined
}

type Item = Record<string, unknown>

export const isPage = (answer: unknown): answer is Page<Item> =>
  typeof answer === 'object' && answer !== null && 'result' in answer && Array.isArray(answer.result)

interface Written {
  readonly page: Page<Item>
  readonly bytes: Buffer
}

const opening = Buffer.from('{"result":[')
const comma = Buffer.from(',')

export class PageTexts {
  readonly #items = new WeakMap<Item, Buffer>()
  /** The page last written of those that begin with an item. */
  readonly #pages = new WeakMap<Item, Written>()
  readonly #write: (item: Item) => string

  /** @param write an item's JSON text */
  constructor(write: (item: Item) => string) {
    this.#write = write
  }

  bytes(page: Page<Item>): Buffer {
    const [first] = page.result
    const known = first && this.#pages.get(first)
    if (known !== undefined && samePage(known.page, page)) return known.bytes
    const parts: Buffer[] = [opening]
    for (const item of page.result) parts.push(this.#item(item), comma)
    if (first !== undefined) parts.pop()
    const bytes = Buffer.concat([...parts, Buffer.from(`],"next_page_token":${JSON.stringify(page.next_page_token)}}`)])
    if (first !== undefined && page.result.every(Object.isFrozen)) this.#pages.set(first, { page, bytes })
    return bytes
  }

  #item(item: Item): Buffer {
    const known = this.#items.get(item)
    if (known !== undefined) return known
    const bytes = Buffer.from(this.#write(item))
    if (Object.isFrozen(item)) this.#items.set(item, bytes)
    return bytes
  }
}

/** By identity: what is kept never changes. */
const samePage = (one: Page<Item>, other: Page<Item>): boolean =>
  one.next_page_token === other.next_page_token &&
  one.result.length === other.result.length &&
  one.result.every((item, index) => item === other.result[index])
