// Dialogs (RFC 3261 §12): plain values, set up from a request (UAS) or a response (UAC), and the requests sent inside them.
import { ownText } from '../base/own-text.ts'
import { parseCSeq } from './cseq.ts'
import type { TransportFlow } from './flow.ts'
import { type Header, header, headers, type SipMessage, type SipRequest, type SipResponse } from './message.ts'
import { encodeBody, noBody } from './response.ts'
import { requestUri, routed, uriOf } from './route.ts'
import { callIdOf, fromTag, toTag } from './transaction-key.ts'

/** All that must be kept of a dialog; a plain value that can be written down. */
export interface Dialog {
  readonly role: 'uac' | 'uas'
  readonly callId: string
  readonly localTag: string
  /** Empty for peers of RFC 2543. */
  readonly remoteTag: string
  /** From and To values of our requests, tags included. */
  readonly local: string
  readonly remote: string
  localSequence: number
  /** CSeq number of the far end's last request; undefined before the first. */
  remoteSequence: number | undefined
  remoteTarget: string
  routeSet: readonly string[]
  confirmed: boolean
  lastFlow: TransportFlow
  lastFlowLost: boolean
  /** Whether the far end's last Allow named UPDATE; false while it has not said. */
  takesUpdate: boolean
}

export const dialogKey = (callId: string, localTag: string, remoteTag: string): string =>
  `${callId} ${localTag} ${remoteTag}`

export const keyOf = (dialog: Dialog): string => dialogKey(dialog.callId, dialog.localTag, dialog.remoteTag)

/** Key of the dialog that a request received belongs to; undefined for one outside dialogs. */
export function keyOfRequest(request: SipRequest): string | undefined {
  const local = toTag(request)
  return local === undefined ? undefined : dialogKey(callIdOf(request), local, fromTag(request) ?? '')
}

/** §12.1.1: the dialog that our answer to this INVITE sets up. */
export function uasDialog(request: SipRequest, localTag: string, flow: TransportFlow): Dialog {
  return {
    role: 'uas',
    callId: ownText(callIdOf(request)),
    localTag,
    remoteTag: ownText(fromTag(request) ?? ''),
    local: ownText(`${header(request, 'To') ?? ''};tag=${localTag}`),
    remote: ownText(header(request, 'From') ?? ''),
    localSequence: 0,
    remoteSequence: parseCSeq(header(request, 'CSeq') ?? '')?.number,
    remoteTarget: targetOf(request) ?? ownText(fromUri(request)),
    routeSet: routeSetOf(request),
    confirmed: false,
    lastFlow: flow,
    lastFlowLost: false,
    takesUpdate: allowsUpdate(request) === true,
  }
}

/** §12.1.2: the dialog that this response to our INVITE sets up. */
export function uacDialog(invite: SipRequest, response: SipResponse, flow: TransportFlow): Dialog {
  return {
    role: 'uac',
    callId: callIdOf(invite),
    localTag: fromTag(invite) ?? '',
    remoteTag: ownText(toTag(response) ?? ''),
    local: header(invite, 'From') ?? '',
    remote: ownText(header(response, 'To') ?? ''),
    localSequence: parseCSeq(header(invite, 'CSeq') ?? '')?.number ?? 1,
    remoteSequence: undefined,
    remoteTarget: targetOf(response) ?? invite.uri,
    routeSet: routeSetOf(response).reverse(),
    confirmed: false,
    lastFlow: flow,
    lastFlowLost: false,
    takesUpdate: allowsUpdate(response) === true,
  }
}

/** Takes over what a message of the far end says anew: flow, Allow, and the target when it is one that refreshes it (§12.2). */
export function heardFrom(dialog: Dialog, message: SipMessage, flow: TransportFlow): void {
  dialog.lastFlow = flow
  dialog.lastFlowLost = false
  dialog.takesUpdate = allowsUpdate(message) ?? dialog.takesUpdate
  const method = message.kind === 'request' ? message.method : parseCSeq(header(message, 'CSeq') ?? '')?.method
  const refreshes = method === 'INVITE' || method === 'UPDATE'
  const refused = message.kind === 'response' && message.status >= 300
  if (refreshes && !refused) dialog.remoteTarget = targetOf(message) ?? dialog.remoteTarget
}

/** §13.2.2.4: the route set is computed anew from the 2xx. */
export function confirm(dialog: Dialog, response: SipResponse): void {
  dialog.confirmed = true
  dialog.routeSet = routeSetOf(response).reverse()
}

/** §12.2.2: false for a CSeq lower than the last, which is answered with 500. */
export function takeSequence(dialog: Dialog, request: SipRequest): boolean {
  const number = parseCSeq(header(request, 'CSeq') ?? '')?.number ?? 0
  if (dialog.remoteSequence !== undefined && number < dialog.remoteSequence) return false
  dialog.remoteSequence = number
  return true
}

export interface Content {
  /** Media type, parameters included. */
  readonly type: string
  readonly text: string
}

export interface DialogRequestParts {
  readonly headers?: readonly Header[]
  readonly content?: Content
  /** CSeq number of the INVITE, for its ACK; a new one otherwise. */
  readonly sequence?: number
}

/** A request inside the dialog, without Via (§12.2.1.1). Counts the local sequence number up unless one is given. */
export function dialogRequest(dialog: Dialog, method: string, parts: DialogRequestParts = {}): SipRequest {
  if (parts.sequence === undefined) dialog.localSequence += 1
  const { uri, routes } = routed(dialog.remoteTarget, dialog.routeSet)
  const fields: Header[] = [
    ...routes,
    { name: 'Max-Forwards', value: '70' },
    { name: 'From', value: dialog.local },
    { name: 'To', value: dialog.remote },
    { name: 'Call-ID', value: dialog.callId },
    { name: 'CSeq', value: `${parts.sequence ?? dialog.localSequence} ${method}` },
    ...(parts.headers ?? []),
  ]
  const { content } = parts
  if (content !== undefined) fields.push({ name: 'Content-Type', value: content.type })
  return { kind: 'request', method, uri, headers: fields, body: content ? encodeBody(content.text) : noBody }
}

function targetOf(message: SipMessage): string | undefined {
  const uri = uriOf(header(message, 'Contact'))
  return uri && ownText(requestUri(uri))
}

function fromUri(request: SipRequest): string {
  const uri = uriOf(header(request, 'From'))
  return uri ? requestUri(uri) : request.uri
}

const routeSetOf = (message: SipMessage): string[] => headers(message, 'Record-Route').map(ownText)

/** Whether Allow names UPDATE; undefined when it names nothing. */
function allowsUpdate(message: SipMessage): boolean | undefined {
  const methods = headers(message, 'Allow').flatMap((value) =>
    value
      .split(',')
      .map((method) => method.trim().toUpperCase())
      .filter((method) => method !== ''),
  )
  return methods.length === 0 ? undefined : methods.includes('UPDATE')
}
