// The SIPp scenarios against the built-in phone: what later tests the server is itself proven here, without a server.
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { createPhone, type Phone } from '../../demo/phone/phone.ts'
import { targetOf } from '../../demo/phone/sip-text.ts'
import { tone } from '../../demo/phone/sound.ts'
import { Sipp } from './sipp.ts'
import { lacks, skips } from './tools.ts'

const missing = lacks('sipp')
const metronome = createMetronome()
const address = '127.0.0.1'
const phones: Phone[] = []

async function phone(): Promise<Phone> {
  const made = await createPhone({
    name: 'phone',
    localAddress: address,
    metronome,
    autoAnswer: true,
    source: tone(400),
  })
  phones.push(made)
  return made
}

afterEach(() => {
  for (const made of phones.splice(0)) made.close()
})
afterAll(() => metronome.close())

describe.skipIf(skips('SIPp and the built-in phone', missing))(
  `SIPp and the built-in phone${missing ? ` [skipped: ${missing}]` : ''}`,
  () => {
    test.each(['call', 'hold', 'late-offer', 'options'])('%s', async (scenario) => {
      const callee = await phone()
      const result = await Sipp.run({
        scenario,
        address,
        port: 5460,
        call: { user: 'phone', port: targetOf(callee.uri).port },
      })
      expect(result, result.report).toMatchObject({ exitCode: 0, successful: 1, failed: 0 })
    })

    test('lost-ack: the same 200 comes again', async () => {
      const callee = await phone()
      const result = await Sipp.run({
        scenario: 'lost-ack',
        address,
        port: 5460,
        call: { user: 'phone', port: targetOf(callee.uri).port },
      })
      expect(result, result.report).toMatchObject({ exitCode: 0, successful: 1, failed: 0 })
      const answers = result.received.filter(
        (message) => message.startsWith('SIP/2.0 200') && message.includes('1 INVITE'),
      )
      expect(answers.length).toBe(3)
      expect(new Set(answers).size).toBe(1)
    })

    test('answer: the phone dials SIPp and hangs up', async () => {
      const sipp = await Sipp.start({ scenario: 'answer', address, port: 5470 })
      const caller = await phone()
      await caller.invite(`sip:sipp@${address}:5470`)
      await caller.bye()
      const result = await sipp.finished()
      expect(result, result.report).toMatchObject({ exitCode: 0, successful: 1, failed: 0 })
    })

    test('busy: the phone learns the status', async () => {
      const sipp = await Sipp.start({ scenario: 'busy', address, port: 5480 })
      await expect((await phone()).invite(`sip:sipp@${address}:5480`)).rejects.toThrow('486')
      const result = await sipp.finished()
      expect(result, result.report).toMatchObject({ exitCode: 0, successful: 1, failed: 0 })
    })
  },
)
