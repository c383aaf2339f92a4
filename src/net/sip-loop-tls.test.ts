// Whole calls over TLS between two drive loops on the loopback, with a certificate made by openssl for the occasion.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { header } from '../sip/message.ts'
import { createUserAgent } from '../sip/user-agent.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import { openSipLoop, type SipLoop } from './sip-loop.ts'
import { systemClock } from './system-clock.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'sip-loop-tls-'))
const files = { certPath: join(folder, 'server.pem'), keyPath: join(folder, 'server.key') }
const local = '127.0.0.1'
const description =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n'
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

afterAll(() => rmSync(folder, { recursive: true }))

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, local, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === 'object' ? address.port : 0
}

interface Party {
  readonly loop: SipLoop
  readonly port: number
  readonly tlsPort: number
  /** Resolves with the first event of the kind, past or to come. */
  event<K extends SessionEvent['kind']>(kind: K): Promise<Extract<SessionEvent, { kind: K }>>
}

/** A user agent behind its loop; `react` may give commands to it. */
async function party(trusts: boolean, react: (event: SessionEvent, loop: SipLoop) => void): Promise<Party> {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const events: SessionEvent[] = []
  let wake = (): void => undefined
  let digits = 0
  const token = (length: number): string => {
    digits += 1
    return `${tlsPort.toString(16)}${digits.toString(16)}`.padStart(length, '0').slice(-length)
  }
  const loop = await openSipLoop({
    core: createUserAgent({ sentBy: { address: local, port, tlsPort }, userAgent: 'test', token }),
    clock: systemClock,
    log: silent,
    bindIp: local,
    port,
    tls: { port: tlsPort, ...files, ...(trusts && { caPath: files.certPath }) },
    onEvent: (event) => {
      events.push(event)
      react(event, loop)
      wake()
    },
  })
  closers.push(() => loop.close())
  return {
    loop,
    port,
    tlsPort,
    async event<K extends SessionEvent['kind']>(kind: K) {
      for (;;) {
        const found = events.find((event): event is Extract<SessionEvent, { kind: K }> => event.kind === kind)
        if (found !== undefined) return found
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

const answering = (event: SessionEvent, loop: SipLoop): void => {
  if (event.kind === 'incoming') loop.command({ kind: 'accept', sessionId: event.sessionId, description })
}

const dial = ({ loop }: Party, to: Party, requestUri = `sips:room@${local}:${to.tlsPort}`): void =>
  loop.command({
    kind: 'invite',
    sessionId: 'call',
    requestUri,
    from: { uri: `sip:caller@${local}`, displayName: '' },
    to: { uri: requestUri, displayName: '' },
    destination: { transport: 'TLS', remoteAddress: local, remotePort: to.tlsPort },
    offer: description,
  })

describe.skipIf(!hasOpenssl)('a call over TLS (needs openssl)', () => {
  beforeAll(() => {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-subj', '/CN=server', '-addext', `subjectAltName=IP:${local}`],
        ...['-keyout', files.keyPath, '-out', files.certPath],
      ],
      { stdio: 'ignore' },
    )
  })

  it('is set up, acknowledged and ended from either side, with sips: in its Contact', async () => {
    const callee = await party(false, answering)
    const caller = await party(true, () => undefined)
    dial(caller, callee)
    const { request, flow, sessionId } = await callee.event('incoming')
    expect(flow.transport).toBe('TLS')
    expect(header(request, 'Via')).toMatch(new RegExp(`^SIP/2\\.0/TLS ${local}:${caller.tlsPort};`))
    expect(header(request, 'Contact')).toBe(`<sips:${local}:${caller.tlsPort}>`)
    expect((await caller.event('accepted')).answer).toBe(description)
    await callee.event('confirmed')
    callee.loop.command({ kind: 'terminate', sessionId })
    expect((await caller.event('ended')).end).toMatchObject({ by: 'remote', status: 0 })
    expect((await callee.event('ended')).end.by).toBe('local')
  })

  it('never leaves when the far end shows no certificate that is trusted', async () => {
    const callee = await party(false, answering)
    const caller = await party(false, () => undefined)
    dial(caller, callee)
    expect((await caller.event('ended')).end).toMatchObject({ by: 'transport', status: 503 })
    expect(callee.loop.sessionCount()).toBe(0)
  })

  it('fails at once where TLS is not set up', async () => {
    const callee = await party(false, answering)
    const events: SessionEvent[] = []
    const ended = Promise.withResolvers<void>()
    const port = await freePort()
    const loop = await openSipLoop({
      core: createUserAgent({
        sentBy: { address: local, port },
        userAgent: 'test',
        token: (length) => 'a'.repeat(length),
      }),
      clock: systemClock,
      log: silent,
      bindIp: local,
      port,
      onEvent: (event) => {
        events.push(event)
        if (event.kind === 'ended') ended.resolve()
      },
    })
    closers.push(() => loop.close())
    dial({ ...callee, loop }, callee)
    await ended.promise
    expect(events).toMatchObject([{ kind: 'ended', end: { by: 'transport', status: 503 } }])
  })
})
