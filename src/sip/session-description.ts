// What a session must know of the bodies it carries: whether there is a session description, and how to decline one (RFC 3264 §6).
import { header, type SipMessage } from './message.ts'
import { decodeBody } from './response.ts'

/** The media type of a body in lower case, without parameters; undefined when there is no body. */
export function bodyType(message: SipMessage): string | undefined {
  if (message.body.length === 0) return undefined
  return (header(message, 'Content-Type') ?? '').split(';')[0]?.trim().toLowerCase()
}

/** The session description that a message carries; undefined when it carries none. */
export const descriptionOf = (message: SipMessage): string | undefined =>
  bodyType(message) === 'application/sdp' ? decodeBody(message.body) : undefined

/** An answer that rejects every stream of an offer (port 0): what an ACK must carry when the session is given up at once (RFC 3261 §13.2.2.4). */
export function decliningAnswer(offer: string, address: string): string {
  const family = address.includes(':') ? 'IP6' : 'IP4'
  const streams = offer
    .split(/\r?\n/)
    .filter((line) => line.startsWith('m='))
    .map((line) => line.replace(/^m=(\S+) \S+/, 'm=$1 0'))
  const head = ['v=0', `o=- 0 0 IN ${family} ${address}`, 's=-', `c=IN ${family} ${address}`, 't=0 0']
  return [...head, ...streams, ''].join('\r\n')
}
