// Every curl of the tutorial, run by the real curl with only host, token and ids replaced; the answers have the printed
// keys, each with a value of the printed format. tutorial/N-name.sh holds the command, N-name.json the printed answer.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { createPhone, type Phone } from '../../demo/phone/phone.ts'
import { Child } from './child.ts'
import type { Conference } from './facts.ts'
import { TestServer } from './server.ts'
import { eventually, lacks, skips } from './tools.ts'

const missing = lacks('curl')
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
const timestamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/
type Json = Readonly<Record<string, unknown>>

const printed = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`./tutorial/${name}`, import.meta.url)), 'utf8')

/** What the tutorial says in words about values that its samples leave empty. */
const words: Readonly<Record<string, readonly string[]>> = {
  'conference.status': ['starting', 'progressing', 'terminating', 'terminated'],
  'conferencecall.status': ['joining', 'joined', 'leaving', 'leaved'],
  'conferencecall.reference_type': ['call', 'line'],
}

/** Undefined when `value` has the format of `sample`, otherwise what is wrong. */
function differs(key: string, sample: unknown, value: unknown): string | undefined {
  const wanted = (right: boolean, format: string): string | undefined =>
    right ? undefined : `${key}: ${JSON.stringify(value)} is not ${format}`
  const name = key.split('.').at(-1) ?? ''
  const known = words[key]
  if (known) return wanted(known.includes(String(value)), `one of ${known.join(', ')}`)
  if (name.startsWith('tm_'))
    return wanted(timestamp.test(String(value)) || (sample === '' && value === ''), 'a timestamp')
  if (name === 'next_page_token') return wanted(timestamp.test(String(value)), 'a timestamp')
  if (name === 'direct_hash') return wanted(/^[0-9a-f]{12}$/.test(String(value)), '12 hexadecimal digits')
  if (Array.isArray(sample) || name.endsWith('_ids'))
    return wanted(Array.isArray(value) || (sample === null && value === null), 'an array')
  if (typeof sample === 'string' && uuid.test(sample))
    return wanted(typeof value === 'string' && uuid.test(value), 'a UUID')
  if (typeof sample === 'number') return wanted(Number.isInteger(value), 'an integer')
  return wanted(typeof value === typeof sample, `a ${typeof sample}`)
}

/** Every key of the sample is there with its format; more keys may be. */
function expectFormats(kind: string, sample: Json, answer: Json): void {
  expect(Object.keys(answer)).toEqual(expect.arrayContaining(Object.keys(sample)))
  expect(Object.entries(sample).flatMap(([key, value]) => differs(`${kind}.${key}`, value, answer[key]) ?? [])).toEqual(
    [],
  )
}

describe.skipIf(skips('the tutorial', missing))(`the tutorial${missing ? ` [skipped: ${missing}]` : ''}`, () => {
  let home = ''
  const metronome = createMetronome()
  const lineRequests: { readonly request: string; readonly authorization: string; readonly body: Json }[] = []
  let line: Server
  let server: TestServer
  let token = ''
  let foreignToken = ''
  let phone: Phone

  beforeAll(async () => {
    // The commands stay as they are printed: what curl prints besides the answer is set here.
    home = mkdtempSync(join(tmpdir(), 'partyline-curl-'))
    writeFileSync(join(home, '.curlrc'), 'silent\nwrite-out = "\\n%{http_code}"\n')
    line = createServer((request, response) => {
      let body = ''
      request.on('data', (part: Buffer) => {
        body += part.toString('utf8')
      })
      request.on('end', () => {
        const { method, url, headers } = request
        lineRequests.push({
          request: `${method} ${url}`,
          authorization: headers.authorization ?? '',
          body: JSON.parse(body) as Json,
        })
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    })
    await new Promise<void>((resolve) => {
      line.listen(0, '127.0.0.1', resolve)
    })
    const address = line.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    server = await TestServer.start({ env: { PARTYLINE_LINE_API_URL: `http://127.0.0.1:${port}` } })
    const login = await server.fetch('POST', '/auth/login', { username: 'admin@localhost', password: server.password })
    token = (login.body as { token: string }).token
    const stranger = (await server.fetch('POST', `/v1.0/customers?token=${token}`, { name: 'stranger' })).body as {
      id: string
    }
    const delegated = await server.fetch('POST', `/auth/delegate?token=${token}`, {
      customer_id: stranger.id,
      reason: 'tenancy test',
    })
    foreignToken = (delegated.body as { token: string }).token
    phone = await createPhone({ name: 'phone', localAddress: '127.0.0.1', metronome })
  })
  afterAll(async () => {
    phone?.close()
    metronome.close()
    line?.close()
    await server?.close()
    if (home !== '') rmSync(home, { recursive: true, force: true })
  })

  /** Runs a command text by the shell and curl. */
  async function shell(command: string): Promise<{ status: number; text: string }> {
    const child = new Child(['sh', '-c', command], { env: { CURL_HOME: home } })
    const { code } = await child.exited
    expect(code, child.output).toBe(0)
    const [, text = '', status] = /^([\s\S]*)\n(\d{3})$/.exec(child.stdout) ?? []
    return { status: Number(status), text }
  }

  /** Runs a printed command with host, token and, where it has one, id replaced. */
  async function run(
    name: string,
    id = '',
    credential = token,
  ): Promise<{ status: number; answer: Json; text: string }> {
    const command = printed(`${name}.sh`)
      .replace('https://api.voipbin.net', server.url)
      .replace('<YOUR_AUTH_TOKEN>', credential)
      .replace(uuid, id)
    const { status, text } = await shell(command)
    return { status, text, answer: text === '' ? {} : (JSON.parse(text) as Json) }
  }

  const sample = (name: string): Json => JSON.parse(printed(`${name}.json`)) as Json
  const create = async (): Promise<Json> => (await run('4-create-conference')).answer

  /** Dials in and answers the conferencecall's id. */
  async function enter(conference: Json): Promise<string> {
    await phone.invite(server.sip(`direct.${conference['direct_hash']}`))
    return eventually('the phone joined', async () => {
      const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${conference['id']}`)
      return ids[0]
    })
  }

  test('the samples cover every command but the first, which prints nothing', () => {
    expect(
      [
        '2-list-conferences',
        '3-get-conference',
        '4-create-conference',
        '5-kick-conferencecall',
        '6-regenerate-direct-hash',
      ].map(sample),
    ).toHaveLength(5)
  })

  test('install channel: line', async () => {
    const account = { type: 'line', name: 'my channel', detail: '', secret: 'channel-secret', token: 'channel-token' }
    await server.api('POST', '/conversation_accounts', account)
    lineRequests.length = 0
    const { status } = await run('1-set-up-line')
    expect(status).toBe(200)
    expect(lineRequests).toMatchObject([
      { request: 'PUT /v2/bot/channel/webhook/endpoint', authorization: 'Bearer channel-token' },
    ])
    expect(lineRequests[0]?.body['endpoint']).toMatch(new RegExp(`^${server.url}/`))
  })

  test('create a new conference', async () => {
    const { status, answer } = await run('4-create-conference')
    expect(status).toBe(200)
    expectFormats('conference', sample('4-create-conference'), answer)
    expect(answer).toMatchObject({ type: 'conference', name: 'test conference', detail: 'test conference for example' })
    await eventually('it is progressing', async () => {
      const { status: now } = await server.api<Conference>('GET', `/conferences/${answer['id']}`)
      return now === 'progressing' || undefined
    })
  })

  test('get list of conferences', async () => {
    await create()
    const { status, answer } = await run('2-list-conferences')
    expect(status).toBe(200)
    const printedList = sample('2-list-conferences')
    expectFormats('list', printedList, answer)
    const [item] = printedList['result'] as Json[]
    for (const found of answer['result'] as Json[]) expectFormats('conference', item ?? {}, found)
    expect(answer['next_page_token']).toBe((answer['result'] as Json[]).at(-1)?.['tm_create'])
  })

  test('get detail of conference', async () => {
    const { id } = await create()
    const { status, answer } = await run('3-get-conference', String(id))
    expect(status).toBe(200)
    expectFormats('conference', sample('3-get-conference'), answer)
    expect(answer['id']).toBe(id)
  })

  test('kick the conferencecall from the conference, and 409 for a second kick', async () => {
    const conference = await create()
    const id = await enter(conference)
    const { status, answer } = await run('5-kick-conferencecall', id)
    expect(status).toBe(200)
    expectFormats('conferencecall', sample('5-kick-conferencecall'), answer)
    expect(answer).toMatchObject({
      id,
      conference_id: conference['id'],
      reference_type: 'call',
      status: 'leaving',
      tm_delete: '9999-01-01 00:00:00.000000',
    })
    expect((await run('5-kick-conferencecall', id)).status).toBe(409)
    await phone.ended
    await eventually(
      'leaved',
      async () => (await server.api<Json>('GET', `/conferencecalls/${id}`))['status'] === 'leaved' || undefined,
    )
    expect((await run('5-kick-conferencecall', id)).status).toBe(409)
    expect((await run('5-kick-conferencecall', id, foreignToken)).status).toBe(404)
  })

  test('regenerate direct conference hash: the old one is gone, the new one works', async () => {
    const conference = await create()
    const { status, answer } = await run('6-regenerate-direct-hash', String(conference['id']))
    expect(status).toBe(200)
    expectFormats('conference', sample('6-regenerate-direct-hash'), answer)
    expect(answer['direct_hash']).not.toBe(conference['direct_hash'])
    const caller = await createPhone({ name: 'caller', localAddress: '127.0.0.1', metronome })
    try {
      await expect(caller.invite(server.sip(`direct.${conference['direct_hash']}`))).rejects.toThrow('404')
      await caller.invite(server.sip(`direct.${answer['direct_hash']}`))
      await caller.bye()
    } finally {
      caller.close()
    }
  })

  test('troubleshooting: 400 without a type, and the fix', async () => {
    const command = printed('4-create-conference.sh')
      .replace('https://api.voipbin.net', server.url)
      .replace('<YOUR_AUTH_TOKEN>', token)
    const broken = await shell(command.replace('"type": "conference",', ''))
    expect(broken.status).toBe(400)
    expect(JSON.parse(broken.text)).toMatchObject({ message: expect.stringContaining('type') })
    expect((await shell(command)).status).toBe(200)
  })

  test('troubleshooting: 404 for ids that do not exist or belong to another customer', async () => {
    const nobody = '0e7112d7-6ddc-47ea-bba5-223a3a55ff79'
    const { answer: foreign } = await run('4-create-conference', '', foreignToken)
    expect(foreign['id']).toMatch(uuid)
    for (const id of [nobody, String(foreign['id'])]) {
      expect((await run('3-get-conference', id)).status).toBe(404)
      expect((await run('6-regenerate-direct-hash', id)).status).toBe(404)
    }
    expect((await run('5-kick-conferencecall', nobody)).status).toBe(404)
    expect((await run('3-get-conference', String(foreign['id']), foreignToken)).status).toBe(200)
  })

  test('an access key serves as credential, too', async () => {
    const { status } = await shell(`curl '${server.url}/v1.0/conferences?accesskey=${server.accesskey}'`)
    expect(status).toBe(200)
  })
})
