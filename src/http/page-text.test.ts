// Pages as JSON: what is kept says the same as what would be written anew.
import { expect, test } from 'vitest'
import { Page } from '../schema/common.ts'
import { Conferencecall } from '../schema/conference.ts'
import { PageTexts, pageItem } from './page-text.ts'

function texts() {
  let written = 0
  const pages = new PageTexts((item) => {
    written += 1
    return JSON.stringify(item)
  })
  return {
    written: () => written,
    text: (...given: Parameters<PageTexts['bytes']>) => pages.bytes(...given).toString(),
  }
}
const item = (id: string) => Object.freeze({ id, name: 'ä "quoted" 😀' })

test('is the JSON text of a page, also of an empty one', () => {
  const { text } = texts()
  const page = { result: [item('a'), item('b')], next_page_token: '2026-01-01 "' }
  expect(text(page)).toBe(JSON.stringify(page))
  expect(text(page)).toBe(JSON.stringify(page))
  expect(text({ result: [], next_page_token: '' })).toBe('{"result":[],"next_page_token":""}')
})

test('writes an item that cannot change once, on whatever page, and keeps pages apart', () => {
  const { text, written } = texts()
  const [a, b, c] = [item('a'), item('b'), item('c')]
  const pages = [[a, b], [a, b, c], [a, c], [a], [b, a]].map((result) => ({ result, next_page_token: 'x' }))
  for (const page of [...pages, ...pages]) expect(text(page)).toBe(JSON.stringify(page))
  expect(text({ result: [a], next_page_token: 'y' })).toBe(
    '{"result":[{"id":"a","name":"ä \\"quoted\\" 😀"}],"next_page_token":"y"}',
  )
  expect(written()).toBe(3)
})

test('writes an item that may change each time', () => {
  const { text, written } = texts()
  const changing = { id: 'a' }
  const page = { result: [changing, item('b')], next_page_token: '' }
  expect(text(page)).toContain('{"id":"a"}')
  changing.id = 'z'
  expect(text(page)).toContain('{"id":"z"}')
  expect(written()).toBe(3)
})

test('knows the schema of a page from others', () => {
  expect(pageItem(Page(Conferencecall))).toBe(Conferencecall)
  expect(pageItem(Conferencecall)).toBeUndefined()
})
