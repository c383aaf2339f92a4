// The media side of one call: its leg in the engine and its offers and answers (RFC 3264). The session version of our
// descriptions grows only when they change.
import { randomBytes, randomInt } from 'node:crypto'
import type { LegStatistics, MediaEngine } from '../media/engine.ts'
import { allSuites, type SrtpSuite } from '../rtp/srtp-suite.ts'
import { type CryptoAttribute, makeCrypto } from '../sdp/crypto-attribute.ts'
import type { CodecName, Direction, MediaPlan } from '../sdp/media-plan.ts'
import { answerOffer, makeOffer, readAnswer } from '../sdp/negotiate.ts'
import { offeredCodecs } from '../sdp/payload-formats.ts'
import { revise, type VersionedDescription } from '../sdp/session-version.ts'

export interface CallMediaOptions {
  readonly engine: MediaEngine
  readonly legId: string
  /** Address written into SDP. */
  readonly publicIp: string
  /** Our offers ask for SRTP and nothing less; without it they ask for plain RTP. */
  readonly secure?: boolean
  /** What may be used; offers name it in this order, linear samples only when they are listed. All when absent. */
  readonly codecs?: readonly CodecName[]
}

/** Either the description to send, or the SIP status to refuse with. */
export type Negotiated =
  | { readonly ok: true; readonly description: string }
  | { readonly ok: false; readonly status: number; readonly reason: string }

const noKeys: readonly CryptoAttribute[] = []

export class CallMedia {
  readonly legId: string
  readonly #engine: MediaEngine
  readonly #publicIp: string
  readonly #sessionId = String(randomInt(1, 2 ** 47))
  #secure: boolean
  readonly #codecs: readonly CodecName[] | undefined
  /** Our keys, by suite: those offered, then the one in use, which stays while its suite does. None is used again after another. */
  #keys: readonly CryptoAttribute[] = noKeys
  #rtpPort = 0
  /** What we would like the media to do. */
  #wanted: Direction = 'sendrecv'
  #sent: VersionedDescription | undefined
  #closed: Promise<LegStatistics | undefined> | undefined

  constructor({ engine, legId, publicIp, secure = false, codecs }: CallMediaOptions) {
    this.#engine = engine
    this.legId = legId
    this.#publicIp = publicIp
    this.#secure = secure
    this.#codecs = codecs
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

  /** From now on our offers ask for SRTP, or for plain RTP. */
  secure(secured: boolean): void {
    this.#secure = secured
  }

  /** Our offer: every codec we speak, and every suite when it is to be secured. */
  offer(direction: Direction = 'sendrecv'): string {
    this.#wanted = direction
    const crypto = this.#secure ? { crypto: allSuites.map((suite, index) => this.#key(suite, index + 1)) } : {}
    this.#sent = revise(this.#sent, (version) =>
      makeOffer({ ...this.#facts(version), ...crypto, direction, codecs: this.#codecs ?? offeredCodecs, ptimeMs: 20 }),
    )
    return this.#sent.text
  }

  /** Our description as it was last, with another direction: a new offer. Their offers are answered with no more than that, too. */
  redirect(direction: Direction): string {
    const last = this.#sent
    if (last === undefined) return this.offer(direction)
    this.#wanted = direction
    this.#sent = revise(last, (version) => redirected(last, version, direction))
    return this.#sent.text
  }

  /** Answers the far end's offer; media flows by it from now on. */
  async answer(offer: string): Promise<Negotiated> {
    const { address, rtpPort, sessionId } = this.#facts(1)
    const answerAs = (sessionVersion: number) =>
      answerOffer({
        offer,
        local: { address, rtpPort },
        sessionId,
        sessionVersion,
        wantedDirection: this.#wanted,
        ...(this.#codecs && { codecs: this.#codecs }),
        localCrypto: (suite, tag) => this.#key(suite, tag),
      })
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
    this.#keys = noKeys
    if (plan.srtp !== undefined) {
      const { suite, sendKey: masterKey, sendSalt: masterSalt } = plan.srtp
      this.#keys = [{ tag: 1, suite, masterKey, masterSalt }]
    }
    await this.#engine.request({ kind: 'configureLeg', legId: this.legId, plan })
  }

  #key(suite: SrtpSuite, tag: number): CryptoAttribute {
    const known = this.#keys.find((key) => key.suite === suite)
    if (known !== undefined) return { ...known, tag }
    const key = makeCrypto(suite, tag, randomBytes)
    this.#keys = this.#keys.concat(key)
    return key
  }

  #facts(sessionVersion: number) {
    return { address: this.#publicIp, rtpPort: this.#rtpPort, sessionId: this.#sessionId, sessionVersion }
  }
}

/** The one stream that our descriptions accept is the only one with a direction. */
const redirected = ({ text, version: before }: VersionedDescription, version: number, direction: Direction): string =>
  text
    .replace(new RegExp(`^(o=\\S+ \\S+) ${before} `, 'm'), `$1 ${version} `)
    .replace(/^a=(?:sendrecv|sendonly|recvonly|inactive)(?=\r?$)/m, `a=${direction}`)
