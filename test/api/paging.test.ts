import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiUnderTest, items, reasonOf, startApi, text } from './api-under-test.ts'

let api: ApiUnderTest
beforeEach(async () => {
  api = await startApi()
})
afterEach(() => api.app.close())

const create = async (name: string): Promise<string> =>
  text(await api.ask('POST', '/v1.0/conferences', { body: { type: 'conference', name } }), 'id')

test('a walk with conferences made and deleted meanwhile loses and repeats nothing', async () => {
  const before: string[] = []
  for (let index = 0; index < 23; index += 1) before.push(await create(`c${index}`))
  const seen: string[] = []
  let token = ''
  for (;;) {
    const page = await api.ask('GET', '/v1.0/conferences', {
      query: { page_size: '5', ...(token ? { page_token: token } : {}) },
    })
    const ids = items(page).map((item) => String(item['id']))
    token = text(page, 'next_page_token')
    if (ids.length === 0) break
    expect(token).toBe(items(page).at(-1)?.['tm_create'])
    seen.push(...ids)
    await create('made meanwhile')
    await api.ask('DELETE', `/v1.0/conferences/${ids[0]}`)
  }
  expect(token).toBe('')
  expect(seen).toEqual([...before].reverse())
})

test('tokens are taken in the space and in the T style', async () => {
  for (let index = 0; index < 3; index += 1) await create(`c${index}`)
  const token = text(await api.ask('GET', '/v1.0/conferences', { query: { page_size: '1' } }), 'next_page_token')
  expect(token).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
  const styles = [
    token.replace(' ', '%20'),
    token.replace(' ', '+'),
    token.replace(' ', 'T'),
    `${token.replace(' ', 'T')}Z`,
  ]
  for (const style of styles) {
    const page = await api.ask('GET', `/v1.0/conferences?page_token=${style}&accesskey=${api.first.accesskey}`, {
      key: '',
    })
    expect(items(page).map((item) => item['name'])).toEqual(['c1', 'c0'])
  }
})

test.each(['0', '-1', '101', '100000', '100000000000000000000', ''])('a page_size of "%s" means 100', async (size) => {
  for (let index = 0; index < 102; index += 1) await create(`c${index}`)
  expect(items(await api.ask('GET', '/v1.0/conferences', { query: { page_size: size } }))).toHaveLength(100)
})

test.each(['page_size=abc', 'page_size=1.5', 'page_token=yesterday', 'page_token=2026-13-45'])(
  '%s is refused',
  async (query) => {
    const answer = await api.ask('GET', `/v1.0/conferences?${query}&accesskey=${api.first.accesskey}`, { key: '' })
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'INVALID_REQUEST_PARAMETER'])
  },
)

test('agents found by a filter fill a page too', async () => {
  const tag = '5e4a0680-804e-11ec-8477-2fea5968d85b'
  const template = await api.ledger.find('agent', { limit: 1 })
  for (let index = 0; index < 9; index += 1) {
    for (const row of template) {
      const tagged = { ...row, id: crypto.randomUUID(), username: `u${index}`, tag_ids: index % 3 === 0 ? [tag] : [] }
      await api.ledger.commit([{ insert: 'agent', row: { ...tagged, tm_create: api.ledger.timestamp() } }])
    }
  }
  const first = await api.ask('GET', '/v1.0/agents', { query: { page_size: '2', tag_ids: tag } })
  expect(items(first).map((item) => item['username'])).toEqual(['u6', 'u3'])
  const page_token = text(first, 'next_page_token')
  const second = await api.ask('GET', '/v1.0/agents', { query: { page_size: '2', tag_ids: tag, page_token } })
  expect(items(second).map((item) => item['username'])).toEqual(['u0'])
})
