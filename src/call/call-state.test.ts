import { describe, expect, it } from 'vitest'
import { step } from '../base/machine.ts'
import { type CallStatus, callStatuses } from '../schema/call.ts'
import { type CallEvent, callTable } from './call-state.ts'

/** The API's table of allowed moves. */
const allowed: Record<CallStatus, CallStatus[]> = {
  dialing: ['ringing', 'progressing', 'canceling', 'terminating', 'hangup'],
  ringing: ['progressing', 'canceling', 'terminating', 'hangup'],
  progressing: ['terminating', 'hangup'],
  terminating: ['hangup'],
  canceling: ['hangup'],
  hangup: [],
}
const events: CallEvent['kind'][] = ['alerting', 'answered', 'cancel', 'terminate', 'gone']

describe('the state table of a call', () => {
  it.each(callStatuses)('makes exactly the allowed moves from %s', (from) => {
    const moves = events
      .map((kind) => step(callTable, from, { kind }, undefined))
      .filter(({ outcome }) => outcome === 'moved')
    expect(new Set(moves.map(({ to }) => to))).toEqual(new Set(allowed[from]))
  })

  it('stays in hangup whatever comes', () => {
    for (const kind of events) expect(step(callTable, 'hangup', { kind }, undefined).outcome).toBe('ignored')
  })

  it('takes a cancel of an answered call for a bug, and a 200 that crosses a cancel for nothing', () => {
    expect(step(callTable, 'progressing', { kind: 'cancel' }, undefined).outcome).toBe('bug')
    expect(step(callTable, 'canceling', { kind: 'answered' }, undefined).outcome).toBe('ignored')
  })
})
