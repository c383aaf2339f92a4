// The media side of one call: its leg in the engine and its offers and answers (RFC 3264). The session version of our
// descriptions grows only when they change.
import { randomInt } from 'node:crypto'
import type { LegStatistics, MediaEngine } from '../media/engine.ts'
import type { Direction, MediaPlan } from '../sdp/media-plan.ts'
import { answerOffer, makeOffer, readAnswer } from '../sdp/negotiate.ts'
import { revise, type VersionedDescription } from '../sdp/session-version.ts'

export interface CallMediaOptions {
  readonly engine: MediaEngine
  readonly legId: string
  /** Address written into SDP. */
  readonly publicIp: string
}

/** Either the description to send, or the SIP status to refuse with. */
export type Negotiated =
  | { readonly ok: true; readonly description: string }
  | { readonly ok: false; readonly status: number; readonly reason: string }

export class CallMedia {
  readonly legId: string
  readonly #engine: MediaEngine
  readonly #publicIp: string
  readonly #sessionId = String(randomInt(1, 2 ** 47))
  #rtpPort = 0
  #sent: VersionedDescription | undefined
  #closed: Promise<LegStatistics | undefined> | undefined

  constructor({ engine, legId, publicIp }: CallMediaOptions) {
    this.#engine = engine
    this.legId = legId
    this.#publicIp = publicIp
  }

  /** Our description as last sent, for a far end that asks for it. */
  get description(): string {
    return this.#sent?.text ?? ''
  }

  /** Binds the leg's ports, near the mix that it is bound for if that is known. Throws OperationalError when none is free. */
  async open(near?: string): Promise<void> {
    const bound = near === undefined ? {} : { near }
    const ports = await this.#engine.request({ kind: 'openLeg', legId: this.legId, ...bound })
    this.#rtpPort = ports.rtpPort
  }

  /** Our offer: every codec we speak. */
  offer(direction: Direction = 'sendrecv'): string {
    this.#sent = revise(this.#sent, (version) =>
      makeOffer({ ...this.#facts(version), direction, codecs: ['PCMU', 'PCMA'], ptimeMs: 20 }),
    )
    return this.#sent.text
  }

  /** Answers the far end's offer; media flows by it from now on. */
  async answer(offer: string): Promise<Negotiated> {
    const { address, rtpPort, sessionId } = this.#facts(1)
    const answerAs = (sessionVersion: number) =>
      answerOffer({ offer, local: { address, rtpPort }, sessionId, sessionVersion })
    const first = answerAs(this.#sent?.version ?? 1)
    if (!first.ok) return first
    this.#sent = revise(this.#sent, (version) => {
      const answered = answerAs(version)
      return answered.ok ? answered.answer : first.answer
    })
    await this.#configure(first.plan)
    return { ok: true, description: this.#sent.text }
  }

  /** Takes the far end's answer to our last offer; false when it cannot be used. */
  async accept(answer: string): Promise<boolean> {
    const read = readAnswer({ offer: this.description, answer })
    if (!read.ok) return false
    await this.#configure(read.plan)
    return true
  }

  /** Frees the ports; answers the final statistics. Repeating it is harmless. */
  close(): Promise<LegStatistics | undefined> {
    this.#closed ??= this.#engine.request({ kind: 'closeLeg', legId: this.legId }).catch(() => undefined)
    return this.#closed
  }

  async #configure(plan: MediaPlan): Promise<void> {
    await this.#engine.request({ kind: 'configureLeg', legId: this.legId, plan })
  }

  #facts(sessionVersion: number) {
    return { address: this.#publicIp, rtpPort: this.#rtpPort, sessionId: this.#sessionId, sessionVersion }
  }
}
