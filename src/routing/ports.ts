// What the routing layer asks of the parts around it: who calls, what is dialled to ask whether a provider lives, and sealing.
import type { DialTarget } from '../call/ports.ts'
import type { ExtensionRow, TrunkRow } from '../schema/rows.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Header, SipRequest } from '../sip/message.ts'

/** A request from the wire, and the flow that it came by. */
export interface IncomingRequest {
  readonly request: SipRequest
  readonly flow: TransportFlow
}

/** Who sent a request. `challenge` and `refuse` are final: the request is answered with the status. */
export type CallerIdentity =
  | { readonly kind: 'extension'; readonly customerId: string; readonly extension: ExtensionRow }
  | { readonly kind: 'trunk'; readonly trunk: TrunkRow }
  | { readonly kind: 'challenge'; readonly status: number; readonly headers: readonly Header[] }
  | {
      readonly kind: 'refuse'
      readonly status: number
      readonly reason: string
      /** Retry-After, when there is a time. */
      readonly headers?: readonly Header[]
    }
  /** The request shows nobody, and its domain asks for nobody. */
  | { readonly kind: 'anonymous' }

/** Finds out who calls, by digest or source address as the domain of the request wants it. */
export type Authenticate = (incoming: IncomingRequest) => Promise<CallerIdentity>

/** Asks a SIP host whether it is there; false when nobody answers. Never rejects. */
export type Probe = (target: Pick<DialTarget, 'requestUri' | 'destination'>) => Promise<boolean>

/** Encrypts and decrypts texts that are kept at rest; `open` throws for a text that it did not seal. */
export interface Seal {
  seal(text: string): string
  open(text: string): string
}
