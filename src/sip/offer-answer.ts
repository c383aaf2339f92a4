// Whose offer is open (RFC 3264 §4, RFC 6337 §2): at most one at a time, whichever messages carry it.
import { step, type Table } from '../base/machine.ts'

export type OfferAnswerState = 'idle' | 'localOffer' | 'remoteOffer'
export type OfferAnswerEvent =
  | { readonly kind: 'offerSent' }
  | { readonly kind: 'offerReceived' }
  | { readonly kind: 'answerSent' }
  | { readonly kind: 'answerReceived' }
  /** Refused, or lost with its transaction: what was agreed before stays in force. */
  | { readonly kind: 'offerDropped' }

export const offerAnswerTable: Table<OfferAnswerState, OfferAnswerEvent> = {
  idle: {
    offerSent: { to: 'localOffer' },
    offerReceived: { to: 'remoteOffer' },
    answerSent: 'bug',
    answerReceived: 'ignore',
    offerDropped: 'ignore',
  },
  localOffer: {
    offerSent: 'bug',
    offerReceived: 'ignore',
    answerSent: 'bug',
    answerReceived: { to: 'idle' },
    offerDropped: { to: 'idle' },
  },
  remoteOffer: {
    offerSent: 'bug',
    offerReceived: 'ignore',
    answerSent: { to: 'idle' },
    answerReceived: 'ignore',
    offerDropped: { to: 'idle' },
  },
}

export class OfferAnswer {
  #state: OfferAnswerState = 'idle'

  get state(): OfferAnswerState {
    return this.#state
  }

  /** False when the event is out of turn; nothing changed then. */
  take(kind: OfferAnswerEvent['kind']): boolean {
    const taken = step(offerAnswerTable, this.#state, { kind }, undefined)
    this.#state = taken.to
    return taken.outcome === 'moved'
  }
}
