// Sends a request inside a dialog and answers challenges on the way (RFC 3261 §12.2.1, §22.2).
import { type Dialog, dialogRequest, flowOf, heardFrom } from './dialog.ts'
import type { TransportFlow } from './flow.ts'
import type { Header, SipRequest, SipResponse } from './message.ts'
import { allowHeader, encodeBody, noBody, supportedHeader } from './response.ts'
import { routed } from './route.ts'
import type { Usage } from './session-usage.ts'
import type { ClientTransaction } from './transaction-client-side.ts'

export interface InDialogRequest {
  readonly method: 'INVITE' | 'UPDATE' | 'PRACK' | 'BYE'
  readonly headers?: readonly Header[]
  readonly description?: string
  /** The final response; for INVITE every 2xx. `request` is the try that it answers. */
  final(response: SipResponse, request: SipRequest): void
  failed(why: 'timeout' | 'transport'): void
}

/** Returns the transaction of the latest try. */
export function sendInDialog(usage: Usage, dialog: Dialog, wanted: InDialogRequest): () => ClientTransaction {
  const chain = usage.authentication.chain()
  const attempt = (): ClientTransaction => {
    const flow = flowOf(dialog)
    const bare = { method: wanted.method, uri: routed(dialog.remoteTarget, dialog.routeSet).uri, body: bodyOf(wanted) }
    const own = ownHeaders(usage, bare, flow)
    const fields = [...own, ...(wanted.headers ?? []), ...chain.headers(bare)]
    const parts = { headers: fields, ...(wanted.description !== undefined && { description: wanted.description }) }
    const request = dialogRequest(dialog, wanted.method, parts)
    const response = (received: SipResponse, from: TransportFlow): void => {
      heardFrom(dialog, received, from)
      if (received.status < 200) return
      const challenged = received.status === 401 || received.status === 407
      if (challenged && chain.accept(received)) latest = attempt()
      else wanted.final(received, request)
    }
    return usage.host.send({ request, flow, user: { response, failed: (why) => wanted.failed(why) } })
  }
  let latest = attempt()
  return () => latest
}

const bodyOf = (wanted: InDialogRequest): Uint8Array =>
  wanted.description === undefined ? noBody : encodeBody(wanted.description)

/** Headers that requests of ours carry by method (§20, table 2). */
function ownHeaders(
  { host }: Usage,
  { method, uri }: Pick<SipRequest, 'method' | 'uri'>,
  flow: TransportFlow,
): Header[] {
  if (method !== 'INVITE' && method !== 'UPDATE') return [host.product]
  return [host.contact(flow, uri), allowHeader, supportedHeader, host.product]
}

/** Credentials of an INVITE, which its ACK must repeat (§22.1). */
export const credentialsOf = (request: SipRequest): Header[] =>
  request.headers.filter((entry) => /^(proxy-)?authorization$/i.test(entry.name))
