// Work that nobody waits for: its failures are logged, its end is waited for.
import { expect, it } from 'vitest'
import { OperationalError } from '../base/errors.ts'
import { type LogFields, silentLog } from '../base/log.ts'
import { Background } from './background.ts'

function setUp() {
  const logged: string[] = []
  const note = (level: string) => (fields: LogFields) => void logged.push(`${level} ${fields['reason']}`)
  return { logged, background: new Background({ ...silentLog, warn: note('warn'), error: note('error') }) }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

it('logs a failure as a warning and a fault as an error', async () => {
  const { background, logged } = setUp()
  background.begin(() => Promise.reject(new OperationalError('no answer')), {})
  background.begin(() => Promise.reject(new TypeError('oops')), {})
  await new Promise((resolve) => setImmediate(resolve))
  expect(logged).toEqual(['warn no answer', 'error oops'])
})

it('aborts what runs when it closes, waits for it, and logs nothing of it', async () => {
  const { background, logged } = setUp()
  let ended = false
  background.begin(async (signal) => {
    await aborted(signal).catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    ended = true
    throw new OperationalError('cut short')
  }, {})
  await background.close()
  expect(ended).toBe(true)
  expect(logged).toEqual([])
})
