// What the API asks of a call that is up, and the empty answers that clients take for done.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createMemoryLedger } from '../../src/event/memory-ledger.ts'
import type { CallControlService } from '../../src/http/services.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { type ApiUnderTest, startApi } from './api-under-test.ts'
import { servicesUnderTest } from './services-under-test.ts'

const id = '17039950-eab0-421d-a5f5-05acd1ac6801'
const asked: unknown[][] = []
const note =
  (name: string) =>
  async (_customerId: string, ...rest: unknown[]): Promise<void> =>
    void asked.push([name, ...rest])
const callControls: CallControlService = {
  hold: note('hold'),
  unhold: note('unhold'),
  mute: note('mute'),
  unmute: note('unmute'),
  startMusic: note('startMusic'),
  stopMusic: note('stopMusic'),
  silence: note('silence'),
  unsilence: note('unsilence'),
  talk: note('talk'),
}

let api: ApiUnderTest
beforeAll(async () => {
  const clock = new VirtualClock()
  api = await startApi({ services: { ...servicesUnderTest(createMemoryLedger({ clock }), clock), callControls } })
})
afterAll(() => api.app.close())
beforeEach(() => void asked.splice(0))

const empty = { text: '', language: '', provider: '', voiceId: '' }

test.each([
  ['POST', 'hold', undefined, ['hold', id]],
  ['DELETE', 'hold', undefined, ['unhold', id]],
  ['POST', 'mute', undefined, ['mute', id, 'both']],
  ['POST', 'mute', {}, ['mute', id, 'both']],
  ['POST', 'mute', { direction: 'in' }, ['mute', id, 'in']],
  ['DELETE', 'mute', undefined, ['unmute', id, 'both']],
  ['DELETE', 'mute', { direction: 'out' }, ['unmute', id, 'out']],
  ['POST', 'moh', {}, ['startMusic', id]],
  ['DELETE', 'moh', undefined, ['stopMusic', id]],
  ['POST', 'silence', undefined, ['silence', id]],
  ['DELETE', 'silence', {}, ['unsilence', id]],
  ['POST', 'talk', {}, ['talk', id, empty]],
  [
    'POST',
    'talk',
    { text: 'Hi', language: 'en-US', voice_id: 'v' },
    ['talk', id, { ...empty, text: 'Hi', language: 'en-US', voiceId: 'v' }],
  ],
] as const)('%s %s with %j answers an empty 200', async (method, name, body, expected) => {
  for (const headers of [{}, { 'content-type': 'application/json' }]) {
    asked.splice(0)
    const answer = await api.ask(method, `/v1.0/calls/${id}/${name}`, { body, headers })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(asked).toEqual([expected])
  }
})
