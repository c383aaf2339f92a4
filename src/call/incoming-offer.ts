// How an incoming INVITE is answered: with early media or at once, the far end's offer or ours (late offer, RFC 3261 §13.3.1).
import type { CallMedia, Negotiated } from './call-media.ts'
import type { Signalling } from './ports.ts'

export interface IncomingOfferParts {
  readonly sessionId: string
  /** Undefined when the INVITE carried none. */
  readonly offer: string | undefined
  readonly media: CallMedia
  readonly signalling: Signalling
}

export class IncomingOffer {
  readonly #parts: IncomingOfferParts
  #answer: Promise<Negotiated> | undefined

  constructor(parts: IncomingOfferParts) {
    this.#parts = parts
  }

  /** The offer is ours, in the 2xx. */
  get isLate(): boolean {
    return this.#parts.offer === undefined
  }

  /** Sends 183 with our answer, so that the caller hears what the leg plays. False for a late offer or one that cannot be answered. */
  async early(): Promise<boolean> {
    const { offer, signalling, sessionId } = this.#parts
    if (offer === undefined) return false
    const answered = await this.#negotiated(offer)
    if (!answered.ok) return false
    signalling.command({ kind: 'progress', sessionId, status: 183, answer: answered.description })
    return true
  }

  /** Sends 200; an offer that cannot be answered is refused. `open`: whether it may still be answered. A reason of '' means that it may not. */
  async accept(open: () => boolean): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
    const { offer, signalling, sessionId, media } = this.#parts
    if (!open()) return { ok: false, reason: '' }
    if (offer === undefined) {
      signalling.command({ kind: 'accept', sessionId, description: media.offer() })
      return { ok: true }
    }
    const answered = await this.#negotiated(offer)
    if (!answered.ok) {
      signalling.command({ kind: 'reject', sessionId, status: answered.status })
      return { ok: false, reason: answered.reason }
    }
    if (!open()) return { ok: false, reason: '' }
    signalling.command({ kind: 'accept', sessionId, description: answered.description })
    return { ok: true }
  }

  #negotiated(offer: string): Promise<Negotiated> {
    this.#answer ??= this.#parts.media.answer(offer)
    return this.#answer
  }
}
