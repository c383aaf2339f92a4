// SIPp scenarios against the server: as callers of a conference, and as phones that the server rings.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestServer } from './server.ts'
import { Sipp, type SippResult } from './sipp.ts'
import { eventually, lacks, skips } from './tools.ts'

const missing = lacks('sipp')
const address = '127.0.0.1'
let nextPort = 5500

interface Call {
  readonly id: string
  readonly status: string
  readonly hangup_reason: string
  readonly hangup_by: string
}

function expectSuccess(result: SippResult, calls = 1): void {
  expect(result, result.report).toMatchObject({ exitCode: 0, successful: calls, failed: 0 })
}

describe.skipIf(skips('SIPp', missing))(`SIPp${missing ? ` [skipped: ${missing}]` : ''}`, () => {
  let server: TestServer
  let conference: { readonly id: string; readonly direct_hash: string }

  beforeAll(async () => {
    server = await TestServer.start()
    conference = await server.api('POST', '/conferences', { type: 'conference', name: 'SIPp' })
  })
  afterAll(() => server?.close())

  const port = (): number => {
    nextPort += 10
    return nextPort
  }

  const dial = (
    scenario: string,
    options: { user?: string; transport?: 'tcp'; calls?: number } = {},
  ): Promise<SippResult> => {
    const { user = `direct.${conference.direct_hash}`, ...rest } = options
    return Sipp.run({ scenario, address, port: port(), call: { user, port: server.sipPort }, ...rest })
  }

  /** Nobody is left in the conference and every call is hung up. */
  const expectQuiet = (): Promise<true> =>
    eventually('all calls hung up', async () => {
      const { result } = await server.api<{ result: Call[] }>('GET', '/calls')
      const { conferencecall_ids: ids } = await server.api<{ conferencecall_ids: string[] }>(
        'GET',
        `/conferences/${conference.id}`,
      )
      return (result.every(({ status }) => status === 'hangup') && ids.length === 0) || undefined
    })

  test.each(['call', 'hold', 'late-offer', 'prack', 'options'])('%s', async (scenario) => {
    expectSuccess(await dial(scenario))
    await expectQuiet()
  })

  test('call over TCP', async () => {
    expectSuccess(await dial('call', { transport: 'tcp' }))
    await expectQuiet()
  })

  test('twenty calls at a rate of ten per second', async () => {
    expectSuccess(await dial('call', { calls: 20 }), 20)
    await expectQuiet()
  })

  test('lost-ack: the server repeats its 200, unchanged, until the ACK comes and then no more', async () => {
    const result = await dial('lost-ack')
    expectSuccess(result)
    const answers = result.received.filter(
      (message) => message.startsWith('SIP/2.0 200') && message.includes('1 INVITE'),
    )
    expect(answers).toHaveLength(3)
    expect(new Set(answers).size).toBe(1)
  })

  test('an unknown direct hash answers 404', async () => {
    expectSuccess(await dial('unknown', { user: 'direct.000000000000' }))
  })

  describe('rung by the server', () => {
    /** Rings SIPp by `POST /calls`; the call, and what SIPp made of it. */
    async function ring(scenario: string, user = 'sipp', actions: object[] = []) {
      const own = port()
      const sipp = await Sipp.start({ scenario, address, port: own })
      const destinations = [{ type: 'sip', target: `${user}@${address}:${own}` }]
      const { calls } = await server.api<{ calls: Call[] }>('POST', '/calls', {
        source: { type: 'sip', target: 'desk' },
        destinations,
        actions,
      })
      const id = calls[0]?.id ?? ''
      return { sipp, id, call: () => server.api<Call>('GET', `/calls/${id}`) }
    }

    const hungUp = (call: () => Promise<Call>): Promise<Call> =>
      eventually('the call hung up', async () => {
        const now = await call()
        return now.status === 'hangup' ? now : undefined
      })

    test('answers and is hung up when the flow has nothing left to do', async () => {
      const { sipp, call } = await ring('answer')
      expectSuccess(await sipp.finished())
      expect(await hungUp(call)).toMatchObject({ hangup_by: 'local', hangup_reason: 'normal' })
    })

    test('wants digest credentials and gets those of the destination', async () => {
      const { sipp, call } = await ring('auth', 'alice:secret')
      expectSuccess(await sipp.finished())
      await hungUp(call)
    })

    test('is busy', async () => {
      const { sipp, call } = await ring('busy')
      expectSuccess(await sipp.finished())
      expect(await hungUp(call)).toMatchObject({ hangup_by: 'remote', hangup_reason: 'busy' })
    })

    test('rings and is cancelled', async () => {
      const { sipp, id, call } = await ring('cancelled')
      await eventually('the phone rings', async () => ((await call()).status === 'ringing' ? true : undefined))
      await server.api('POST', `/calls/${id}/hangup`)
      expectSuccess(await sipp.finished())
      expect(await hungUp(call)).toMatchObject({ hangup_by: 'local', hangup_reason: 'cancel' })
    })
  })
})
