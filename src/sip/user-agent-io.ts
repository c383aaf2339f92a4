// What goes into the SIP user agent core and what comes out of it. The core reads no clock and does no I/O: a shell calls
// `handle(input, now)`, then drains the outputs, then arms one timer for `nextTimeout()`. `now` is monotonic milliseconds.
import type { SentBy } from './branch.ts'
import type { TransportFlow } from './flow.ts'
import type { Header, SipRequest } from './message.ts'
import type { Reaches } from './route.ts'

/** Digest credentials for one call (RFC 8760). */
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** A session is one INVITE usage (RFC 3261 §13-15), ours or theirs; the id is chosen by whoever starts it. */
export type Command =
  | {
      /** Sends an INVITE. Without `offer` the far end offers in its 2xx (late offer) and `answer` must follow. */
      readonly kind: 'invite'
      readonly sessionId: string
      readonly requestUri: string
      readonly from: { readonly uri: string; readonly displayName: string }
      readonly to: { readonly uri: string; readonly displayName: string }
      readonly destination: TransportFlow
      readonly offer?: string
      readonly credentials?: Credentials
      /**
       * Go out as given. What the core writes itself, or what would break the message, is left out with a note (`headerFault`); so it is
       * in all commands.
       */
      readonly headers?: readonly Header[]
    }
  /** 101-199 on an incoming INVITE; reliable (RFC 3262) when the far end requires it, or supports it and a body is given. */
  | { readonly kind: 'progress'; readonly sessionId: string; readonly status: number; readonly answer?: string }
  /** 200 on an incoming INVITE. `description` is the answer, or our offer when the INVITE had none. */
  | { readonly kind: 'accept'; readonly sessionId: string; readonly description: string }
  /** 300-699 on an incoming INVITE. */
  | {
      readonly kind: 'reject'
      readonly sessionId: string
      readonly status: number
      readonly headers?: readonly Header[]
    }
  /** Answers `offer` events: a re-INVITE or UPDATE from the far end, or the late offer in a 2xx (sent in ACK). */
  | { readonly kind: 'answer'; readonly sessionId: string; readonly description: string }
  /** Refuses an `offer` event with a status such as 488; the session goes on unchanged. */
  | { readonly kind: 'refuseOffer'; readonly sessionId: string; readonly status: number }
  /** Sends a re-INVITE with this offer; the answer comes as an `answer` event. Retries 491 by itself (§14.1). */
  | { readonly kind: 'reinvite'; readonly sessionId: string; readonly offer: string }
  /** Ends the session however it must be ended in its state: CANCEL, BYE, or a final response (480 unless `status` is given). */
  | {
      readonly kind: 'terminate'
      readonly sessionId: string
      readonly status?: number
      readonly headers?: readonly Header[]
    }
  /** The final response (200-699) to a `request` event; 32 s later the request is gone. */
  | {
      readonly kind: 'respond'
      readonly requestId: string
      readonly status: number
      readonly headers?: readonly Header[]
    }
  /** Takes a REFER (any 2xx goes as 202) or refuses it; must answer every `refer` event within 32 s, or 500 does. */
  | { readonly kind: 'answerRefer'; readonly sessionId: string; readonly referId: string; readonly status: number }
  /**
   * Tells the transferor how the new call fares (NOTIFY with message/sipfrag, RFC 3515 §2.4.5); a final status ends the subscription.
   * Goes on after the session ended, for 300 s.
   */
  | { readonly kind: 'referProgress'; readonly sessionId: string; readonly referId: string; readonly status: number }
  /** Sends OPTIONS outside any dialog; `optionsEnded` follows, within 32 s. */
  | {
      readonly kind: 'options'
      readonly requestId: string
      readonly requestUri: string
      readonly destination: TransportFlow
    }
  /** From now on answer every new INVITE with 503 and Retry-After; running sessions go on. */
  | { readonly kind: 'drain' }

export type Input =
  /** One datagram, or one message cut from a stream by the framer. */
  | { readonly kind: 'received'; readonly flow: TransportFlow; readonly bytes: Uint8Array }
  /** A stream connection closed, or a send failed (ICMP, refused connection). */
  | { readonly kind: 'flowFailed'; readonly flow: TransportFlow; readonly reason: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'command'; readonly command: Command }

/** Why a session ended. `status` is the SIP status that ended it, 0 when a BYE did. */
export interface SessionEnd {
  readonly by: 'local' | 'remote' | 'timeout' | 'transport'
  readonly status: number
  readonly reason: string
  /** Q.850 cause of a Reason header (RFC 3326), when one came. */
  readonly cause?: number
  /** Of a 3xx: URIs to try instead, best q first; empty when it named none. */
  readonly contacts?: readonly string[]
  /** Seconds of a Retry-After (§20.33). */
  readonly retryAfter?: number
}

export type SessionEvent =
  /** A new INVITE that passed the checks of RFC 3261 §8.2; `offer` is absent for a late offer. 100 was sent. */
  | {
      readonly kind: 'incoming'
      readonly sessionId: string
      readonly request: SipRequest
      readonly flow: TransportFlow
      readonly callId: string
      readonly offer?: string
      /** The session of ours that this one is to take the place of (Replaces, RFC 3891). Whether it may, is for the user to decide. */
      readonly replacesSessionId?: string
    }
  /** 101-199 from the far end; `answer` is early media's description. */
  | { readonly kind: 'progress'; readonly sessionId: string; readonly status: number; readonly answer?: string }
  /** 2xx from the far end to our INVITE; `answer` absent when its 2xx carries an offer (an `offer` event follows). */
  | { readonly kind: 'accepted'; readonly sessionId: string; readonly answer?: string }
  /** The ACK to our 2xx arrived; `answer` is in it when we offered in the 2xx. */
  | { readonly kind: 'confirmed'; readonly sessionId: string; readonly answer?: string }
  /** The far end offers: re-INVITE, UPDATE or late offer in 2xx. Reply with `answer` or `refuseOffer`. */
  | { readonly kind: 'offer'; readonly sessionId: string; readonly description: string }
  /** The far end asked for our offer by a re-INVITE without a body: reply with `answer`, carrying our current description. */
  | { readonly kind: 'offerRequested'; readonly sessionId: string }
  /** Answer to our `reinvite` (undefined = it was refused with `status`). */
  | { readonly kind: 'answer'; readonly sessionId: string; readonly description?: string; readonly status: number }
  /** INFO with a DTMF body (application/dtmf-relay or application/dtmf). */
  | { readonly kind: 'info'; readonly sessionId: string; readonly contentType: string; readonly body: string }
  /** A REGISTER outside any dialog, which passed the checks of RFC 3261 §8.2. Reply with `respond`. `sessionId` is empty. */
  | {
      readonly kind: 'request'
      readonly sessionId: ''
      readonly requestId: string
      readonly request: SipRequest
      readonly flow: TransportFlow
    }
  /**
   * The far end asks us to call somebody in its stead (RFC 3515). Whether it may, is for the user to decide. `referTo` is a URI; its
   * Replaces (RFC 3891) names a session of ours when one matches.
   */
  | {
      readonly kind: 'refer'
      readonly sessionId: string
      readonly referId: string
      readonly referTo: string
      readonly replacesSessionId?: string
      /** Value of a Replaces that names no session of ours: to be sent as a header of the INVITE to `referTo`. */
      readonly replaces?: string
      /** URI of Referred-By (RFC 3892). */
      readonly referredBy?: string
    }
  /** `status` 0: nobody answered. `sessionId` is empty. */
  | { readonly kind: 'optionsEnded'; readonly sessionId: ''; readonly requestId: string; readonly status: number }
  /** Always the last event of a session. */
  | { readonly kind: 'ended'; readonly sessionId: string; readonly end: SessionEnd }

export type Output =
  | { readonly kind: 'send'; readonly flow: TransportFlow; readonly bytes: Uint8Array }
  | { readonly kind: 'event'; readonly event: SessionEvent }
  /** Something for the log: a malformed message, an impossible transition. Never carries secrets. */
  | {
      readonly kind: 'note'
      readonly level: 'debug' | 'warn'
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>>
    }

export interface UserAgentOptions {
  readonly sentBy: SentBy
  readonly userAgent: string
  /** Random source for tags, branches and Call-IDs: `length` lower-case hexadecimal digits. Seeded in tests. */
  readonly token: (length: number) => string
  /** Where Record-Route and Contact may lead the requests of a dialog, besides where its messages come from; anywhere when absent. */
  readonly reaches?: Reaches
  /** RFC 4028: what we ask for and the least we accept, in seconds. Defaults 1800 and 90. */
  readonly sessionExpires?: number
  readonly minSessionExpires?: number
}

export interface UserAgentCore {
  handle(input: Input, now: number): void
  /** Outputs since the last call, oldest first. Must be called after every `handle`. */
  drain(): Output[]
  /** When to call `handle({kind:'timeout'})` next and why; undefined when nothing waits. */
  nextTimeout(): { readonly at: number; readonly why: string } | undefined
  /** Sessions not ended yet. */
  readonly sessionCount: number
}
