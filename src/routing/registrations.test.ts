// The registrar with digest, the ledger, and the flows that calls to phones go by.
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { notDeleted } from '../base/time.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { TransportFlow } from '../sip/flow.ts'
import {
  type Answer,
  addCustomer,
  addExtension,
  base,
  changeExtension,
  extensionRow,
  openRegistrar,
  type RequestParts,
  requestOf,
  setPassword,
  udp,
  valuesOf,
  withDigest,
} from './registrations.fixture.ts'

async function openWithPhone() {
  const ledger = createMemoryLedger()
  const customerId = await addCustomer(ledger, 1)
  const extension = await addExtension(ledger, extensionRow(ledger, customerId))
  const clock = new VirtualClock()
  const open = await openRegistrar(ledger, clock)
  const aor = `sip:1001@${customerId}.registrar.${base}`
  /** REGISTER, 401, REGISTER with the password. */
  const register = async (
    parts: Partial<RequestParts> = {},
    { flow = udp(), username = '1001', password = 'secret', send = open.send } = {},
  ): Promise<Answer> => {
    const { cseq = 1, contact = '<sip:1001@192.0.2.1:5060>', ...rest } = parts
    const asked = requestOf({ uri: `sip:${customerId}.registrar.${base}`, to: aor, contact, ...rest, cseq: cseq * 2 })
    const challenge = await send({ flow, request: asked })
    const again = requestOf({ uri: asked.uri, to: aor, contact, ...rest, cseq: cseq * 2 + 1 })
    return send({ flow, request: withDigest(again, challenge.headers, { username, password }) })
  }
  const contacts = () => open.registrations.contactsOf(customerId, '1001', 'destinations[0].target')
  return { ...open, clock, customerId, extension, aor, register, contacts }
}

const tcp = (connectionId: string): TransportFlow => ({
  transport: 'TCP',
  remoteAddress: '192.0.2.1',
  remotePort: 40_000,
  connectionId,
})

describe('a phone', () => {
  it('is challenged with SHA-256 and MD5 in the realm of its customer, then registered', async () => {
    const { send, customerId, aor, register, contacts } = await openWithPhone()
    const asked = await send({ flow: udp(), request: requestOf({ uri: aor, contact: '<sip:1001@192.0.2.1>' }) })
    expect(asked.status).toBe(401)
    const challenges = valuesOf(asked, 'WWW-Authenticate')
    expect(challenges.map((value) => /algorithm=([^,]+)/.exec(value)?.[1])).toEqual(['SHA-256', 'MD5'])
    expect(challenges.every((value) => value.includes(`realm="${customerId}.registrar.${base}"`))).toBe(true)
    expect(await contacts()).toEqual([])
    const answer = await register()
    expect(answer.status).toBe(200)
    expect(valuesOf(answer, 'Contact')).toEqual(['<sip:1001@192.0.2.1:5060>;expires=3600'])
    expect(await contacts()).toEqual([{ requestUri: 'sip:1001@192.0.2.1:5060', destination: udp() }])
  })

  it('that leaves the challenge unanswered and asks again is offered MD5 alone, for calls too', async () => {
    const { send, aor, registrations } = await openWithPhone()
    const request = requestOf({ uri: aor, contact: '<sip:1001@192.0.2.1>' })
    const algorithms = ({ headers }: Pick<Answer, 'headers'>): string[] =>
      valuesOf({ headers }, 'WWW-Authenticate').flatMap((value) => /algorithm=([^,]+)/.exec(value)?.[1] ?? [])
    expect(algorithms(await send({ flow: udp(), request }))).toEqual(['SHA-256', 'MD5'])
    const again = await send({ flow: udp('192.0.2.1', 40_000), request })
    expect(algorithms(again)).toEqual(['MD5'])
    expect((await send({ flow: udp(), request: withDigest(request, again.headers) })).status).toBe(200)
    const invite = await registrations.authenticateInvite({
      request: requestOf({ method: 'INVITE', uri: aor }),
      flow: udp(),
    })
    expect(invite.kind === 'challenge' ? algorithms(invite) : invite).toEqual(['MD5'])
  })

  it('is called by the flow it registered by, through the proxies of its Path', async () => {
    const { register, contacts } = await openWithPhone()
    const path = '<sip:192.0.2.50;lr>'
    await register({ contact: '<sip:1001@10.0.0.5>;q=0.2' }, { flow: udp('203.0.113.7', 41_234) })
    await register({ contact: '<sip:1001@10.0.0.6>', headers: [{ name: 'Path', value: path }] }, { flow: tcp('tcp-7') })
    expect(await contacts()).toEqual([
      { requestUri: 'sip:1001@10.0.0.6', destination: tcp('tcp-7'), headers: [{ name: 'Route', value: path }] },
      { requestUri: 'sip:1001@10.0.0.5', destination: udp('203.0.113.7', 41_234) },
    ])
  })

  it.each([
    ['at its own address', '<sip:1001@192.0.2.1:5060>', udp(), '3600'],
    ['behind NAT', '<sip:1001@10.0.0.5:5060>', udp(), '90'],
    ['on a connection', '<sip:1001@192.0.2.1:5060;transport=tcp>', tcp('tcp-1'), '300'],
  ])('%s is bound as long as its flow lasts by itself', async (_, contact, flow, seconds) => {
    const { register } = await openWithPhone()
    const answer = await register({ contact }, { flow })
    expect(valuesOf(answer, 'Contact')[0]).toContain(`;expires=${seconds}`)
  })

  it('is gone when it does not refresh, at once for callers and soon in the store', async () => {
    const { register, contacts, clock, ledger } = await openWithPhone()
    await register({ headers: [{ name: 'Expires', value: '60' }] })
    await clock.advance(59_000)
    expect(await contacts()).toHaveLength(1)
    await clock.advance(1_000)
    expect(await contacts()).toEqual([])
    await clock.advance(30_000)
    expect(await ledger.find('contact', {})).toEqual([])
  })

  it('refreshes one row, and may come back after it expired unnoticed', async () => {
    const { register, contacts, clock, ledger } = await openWithPhone()
    const headers = [{ name: 'Expires', value: '70' }]
    await register({ headers })
    await register({ headers, cseq: 2 })
    expect(await ledger.find('contact', {})).toMatchObject([{ cseq: 5, call_id: 'call', tm_delete: notDeleted }])
    await clock.advance(70_500)
    expect((await register({ headers, cseq: 3 })).status).toBe(200)
    expect(await contacts()).toHaveLength(1)
    expect(await ledger.find('contact', {})).toHaveLength(1)
  })

  it('ends its bindings with Contact: *', async () => {
    const { register, contacts } = await openWithPhone()
    await register()
    const answer = await register({ contact: '*', cseq: 2, headers: [{ name: 'Expires', value: '0' }] })
    expect(answer.status).toBe(200)
    expect(await contacts()).toEqual([])
  })

  it('is still registered after a restart over UDP, not over a connection that is gone', async () => {
    const { register, registrations, ledger, clock, customerId } = await openWithPhone()
    await register()
    await register({ contact: '<sip:1001@192.0.2.1:40000;transport=tcp>' }, { flow: tcp('tcp-1') })
    await registrations.close()
    const later = await openRegistrar(ledger, clock)
    expect(await later.registrations.contactsOf(customerId, '1001', 'target')).toEqual([
      { requestUri: 'sip:1001@192.0.2.1:5060', destination: udp() },
    ])
    expect(await ledger.find('contact', {})).toHaveLength(1)
  })

  it('cannot be reached once its connection closed', async () => {
    const { register, registrations, contacts } = await openWithPhone()
    await register({}, { flow: tcp('tcp-1') })
    await registrations.flowFailed(tcp('tcp-2'))
    expect(await contacts()).toHaveLength(1)
    await registrations.flowFailed(tcp('tcp-1'))
    expect(await contacts()).toEqual([])
  })

  it('keeps the order of REGISTERs that arrive at the same moment', async () => {
    const { register, contacts, ledger } = await openWithPhone()
    const contact = (n: number): string => `<sip:1001@192.0.2.1:${6000 + n}>`
    const answers = await Promise.all([1, 2, 3, 4].map((n) => register({ contact: contact(n), cseq: n })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await contacts()).toHaveLength(4)
    expect(await ledger.find('contact', {})).toHaveLength(4)
  })
})

describe('the password', () => {
  it('of nobody lets anybody in: wrong one, unknown extension and no password get the same answer', async () => {
    const { register, send, ledger, customerId, contacts } = await openWithPhone()
    await addExtension(ledger, extensionRow(ledger, customerId, { extension: '1002', password_sealed: 'sealed ' }))
    const wrong = await register({}, { password: 'guess' })
    const to = (user: string): string => `sip:${user}@${customerId}.registrar.${base}`
    const tried = async (user: string, password: string): Promise<Answer> => {
      const request = requestOf({ uri: to(user), contact: '<sip:x@192.0.2.1>' })
      const { headers } = await send({ flow: udp(), request })
      return send({ flow: udp(), request: withDigest(request, headers, { username: user, password }) })
    }
    const shape = ({ status, headers }: Answer) => ({
      status,
      headers: headers.map(({ name, value }) => `${name}: ${value.replace(/nonce="[^"]+"/, 'nonce')}`),
    })
    expect(wrong.status).toBe(401)
    expect(valuesOf(wrong, 'WWW-Authenticate').some((value) => value.includes('stale'))).toBe(false)
    expect(shape(await tried('1002', ''))).toEqual(shape(wrong))
    expect(shape(await tried('4711', 'secret'))).toEqual(shape(wrong))
    expect(await contacts()).toEqual([])
  })

  it('of one extension registers no other', async () => {
    const { register, ledger, customerId, registrations } = await openWithPhone()
    await addExtension(ledger, extensionRow(ledger, customerId, { extension: '1002' }))
    const answer = await register({ to: `sip:1002@${customerId}.registrar.${base}` })
    expect(answer.status).toBe(403)
    expect(await registrations.contactsOf(customerId, '1002', 'target')).toEqual([])
  })

  it('is asked for again, as stale, when a nonce is replayed', async () => {
    const { send, aor } = await openWithPhone()
    const request = requestOf({ uri: aor, contact: '<sip:1001@192.0.2.1>' })
    const { headers } = await send({ flow: udp(), request })
    const signed = withDigest(request, headers)
    expect((await send({ flow: udp(), request: signed })).status).toBe(200)
    const replayed = await send({ flow: udp('203.0.113.9'), request: signed })
    expect(replayed.status).toBe(401)
    expect(valuesOf(replayed, 'WWW-Authenticate')[0]).toContain('stale=true')
    const next = requestOf({ uri: aor, contact: '<sip:1001@192.0.2.1>', cseq: 2 })
    expect((await send({ flow: udp(), request: withDigest(next, headers, { nc: 2 }) })).status).toBe(200)
  })

  it('when changed, ends what was registered with the old one; a new name does not', async () => {
    const { register, contacts, ledger, extension, registrations } = await openWithPhone()
    await register()
    await changeExtension(ledger, extension, { name: 'desk' })
    expect(await contacts()).toHaveLength(1)
    await setPassword(ledger, extension, 'other')
    expect(await contacts()).toEqual([])
    expect((await register({ cseq: 2 })).status).toBe(401)
    expect((await register({ cseq: 3 }, { password: 'other' })).status).toBe(200)
    await registrations.close()
  })

  it('does not help whose customer is frozen', async () => {
    const { register, ledger, customerId, clock } = await openWithPhone()
    await ledger.commit([{ update: 'customer', id: customerId, set: { status: 'frozen' } }])
    expect((await register()).status).toBe(403)
    await ledger.commit([{ update: 'customer', id: customerId, set: { status: 'active' } }])
    await clock.advance(5_000)
    expect((await register({ cseq: 2 })).status).toBe(200)
  })

  it('cannot be guessed fast: answers wait ever longer, then 403 with Retry-After', async () => {
    const { register, clock, contacts } = await openWithPhone()
    const guess = (n: number) => register({ cseq: n }, { flow: udp('203.0.113.66'), password: `guess ${n}` })
    for (let n = 1; n <= 10; n += 1) expect((await guess(n)).status).toBe(401)
    let answered = false
    const eleventh = guess(11).then((answer) => {
      answered = true
      return answer
    })
    await clock.advance(499)
    expect(answered).toBe(false)
    await clock.advance(1)
    expect((await eleventh).status).toBe(401)
    const rest = Promise.all(Array.from({ length: 19 }, (_, n) => guess(12 + n)))
    await clock.advance(8_000)
    await rest
    const refused = await register({ cseq: 40 }, { flow: udp('203.0.113.66') })
    expect(refused.status).toBe(403)
    expect(Number(valuesOf(refused, 'Retry-After')[0])).toBeGreaterThan(800)
    expect(await contacts()).toEqual([])
    await clock.advance(900_000)
    expect((await register({ cseq: 41 }, { flow: udp('203.0.113.66') })).status).toBe(200)
  })
})

describe('a phone that cannot resolve the names of the server', () => {
  const plain = 'sip:1001@198.51.100.1'

  it('names its customer in the username of its digest', async () => {
    const { register, contacts, customerId } = await openWithPhone()
    const answer = await register({ uri: plain, to: plain }, { username: `1001@${customerId}` })
    expect(answer.status).toBe(200)
    expect(await contacts()).toHaveLength(1)
  })

  it('needs no customer when only one has the extension', async () => {
    const { register, contacts, ledger } = await openWithPhone()
    expect((await register({ uri: plain, to: plain })).status).toBe(200)
    expect(await contacts()).toHaveLength(1)
    await addExtension(ledger, extensionRow(ledger, await addCustomer(ledger, 2)))
    expect((await register({ uri: plain, to: plain, cseq: 2 })).status).toBe(401)
  })

  it('is challenged alike whether the extension exists or not', async () => {
    const { send } = await openWithPhone()
    const realms = await Promise.all(
      ['1001', '4711'].map(async (user) => {
        const answer = await send({ flow: udp(), request: requestOf({ uri: `sip:${user}@198.51.100.1` }) })
        return valuesOf(answer, 'WWW-Authenticate').map((value) => /realm="([^"]*)"/.exec(value)?.[1])
      }),
    )
    expect(realms[0]).toEqual([`registrar.${base}`, `registrar.${base}`])
    expect(realms[1]).toEqual(realms[0])
  })
})

describe('the registrar', () => {
  it('finds an extension by number or id within its customer only', async () => {
    const { registrations, ledger, customerId, extension, register } = await openWithPhone()
    await register()
    const other = await addCustomer(ledger, 2)
    expect(await registrations.contactsOf(customerId, extension.id, 'target')).toHaveLength(1)
    await expect(registrations.contactsOf(other, '1001', 'target')).rejects.toThrow('target: there is no extension')
    await expect(registrations.contactsOf(other, extension.id, 'target')).rejects.toThrow('there is no extension')
  })

  it('forgets an extension that was deleted', async () => {
    const { registrations, ledger, customerId, extension, register } = await openWithPhone()
    await register()
    await changeExtension(ledger, extension, { tm_delete: ledger.timestamp() })
    await expect(registrations.contactsOf(customerId, '1001', 'target')).rejects.toThrow('there is no extension')
    expect((await register({ cseq: 2 })).status).toBe(401)
    expect(await ledger.find('contact', {})).toEqual([])
  })

  it('answers 500 with Retry-After when the store fails, and has changed nothing', async () => {
    const ledger = createMemoryLedger()
    const customerId = await addCustomer(ledger, 1)
    await addExtension(ledger, extensionRow(ledger, customerId))
    const commit = ledger.commit.bind(ledger)
    const { send, registrations } = await openRegistrar(ledger)
    ledger.commit = () => Promise.reject(new Error('disk full'))
    const uri = `sip:1001@${customerId}.registrar.${base}`
    const request = requestOf({ uri, contact: '<sip:1001@192.0.2.1>' })
    const { headers } = await send({ flow: udp(), request })
    const failed = await send({ flow: udp(), request: withDigest(request, headers) })
    expect(failed).toEqual({ status: 500, headers: [{ name: 'Retry-After', value: '10' }] })
    expect(await registrations.contactsOf(customerId, '1001', 'target')).toEqual([])
    ledger.commit = commit
    expect((await send({ flow: udp(), request: withDigest(request, headers, { nc: 2 }) })).status).toBe(200)
  })

  it('asks the store nothing when phones refresh', async () => {
    const { ledger, register, clock } = await openWithPhone()
    await register()
    const reads: string[] = []
    const find = ledger.find.bind(ledger)
    const get = ledger.get.bind(ledger)
    ledger.find = (table, query) => {
      reads.push(table)
      return find(table, query)
    }
    ledger.get = (table, id) => {
      reads.push(table)
      return get(table, id)
    }
    for (let n = 2; n < 200; n += 1) expect((await register({ cseq: n })).status).toBe(200)
    expect(reads).toEqual([])
    await clock.advance(5_000)
    await register({ cseq: 200 })
    expect(reads).toEqual(['customer'])
  })
})
