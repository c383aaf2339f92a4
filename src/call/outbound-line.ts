// The signalling of one outgoing call: its INVITE by one way after another, until a way is answered or none is left (failover of
// routes, redirection by 3xx). Each way is a SIP session of its own.
import type { Clock, Timer } from '../base/time.ts'
import type { Address } from '../schema/address.ts'
import type { Header } from '../sip/message.ts'
import type { SessionEnd } from '../sip/user-agent-io.ts'
import type { CallMedia } from './call-media.ts'
import type { Caller } from './caller-identity.ts'
import { isRedirect, mayTryNextWay } from './failover.ts'
import type { DialTarget, Signalling } from './ports.ts'

/** How an outgoing call is made. */
export interface Invitation {
  /** In the order in which they are tried. */
  readonly ways: readonly DialTarget[]
  /** By telephone routes: the ways are trusted providers, and the next one is tried when one fails. */
  readonly routed: boolean
  readonly caller: Caller
  readonly headers: readonly Header[]
  /** Its flow begins at ringing: from then on there is no other way. */
  readonly early: boolean
  /** What a 3xx leads to, held to the rules of any destination; absent: a 3xx is a failure. */
  readonly follow?: (contacts: readonly string[]) => Promise<readonly DialTarget[]>
}

/** How many 3xx in a row are followed. */
const mostRedirects = 5

export interface LineParts {
  readonly callId: string
  readonly destination: Address
  readonly media: CallMedia
  readonly signalling: Signalling
  readonly clock: Clock
  /** How long each way may take to be answered, and who is told that it was not. */
  readonly timeoutMs: number
  readonly silent: () => void
}

export class OutboundLine {
  readonly #invitation: Invitation
  readonly #parts: LineParts
  #ways: readonly DialTarget[]
  #tries = 0
  #redirects = 0
  #timer: Timer | undefined

  constructor(invitation: Invitation, parts: LineParts) {
    this.#invitation = invitation
    this.#parts = parts
    this.#ways = invitation.ways
  }

  /** Takes the next way; answers its session's id, undefined when none is left. The INVITE goes with `send`. */
  next(): { readonly sessionId: string; readonly send: () => void } | undefined {
    const [way, ...rest] = this.#ways
    if (way === undefined) return undefined
    this.#ways = rest
    const { callId } = this.#parts
    const sessionId = this.#tries === 0 ? callId : `${callId}.${this.#tries}`
    this.#tries += 1
    return { sessionId, send: () => this.#invite(way, sessionId) }
  }

  /** It was answered, or is over. */
  rest(): void {
    this.#timer?.cancel()
  }

  /** Whether another way may be taken after this end. `alerted`: a phone rang by the way that ended. */
  async goesOn(end: SessionEnd, alerted: boolean): Promise<boolean> {
    const { follow, routed, early } = this.#invitation
    if (early && alerted) return false
    if (isRedirect(end) && follow !== undefined && this.#redirects < mostRedirects) {
      this.#redirects += 1
      const found = await follow(end.contacts ?? [])
      this.#ways = [...found, ...this.#ways]
      if (found.length > 0) return true
    }
    return routed && this.#ways.length > 0 && mayTryNextWay(end, alerted)
  }

  #invite(way: DialTarget, sessionId: string): void {
    const { destination, media, signalling, clock, timeoutMs, silent } = this.#parts
    const { caller, headers, routed } = this.#invitation
    this.#timer?.cancel()
    this.#timer = clock.after(timeoutMs, silent)
    media.secure(way.destination.transport === 'TLS')
    signalling.command({
      kind: 'invite',
      sessionId,
      requestUri: way.requestUri,
      from: caller.from,
      to: { uri: way.requestUri, displayName: destination.target_name },
      destination: way.destination,
      offer: media.offer(),
      ...(way.credentials !== undefined && { credentials: way.credentials }),
      headers: [...caller.headers, ...(routed ? caller.trusted : []), ...headers, ...(way.headers ?? [])],
    })
  }
}
