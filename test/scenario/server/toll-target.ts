// What the tests of toll fraud share: a server with default settings, whom the attempts aim at, and phones that would answer there.
import { afterEach, expect } from 'vitest'
import { sdp } from '../sip/session-description.ts'
import { openFort } from './fort.ts'
import { serverAddress } from './house.ts'
import { type RawPhone, serverTag } from './raw-phone.ts'

export const foreign = '203.0.113.66'
export const attacker = '203.0.113.1'
export const local = '127.0.0.1'
export const carrier = '198.51.100.9'
const names = {
  'evil.example': [foreign],
  'both.example': [foreign, local],
  '127.0.0.1.evil.example': [foreign],
  localhost: [local],
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** The server, and a phone at the foreign address that would answer whatever rings it. */
export async function openTarget(settings: Parameters<typeof openFort>[0] = {}) {
  const fort = await openFort(settings, names)
  closers.push(fort.close)
  const victim = await fort.phone(foreign, () => 200)
  return { ...fort, victim }
}
export type Target = Awaited<ReturnType<typeof openTarget>>

export const sip = (target: string) => ({ type: 'sip', target })
export const refusal = (status: number, reason: string) => ({ status, reason })
export const notAllowed = refusal(403, 'DESTINATION_NOT_ALLOWED')
export const invalid = refusal(400, 'INVALID_ARGUMENT')
export const wait = { type: 'sleep', option: { duration: 600_000 } }

/** The newest call as the API shows it. */
export async function newestCall({ ask }: Target): Promise<Record<string, unknown>> {
  const { json } = await ask('GET', '/calls')
  const [newest] = Array.isArray(json['result']) ? json['result'] : []
  return newest ?? {}
}

/** A raw phone in a conference of the server, spoken with as `c`; its call's id. */
export async function inConference(
  fort: Target,
  more: Parameters<RawPhone['request']>[0]['headers'] = [],
  address = attacker,
) {
  const { hash } = await fort.conference()
  const caller = await fort.raw(address)
  const call = { callId: 'c', uri: `sip:direct.${hash}@${serverAddress}` }
  caller.request({ method: 'INVITE', ...call, cseq: 1, headers: more, sdp: sdp('raw') })
  await fort.clock.advance(1000)
  const toTag = serverTag(caller.final('c', '1 INVITE'))
  caller.request({ method: 'ACK', ...call, cseq: 1, toTag })
  await fort.clock.advance(1000)
  const { id, status } = await newestCall(fort)
  expect(status).toBe('progressing')
  return { caller, dialog: { callId: 'c', uri: `sip:${serverAddress}`, toTag }, callId: String(id) }
}
