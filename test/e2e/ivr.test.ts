// A scripted IVR with real phones: a number is dialled, a voice asks for a PIN, wrong ones are asked for again, the right
// one leads into a conference, a key leads out of it.
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tone } from '../../demo/phone/sound.ts'
import type { Call, Conference, Conferencecall, List } from './facts.ts'
import { digits, Stage } from './flow-stage.ts'
import type { KeyPhone } from './key-phone.ts'
import { voiceIn } from './spectrum.ts'
import { eventually } from './tools.ts'

const ids = {
  ask: '11111111-0000-4000-8000-000000000001',
  wrong: '11111111-0000-4000-8000-000000000002',
  enter: '11111111-0000-4000-8000-000000000003',
}
const pin = '4711'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage?.close())

const talk = (text: string, more: object = {}): object => ({
  type: 'talk',
  option: { text, language: 'en-US', ...more },
})

/** Three tries; the key 1 says that the post flow ran, 2 that the flow went on behind it. */
const script = (conferenceId: string, judge: object): object[] => [
  { type: 'answer' },
  talk('Welcome to the party line. Please enter your code.'),
  { id: ids.ask, type: 'digits_receive', option: { length: 4, duration: 20_000 } },
  judge,
  { id: ids.wrong, ...talk('That is wrong. Try again.') },
  { type: 'goto', option: { target_id: ids.ask, loop_count: 2 } },
  talk('Good bye.'),
  { type: 'hangup', option: { reason: 'failed' } },
  { id: ids.enter, ...talk('Welcome in.') },
  { type: 'conference_join', option: { conference_id: conferenceId } },
  digits('2'),
]

const byBranch = {
  type: 'branch',
  option: { target_ids: { [pin]: ids.enter }, default_target_id: ids.wrong },
}
/** Holds for what is not the PIN, so that the PIN jumps. */
const byCondition = {
  type: 'condition_variable',
  option: {
    variable: 'voipbin.call.digits',
    condition: '!=',
    value_type: 'string',
    value_string: pin,
    false_target_id: ids.enter,
  },
}

async function open(judge: object) {
  const postFlow = await stage.flow([digits('1')])
  const conference = await stage.conference({ post_flow_id: postFlow.id, data: { leave_key: '#' } })
  const flow = await stage.flow(script(conference.id, judge))
  const number = `+4930${randomInt(1e7, 1e8)}`
  await stage.server.api('POST', '/numbers', { number, call_flow_id: flow.id, name: 'party' })
  return { conference, number }
}

const callTo = (number: string): Promise<Call> =>
  eventually('the call is listed', async () => {
    const { result } = await stage.server.api<List<Call & { destination: { target: string } }>>('GET', '/calls')
    return result.find(({ destination }) => destination.target === number)
  })

/** Waits for a prompt to begin and to end; what was said from frame `from` on. */
async function prompt(phone: KeyPhone, from: number): Promise<Int16Array> {
  await phone.until('a voice', () => phone.levels(from).some((level) => level > -45))
  await phone.hearsSilence({ frames: 40 })
  return phone.samples(from)
}

async function wrongThenRight(judge: object): Promise<void> {
  const { conference, number } = await open(judge)
  const other = await stage.phone({ name: 'other', source: tone(700) })
  await other.invite(stage.server.sip(`direct.${conference.direct_hash}`))
  const caller = await stage.phone({ name: 'caller', source: tone(1000) })
  await caller.invite(stage.server.sip(number))

  const welcome = voiceIn(await prompt(caller, 0))
  expect(welcome.seconds).toBeGreaterThan(1.5)
  expect(welcome.seconds).toBeLessThan(6)
  expect(welcome.inBand).toBeGreaterThan(0.8)
  expect(welcome.strongest, 'a voice is no tone').toBeLessThan(0.4)
  expect(welcome.level).toBeGreaterThan(-35)

  for (const wrong of ['1234', '4712']) {
    const from = caller.count
    await caller.press(wrong)
    const again = voiceIn(await prompt(caller, from))
    expect(again.seconds).toBeGreaterThan(0.7)
    expect(again.seconds).toBeLessThan(4)
    expect(again.inBand).toBeGreaterThan(0.8)
  }
  expect(other.tones([1000])[0]).toMatchObject({ share: 0 })

  await caller.press(pin)
  await Promise.all([caller.hearsTone(700), other.hearsTone(1000)])
  const [from, otherFrom] = [caller.count, other.count]
  await Promise.all([caller.hear(50), other.hear(50)])
  expect(caller.tones([700, 1000], from)).toMatchObject([{ share: 1, longestHole: 0 }, { share: 0 }])
  expect(other.tones([700, 1000], otherFrom)).toMatchObject([{ share: 0 }, { share: 1, longestHole: 0 }])
  const call = await callTo(number)
  expect(call).toMatchObject({ status: 'progressing', direction: 'incoming' })

  expect(caller.ears.keys).toBe('')
  await caller.press('5#')
  expect(await caller.ended).toEqual({ by: 'remote', status: 0 })
  expect(caller.ears.keys, 'the post flow, then the rest of the flow').toBe('12')
  expect(await stage.over(call.id)).toMatchObject({ hangup_by: 'local', hangup_reason: 'normal' })
  const { result } = await stage.server.api<List<Conferencecall & { reason: string }>>('GET', '/conferencecalls')
  expect(result.find(({ reference_id }) => reference_id === call.id)).toMatchObject({
    status: 'leaved',
    reason: 'left',
  })
  const { executed_actions: executed } = await stage.ended(call.activeflow_id)
  expect(executed.filter(({ type }) => type === 'digits_receive')).toHaveLength(3)
  expect(executed.map(({ type }) => type).slice(-5)).toEqual([
    'conference_join',
    'confbridge_join',
    'fetch_flow',
    'digits_send',
    'digits_send',
  ])

  await other.hearsSilence()
  const left = await stage.server.api<Conference>('GET', `/conferences/${conference.id}`)
  expect(left.conferencecall_ids).toHaveLength(1)
  await other.bye()
}

describe.concurrent('an IVR behind a number', () => {
  test('lets the caller in at the third try by a branch; # leads out, the post flow runs, the call ends', () =>
    wrongThenRight(byBranch))

  test('does the same by a condition', () => wrongThenRight(byCondition))

  test('hangs up for the reason of the flow after three wrong codes, typed ahead or not', async () => {
    const { number } = await open(byCondition)
    const caller = await stage.phone({ name: 'hasty' })
    await caller.invite(stage.server.sip(number))
    await caller.until('a voice', () => caller.levels().some((level) => level > -45))
    await caller.press('000011112222')
    expect(await caller.ended).toEqual({ by: 'remote', status: 0 })
    const call = await callTo(number)
    expect(await stage.over(call.id)).toMatchObject({ hangup_by: 'local', hangup_reason: 'failed' })
    expect(caller.ears.keys).toBe('')
  })

  test('takes a caller who hangs up in the middle of a prompt for what it is', async () => {
    const { number } = await open(byBranch)
    const caller = await stage.phone({ name: 'shy' })
    await caller.invite(stage.server.sip(number))
    await caller.until('a voice', () => caller.levels().some((level) => level > -45))
    await caller.bye()
    const call = await callTo(number)
    expect(await stage.over(call.id)).toMatchObject({ hangup_by: 'remote', hangup_reason: 'normal' })
    expect(await stage.ended(call.activeflow_id)).toMatchObject({ error: '' })
  })
})
