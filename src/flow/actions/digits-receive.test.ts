// Keys of a call: what digits_receive collects, what is pressed outside it, and that none is lost between.
import { describe, expect, it } from 'vitest'
import { createWorld } from '../flow.fixture.ts'

const digits = 'voipbin.call.digits'
const receive = (option: object) => ({ type: 'digits_receive', option })
const keep = (key: string) => ({ type: 'variable_set', option: { key, value: '$'.concat(`{${digits}}`) } })
const sleep = (duration: number) => ({ type: 'sleep', option: { duration } })

/** Runs a flow and presses keys 100 ms apart; a space waits 100 ms longer. */
async function type(list: readonly object[], pressed: string): Promise<Readonly<Record<string, string>>> {
  const { startOnCall, call, clock, activeflows, customerId } = createWorld()
  const { activeflowId, done } = await startOnCall(list)
  for (const key of pressed) {
    await clock.advance(100)
    if (key !== ' ') call.audio.press(key)
  }
  await clock.advance(100_000)
  await done
  expect(call.audio.listeners).toBe(0)
  expect(clock.pending).toBe(0)
  return (await activeflows.get(customerId, activeflowId)).variables
}

describe('digits_receive', () => {
  it.each([
    [{ duration: 5000 }, '12', '1'],
    [{ duration: 5000, length: 4 }, '12345', '1234'],
    [{ duration: 5000, length: 4, key: '#' }, '12#', '12#'],
    [{ duration: 5000, length: 0, key: '*#' }, '123456*', '123456*'],
    [{ duration: 250, length: 4 }, '12', '12'],
    [{ duration: 5000, length: 2 }, '', ''],
    [{ duration: 5000, length: 2, key: 'a' }, 'A', 'A'],
  ])('with %j and keys %j gives %j', async (option, pressed, value) => {
    const variables = await type([receive(option), keep('got')], pressed)
    expect(variables['got']).toBe(value)
  })

  it('without a duration waits as long as it takes', async () => {
    const { startOnCall, call, clock, activeflows, customerId } = createWorld()
    const { activeflowId } = await startOnCall([receive({ length: 2 })])
    await clock.advance(3_600_000)
    expect(call.heard).toEqual(['answer'])
    call.audio.press('12')
    await clock.advance(0)
    expect((await activeflows.get(customerId, activeflowId)).variables[digits]).toBe('12')
  })

  it('shows each key as it comes', async () => {
    const { startOnCall, call, clock, activeflows, customerId } = createWorld()
    const { activeflowId } = await startOnCall([receive({ length: 4 })])
    await clock.advance(0)
    call.audio.press('12')
    expect((await activeflows.get(customerId, activeflowId)).variables[digits]).toBe('12')
  })

  it('appends to a value that is not complete', async () => {
    const short = receive({ duration: 250, length: 4 })
    expect((await type([short, receive({ length: 4 })], '12 34'))[digits]).toBe('1234')
    const preset = { type: 'variable_set', option: { key: digits, value: '9' } }
    expect((await type([preset, receive({ length: 3 })], '12'))[digits]).toBe('912')
    expect((await type([preset, receive({ length: 1 }), keep('got')], ''))['got']).toBe('9')
  })

  it('appends to what an earlier one collected when more is wanted, and replaces it when as much is', async () => {
    const two = receive({ length: 2 })
    expect((await type([two, receive({ length: 4 })], '1234'))[digits]).toBe('1234')
    expect((await type([two, keep('first'), two], '1234'))[digits]).toBe('34')
  })

  it('collects anew after a branch', async () => {
    const { got } = await type(
      [receive({ length: 2 }), { type: 'branch' }, receive({ length: 2 }), keep('got')],
      '1234',
    )
    expect(got).toBe('34')
  })
})

describe('keys outside digits_receive', () => {
  it('each overwrites the variable', async () => {
    expect((await type([sleep(1000)], '12'))[digits]).toBe('2')
  })

  it('count for the next digits_receive', async () => {
    expect((await type([sleep(250), receive({ length: 4 }), keep('got')], '1234'))['got']).toBe('1234')
  })

  it('replace what was collected before', async () => {
    const list = [receive({ length: 2 }), sleep(150), receive({ length: 3 }), keep('got')]
    expect((await type(list, '12345'))['got']).toBe('345')
  })

  it('are taken in turn by two that follow', async () => {
    const list = [sleep(350), receive({ length: 1 }), keep('a'), { type: 'branch' }, receive({ length: 2 }), keep('b')]
    expect(await type(list, '123')).toMatchObject({ a: '1', b: '23' })
  })

  it('are used up by a branch on them', async () => {
    const list = [sleep(150), { type: 'branch' }, receive({ length: 1 }), keep('got')]
    expect((await type(list, '12'))['got']).toBe('2')
  })

  it('do not count together when long apart', async () => {
    const apart = `1${' '.repeat(151)}23`
    expect((await type([sleep(16_000), receive({ length: 3, duration: 500 }), keep('got')], apart))['got']).toBe('23')
    const left = [sleep(250), receive({ length: 1 }), sleep(16_000), receive({ length: 1, duration: 500 }), keep('got')]
    expect((await type(left, '12'))['got']).toBe('')
  })

  it('end a talk and are the first of the input', async () => {
    const talk = { type: 'talk', option: { text: 'PIN?', digits_handle: 'next' } }
    expect((await type([talk, receive({ length: 4 }), keep('got')], '1234'))['got']).toBe('1234')
  })

  it('during a talk in the background are collected', async () => {
    const talk = { type: 'talk', option: { text: 'PIN?', async: true } }
    expect((await type([talk, receive({ length: 4 }), keep('got')], '1234'))['got']).toBe('1234')
  })
})

it('a PIN that is asked again after a wrong one is collected anew', async () => {
  const { startOnCall, call, clock, activeflows, customerId } = createWorld()
  const { activeflowId, done } = await startOnCall([
    { id: 'ask', ...receive({ length: 4 }) },
    { type: 'condition_variable', option: { variable: digits, value_string: '1234', false_target_id: 'wrong' } },
    { type: 'stop' },
    { id: 'wrong', type: 'talk', option: { text: 'wrong' } },
    { type: 'goto', option: { target_id: 'ask', loop_count: 3 } },
  ])
  await clock.advance(0)
  for (const pin of ['9999', '1111', '1234']) {
    call.audio.press(pin)
    await clock.advance(1500)
  }
  await done
  expect(call.heard).toEqual(['answer', 'play wrong', 'answer', 'play wrong', 'answer', 'hangup normal'])
  expect((await activeflows.get(customerId, activeflowId)).variables[digits]).toBe('1234')
})
