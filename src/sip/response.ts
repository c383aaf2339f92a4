// Building responses to a request (RFC 3261 §8.2.6), and the few facts that responses of ours always carry.
import { type Header, header, headers, type SipRequest, type SipResponse } from './message.ts'
import { toTag } from './transaction-key.ts'

/** What we serve in a dialog. */
export const allowedMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'PRACK', 'UPDATE', 'INFO', 'REFER'] as const
/** What we serve outside dialogs. */
export const allowedOutside: readonly string[] = [...allowedMethods, 'REGISTER']
/** Methods that we know of but do not serve: 405; any other is 501. */
export const knownMethods: readonly string[] = [...allowedOutside, ...['SUBSCRIBE', 'NOTIFY', 'MESSAGE', 'PUBLISH']]
export const supportedOptions = ['100rel', 'timer', 'replaces', 'norefersub'] as const
/** What a registrar understands besides (RFC 3327, RFC 5626). */
export const registrarOptions = ['path', 'outbound'] as const

export const allowHeader: Header = { name: 'Allow', value: allowedMethods.join(', ') }
export const allowOutsideHeader: Header = { name: 'Allow', value: allowedOutside.join(', ') }
export const acceptHeader: Header = { name: 'Accept', value: 'application/sdp' }
export const supportedHeader: Header = { name: 'Supported', value: supportedOptions.join(', ') }
export const sdpHeader: Header = { name: 'Content-Type', value: 'application/sdp' }

export const noBody = new Uint8Array(0)
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const encodeBody = (text: string): Uint8Array => encoder.encode(text)
export const decodeBody = (body: Uint8Array): string => decoder.decode(body)

const reasonPhrases: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  305: 'Use Proxy',
  380: 'Alternative Service',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  421: 'Extension Required',
  422: 'Session Interval Too Small',
  423: 'Interval Too Brief',
  439: 'First Hop Lacks Outbound Support',
  469: 'Bad Info Package',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  485: 'Ambiguous',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  489: 'Bad Event',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
}
const classPhrases = ['Trying', 'Progress', 'OK', 'Redirected', 'Request Failed', 'Server Failure', 'Declined']

export const reasonPhrase = (status: number): string =>
  reasonPhrases[status] ?? classPhrases[Math.floor(status / 100)] ?? 'Unknown'

export interface ResponseParts {
  /** Put into To unless the request already has one there. */
  readonly tag?: string
  readonly headers?: readonly Header[]
  /** Session description. */
  readonly description?: string
}

const copied = ['From', 'Call-ID', 'CSeq'] as const

/** A response with what §8.2.6.2 copies from the request; Record-Route too where it sets up a dialog (§12.1.1). */
export function responseTo(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const to = header(request, 'To') ?? ''
  const tagged = parts.tag === undefined || toTag(request) !== undefined ? to : `${to};tag=${parts.tag}`
  const fields: Header[] = headers(request, 'Via').map((value) => ({ name: 'Via', value }))
  if (request.method === 'INVITE' && status > 100 && status < 300) {
    for (const value of headers(request, 'Record-Route')) fields.push({ name: 'Record-Route', value })
  }
  // A malformed request may lack any of them.
  for (const name of copied) {
    const value = header(request, name)
    if (value !== undefined) fields.push({ name, value })
  }
  if (to !== '') fields.push({ name: 'To', value: tagged })
  const timestamp = status === 100 ? header(request, 'Timestamp') : undefined
  if (timestamp !== undefined) fields.push({ name: 'Timestamp', value: timestamp })
  fields.push(...(parts.headers ?? []))
  if (parts.description !== undefined) fields.push(sdpHeader)
  const body = parts.description === undefined ? noBody : encodeBody(parts.description)
  return { kind: 'response', status, reason: reasonPhrase(status), headers: fields, body }
}
