// Sends a request inside a dialog and answers challenges on the way (RFC 3261 §12.2.1, §22.2).
import { type Content, type Dialog, dialogRequest, heardFrom } from './dialog.ts'
import type { TransportFlow } from './flow.ts'
import type { Header, SipRequest, SipResponse } from './message.ts'
import { allowHeader, encodeBody, sdpHeader, supportedHeader } from './response.ts'
import { routed } from './route.ts'
import type { Usage } from './session-usage.ts'
import type { ClientTransaction } from './transaction-client-side.ts'

export interface InDialogRequest {
  readonly method: 'INVITE' | 'UPDATE' | 'PRACK' | 'BYE' | 'NOTIFY'
  readonly headers?: readonly Header[]
  readonly description?: string
  /** A body other than a session description. */
  readonly content?: Content
  /** The final response; for INVITE every 2xx. `request` is the try that it answers. */
  final(response: SipResponse, request: SipRequest): void
  failed(why: 'timeout' | 'transport'): void
}

/** Returns the transaction of the latest try. */
export function sendInDialog(usage: Usage, dialog: Dialog, wanted: InDialogRequest): () => ClientTransaction {
  const chain = usage.authentication.chain()
  const attempt = (): ClientTransaction => {
    const flow = usage.host.flowOf(dialog)
    const bare = { method: wanted.method, uri: routed(dialog.remoteTarget, dialog.routeSet).uri, body: bodyOf(wanted) }
    const own = ownHeaders(usage, bare, flow)
    const fields = [...own, ...(wanted.headers ?? []), ...chain.headers(bare)]
    const request = dialogRequest(dialog, wanted.method, { headers: fields, ...contentOf(wanted) })
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

function contentOf({ description, content }: InDialogRequest): { readonly content?: Content } {
  if (description !== undefined) return { content: { type: sdpHeader.value, text: description } }
  return content === undefined ? {} : { content }
}

const bodyOf = (wanted: InDialogRequest): Uint8Array => encodeBody(contentOf(wanted).content?.text ?? '')

/** Headers that requests of ours carry by method (§20, table 2). */
function ownHeaders(
  { host }: Usage,
  { method, uri }: Pick<SipRequest, 'method' | 'uri'>,
  flow: TransportFlow,
): Header[] {
  if (method === 'NOTIFY') return [host.contact(flow, uri), host.product]
  if (method !== 'INVITE' && method !== 'UPDATE') return [host.product]
  return [host.contact(flow, uri), allowHeader, supportedHeader, host.product]
}

/** Credentials of an INVITE, which its ACK must repeat (§22.1). */
export const credentialsOf = (request: SipRequest): Header[] =>
  request.headers.filter((entry) => /^(proxy-)?authorization$/i.test(entry.name))
