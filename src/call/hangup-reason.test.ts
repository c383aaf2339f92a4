import { expect, it } from 'vitest'
import type { SessionEnd } from '../sip/user-agent-io.ts'
import { type Ending, hangupVerdict } from './hangup-reason.ts'

const end = (change: Partial<SessionEnd> = {}): SessionEnd => ({ by: 'remote', status: 0, reason: '', ...change })
const outgoing = (before: Ending['before'], ended: SessionEnd, wanted: Ending['wanted'] = '') =>
  hangupVerdict({ direction: 'outgoing', before, end: ended, wanted })
const incoming = (before: Ending['before'], ended: SessionEnd, wanted: Ending['wanted'] = '') =>
  hangupVerdict({ direction: 'incoming', before, end: ended, wanted })

it.each([
  [486, 'busy'],
  [600, 'busy'],
  [603, 'noanswer'],
  [480, 'noanswer'],
  [408, 'noanswer'],
  [404, 'failed'],
  [503, 'failed'],
  [302, 'failed'],
  [0, 'dialout'],
] as const)('an unanswered outgoing call refused with %i ended for %s', (status, reason) => {
  expect(outgoing('ringing', end({ status }))).toEqual({ by: 'remote', reason })
})

it('a Reason header says more than the status it came with', () => {
  expect(outgoing('ringing', end({ status: 480, cause: 17 })).reason).toBe('busy')
})

it('an unanswered outgoing call that we gave up ended by us: cancel, or no answer when its time was up', () => {
  expect(outgoing('canceling', end({ by: 'local', status: 487 }), 'normal')).toEqual({ by: 'local', reason: 'cancel' })
  expect(outgoing('canceling', end({ by: 'local', status: 487 }), 'noanswer')).toEqual({
    by: 'local',
    reason: 'noanswer',
  })
})

it('an answered call ends normally by whoever hung up', () => {
  expect(outgoing('progressing', end())).toEqual({ by: 'remote', reason: 'normal' })
  expect(outgoing('terminating', end({ by: 'local' }), 'normal')).toEqual({ by: 'local', reason: 'normal' })
  expect(incoming('terminating', end({ by: 'local' }), 'timeout')).toEqual({ by: 'local', reason: 'timeout' })
  expect(incoming('progressing', end({ by: 'timeout' })).reason).toBe('timeout')
})

it('a caller that gives up before the answer ended normally', () => {
  expect(incoming('ringing', end({ status: 487 }))).toEqual({ by: 'remote', reason: 'normal' })
})
