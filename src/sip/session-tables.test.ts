// Every cell of the session and offer/answer tables: an expectation is total by type, and all of it is visited.
import { describe, expect, it } from 'vitest'
import { step } from '../base/machine.ts'
import { OfferAnswer, type OfferAnswerEvent, type OfferAnswerState, offerAnswerTable } from './offer-answer.ts'
import { type SessionState, type SessionStateEvent, sessionTable } from './session-state.ts'

/** Where each event leads; `-` is ignored, `!` a bug. */
type Expected<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Record<Event, State | '-' | '!'>>>
>

const ending = { success: 'ended', successWithOffer: 'ended', failure: 'ended' } as const
const deaf = { provisional: '-', success: '-', successWithOffer: '-', failure: '-', accept: '-' } as const

const session: Expected<SessionState, SessionStateEvent> = {
  calling: {
    ...{ provisional: 'proceeding', success: 'established', successWithOffer: 'answering', failure: 'ended' },
    ...{ accept: '-', acknowledged: '!', terminate: 'cancelPending', gone: 'ended' },
  },
  proceeding: {
    ...{ provisional: 'proceeding', success: 'established', successWithOffer: 'answering', failure: 'ended' },
    ...{ accept: '-', acknowledged: '!', terminate: 'cancelling', gone: 'ended' },
  },
  cancelPending: {
    ...ending,
    provisional: 'cancelling',
    accept: '-',
    acknowledged: '!',
    terminate: '-',
    gone: 'ended',
  },
  cancelling: { ...ending, provisional: '-', accept: '-', acknowledged: '!', terminate: '-', gone: 'ended' },
  answering: { ...deaf, acknowledged: 'established', terminate: 'ended', gone: 'ended' },
  incoming: {
    ...{ provisional: 'incoming', success: '!', successWithOffer: '!', failure: 'ended' },
    ...{ accept: 'accepting', acknowledged: '-', terminate: 'ended', gone: 'ended' },
  },
  accepting: {
    ...deaf,
    success: '!',
    successWithOffer: '!',
    acknowledged: 'established',
    terminate: 'closing',
    gone: 'ended',
  },
  closing: { ...deaf, success: '!', successWithOffer: '!', acknowledged: 'ended', terminate: '-', gone: 'ended' },
  established: { ...deaf, acknowledged: '-', terminate: 'ended', gone: 'ended' },
  ended: { ...deaf, acknowledged: '-', terminate: '-', gone: '-' },
}

const negotiation: Expected<OfferAnswerState, OfferAnswerEvent['kind']> = {
  idle: {
    offerSent: 'localOffer',
    offerReceived: 'remoteOffer',
    answerSent: '!',
    answerReceived: '-',
    offerDropped: '-',
  },
  localOffer: { offerSent: '!', offerReceived: '-', answerSent: '!', answerReceived: 'idle', offerDropped: 'idle' },
  remoteOffer: { offerSent: '!', offerReceived: '-', answerSent: 'idle', answerReceived: '-', offerDropped: 'idle' },
}

describe('the session table', () => {
  it('says in every cell what may happen when', () => {
    for (const [state, row] of Object.entries(sessionTable) as [SessionState, object][]) {
      for (const kind of Object.keys(row) as SessionStateEvent[]) {
        const { to, outcome } = step(sessionTable, state, { kind }, undefined)
        const seen = outcome === 'moved' ? to : outcome === 'bug' ? '!' : '-'
        expect(seen, `${state} × ${kind}`).toBe(session[state][kind])
      }
    }
  })
})

describe('the offer/answer table', () => {
  it('lets one offer be open at a time', () => {
    for (const [state, row] of Object.entries(offerAnswerTable) as [OfferAnswerState, object][]) {
      for (const kind of Object.keys(row) as OfferAnswerEvent['kind'][]) {
        const { to, outcome } = step(offerAnswerTable, state, { kind }, undefined)
        const seen = outcome === 'moved' ? to : outcome === 'bug' ? '!' : '-'
        expect(seen, `${state} × ${kind}`).toBe(negotiation[state][kind])
      }
    }
  })

  it('tells whether an event was in turn', () => {
    const offers = new OfferAnswer()
    expect([
      offers.take('answerSent'),
      offers.take('offerSent'),
      offers.take('offerReceived'),
      offers.take('answerReceived'),
    ]).toEqual([false, true, false, true])
    expect(offers.state).toBe('idle')
  })
})
