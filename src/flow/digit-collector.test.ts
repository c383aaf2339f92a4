// The collector by itself: whatever the moments at which keys come, none is lost, doubled or moved.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DigitCollector, digitsVariable } from './digit-collector.ts'
import { settle } from './flow.fixture.ts'
import { Variables } from './variables.ts'

function setUp() {
  let tell = (_digit: string): void => {}
  const audio = {
    onDigit: (listener: (digit: string) => void) => {
      tell = listener
      return () => {
        tell = () => {}
      }
    },
  }
  const press = (digits: string): void => {
    for (const digit of digits) tell(digit)
  }
  const variables = new Variables({ [digitsVariable]: '' }, {})
  const clock = { now: () => 0 }
  const collector = new DigitCollector(audio, variables, clock)
  return { collector, variables, press }
}

const never = new AbortController().signal

it('hands every key to one collection, in order, whenever keys and collections come', async () => {
  const events = fc.array(fc.constantFrom(...'0123456789*#ABCD', 'collect', 'collect'), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), events, async (length, list) => {
      const { collector, variables, press } = setUp()
      let pressed = ''
      let collected = ''
      let collecting = false
      const collect = async (): Promise<void> => {
        if (collecting) return
        collecting = true
        await collector.receive({ length, endKeys: '' }, never)
        collected += variables.get(digitsVariable)
        collecting = false
      }
      for (const event of list) {
        if (event === 'collect') void collect()
        else {
          pressed += event
          press(event)
        }
        await settle()
      }
      const whole = pressed.length - (pressed.length % length)
      for (let round = 0; round <= whole; round += length) {
        void collect()
        await settle()
      }
      expect(collected).toBe(pressed.slice(0, whole))
    }),
  )
})

it('takes what an end key ended, and the rest the next time', async () => {
  const { collector, variables, press } = setUp()
  press('12#34')
  await collector.receive({ length: 0, endKeys: '#' }, never)
  expect(variables.get(digitsVariable)).toBe('12#')
  await collector.receive({ length: 2, endKeys: '' }, never)
  expect(variables.get(digitsVariable)).toBe('34')
})

it('ends a collection that nothing else would end', async () => {
  const { collector, variables, press } = setUp()
  const received = collector.receive({ length: 0, endKeys: '' }, never)
  press('1'.repeat(2000))
  await received
  expect(variables.get(digitsVariable)).toBe('1')
})

it('hears nothing once it is closed', () => {
  const { collector, variables, press } = setUp()
  collector.close()
  press('1')
  expect(variables.get(digitsVariable)).toBe('')
})

it('forgets keys that were meant for something else, and leaves the variable', async () => {
  const { collector, variables, press } = setUp()
  press('1#')
  collector.useUp()
  expect(variables.get(digitsVariable)).toBe('#')
  const collected = collector.receive({ length: 1, endKeys: '' }, never)
  press('7')
  await collected
  expect(variables.get(digitsVariable)).toBe('7')
})
