// What a REFER asks for (RFC 3515 §2.4.1, RFC 4488): whom to call, in whose place, on whose behalf, and whether to tell how it went.
import { header, headers, type SipRequest } from './message.ts'
import { parseNameAddr } from './name-addr.ts'
import { type Dialogs, matchReplaces, parseReplaces } from './replaces.ts'
import type { RequestFault } from './request-checks.ts'
import { requestUri } from './route.ts'
import { parseUri, type SipUri } from './uri.ts'

export interface ReferRequest {
  /** A URI that may stand as a Request-URI: without headers and `method`. */
  readonly referTo: string
  readonly replacesSessionId?: string
  /** Value of a Replaces that names no session of ours: for the INVITE to `referTo`. */
  readonly replaces?: string
  readonly referredBy?: string
  /** False when the far end wants no NOTIFY. */
  readonly subscribes: boolean
}

export type ReadRefer = { readonly ok: true; readonly refer: ReferRequest } | ({ readonly ok: false } & RequestFault)

const fault = (status: number): ReadRefer => ({ ok: false, status, headers: [] })

export function readRefer(request: SipRequest, dialogs: Dialogs): ReadRefer {
  const [value, second] = headers(request, 'Refer-To')
  const uri = value === undefined || second !== undefined ? undefined : parseUri(parseNameAddr(value)?.uri ?? '')
  if (uri === undefined) return fault(400)
  if (uri.opaque !== undefined) return fault(416)
  // Requests other than INVITE in somebody's name are nothing that a conference server does.
  const method = uri.params.get('method')
  if (method !== undefined && method.toUpperCase() !== 'INVITE') return fault(403)
  const replaced = replacesOf(uri, dialogs)
  if (replaced === undefined) return fault(400)
  const by = parseNameAddr(header(request, 'Referred-By') ?? '')?.uri
  return {
    ok: true,
    refer: {
      referTo: requestUri(uri),
      ...replaced,
      ...(by !== undefined && { referredBy: by }),
      subscribes: (header(request, 'Refer-Sub') ?? '').split(';')[0]?.trim().toLowerCase() !== 'false',
    },
  }
}

/** The Replaces among the headers of the URI; undefined when it is malformed. Other headers there are passed over (§19.1.5). */
function replacesOf(uri: SipUri, dialogs: Dialogs): Pick<ReferRequest, 'replacesSessionId' | 'replaces'> | undefined {
  const escaped = [...uri.headers].find(([name]) => name.toLowerCase() === 'replaces')?.[1]
  if (escaped === undefined) return {}
  const value = unescaped(escaped)
  const replaces = value === undefined ? undefined : parseReplaces(value)
  if (value === undefined || replaces === undefined) return undefined
  const match = matchReplaces(replaces, dialogs)
  return match.kind === 'session' ? { replacesSessionId: match.sessionId } : { replaces: value }
}

function unescaped(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text)
    return /[\u0000-\u001f\u007f]/.test(value) ? undefined : value
  } catch {
    return undefined
  }
}
