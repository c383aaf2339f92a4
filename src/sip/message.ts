// SIP messages as values (RFC 3261 §7). Header values stay text until someone asks for a parsed one.

/** Canonical header name, e.g. `Call-ID`, as it is written on the wire. Compact forms are expanded by the parser. */
export interface Header {
  readonly name: string
  readonly value: string
}

/** Ordered header fields. Names compare case-insensitively; list headers (Via, Route, Contact…) hold one value per entry. */
export interface SipRequest {
  readonly kind: 'request'
  readonly method: string
  /** Request-URI as received. */
  readonly uri: string
  readonly headers: readonly Header[]
  readonly body: Uint8Array
}

export interface SipResponse {
  readonly kind: 'response'
  readonly status: number
  readonly reason: string
  readonly headers: readonly Header[]
  readonly body: Uint8Array
}

export type SipMessage = SipRequest | SipResponse

/** First value of a header, or undefined. `name` in any case. */
export function header(message: SipMessage, name: string): string | undefined {
  const wanted = name.toLowerCase()
  return message.headers.find((entry) => entry.name.toLowerCase() === wanted)?.value
}

/** All values of a header, in order. */
export function headers(message: SipMessage, name: string): string[] {
  const wanted = name.toLowerCase()
  return message.headers.filter((entry) => entry.name.toLowerCase() === wanted).map((entry) => entry.value)
}
