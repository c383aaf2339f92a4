// Headers that users of the core add to its messages (X-, P-Asserted-Identity, Reason, Privacy…): which may pass. What the core writes
// itself, or would break the message, is left out with a note, so that neither a flow nor a caller can speak for the protocol.
import { isToken } from './grammar.ts'
import { canonicalName } from './header-names.ts'
import type { Header } from './message.ts'

/** In any message: what transactions, dialogs and bodies rest on. */
const ofTheCore: readonly string[] = [
  'Via',
  'From',
  'To',
  'Call-ID',
  'CSeq',
  'Max-Forwards',
  'Record-Route',
  'Content-Length',
  'Content-Type',
  'Content-Encoding',
  'Content-Disposition',
  'RSeq',
  'RAck',
  'Session-Expires',
  'User-Agent',
]
/** In requests besides. Route may be given: the path of a registered phone (RFC 3327) or of a provider. */
const ofRequests: readonly string[] = [
  ...ofTheCore,
  'Contact',
  'Allow',
  'Supported',
  'Min-SE',
  'Authorization',
  'Proxy-Authorization',
]

/** Why a header may not be added to a request or response of ours; undefined when it may. */
export function headerFault({ name, value }: Header, kind: 'request' | 'response'): string | undefined {
  if (!isToken(name)) return 'the name is no token'
  const reserved = kind === 'request' ? ofRequests : ofTheCore
  const canonical = canonicalName(name).toLowerCase()
  if (reserved.some((entry) => entry.toLowerCase() === canonical)) return 'the name is reserved'
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(value) ? 'the value holds a control character' : undefined
}

/** The headers that may pass; `left` is called for each other, without its value. */
export function passedHeaders(
  headers: readonly Header[],
  kind: 'request' | 'response',
  left: (name: string, why: string) => void,
): Header[] {
  return headers.filter((header) => {
    const why = headerFault(header, kind)
    if (why !== undefined) left(header.name, why)
    return why === undefined
  })
}
