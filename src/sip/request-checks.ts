// Checks of requests inside and outside dialogs (RFC 3261 §8.2.1-8.2.3): method, extensions, bodies. The first fault is answered.
import { type Header, header, headers, type SipRequest } from './message.ts'
import {
  acceptHeader,
  allowedMethods,
  allowedOutside,
  allowHeader,
  allowOutsideHeader,
  knownMethods,
  registrarOptions,
  supportedOptions,
} from './response.ts'
import { bodyType } from './session-description.ts'
import { optionTags } from './session-timer.ts'

export interface RequestFault {
  readonly status: number
  readonly headers: readonly Header[]
}

/** Methods whose body, if any, must be a session description. */
const describing: readonly string[] = ['INVITE', 'UPDATE', 'PRACK', 'ACK']
const inDialog = { methods: allowedMethods as readonly string[], allow: allowHeader }
const outside = { methods: allowedOutside, allow: allowOutsideHeader }

export const dialogFault = (request: SipRequest): RequestFault | undefined =>
  methodFault(request, inDialog) ?? requireFault(request) ?? bodyFault(request)

function methodFault(request: SipRequest, { methods, allow }: typeof inDialog): RequestFault | undefined {
  const { method } = request
  if (methods.includes(method)) return undefined
  // RFC 6665 §4.1.3: we subscribe to nothing, so there is no subscription that a NOTIFY could be of.
  if (method === 'NOTIFY') return { status: 481, headers: [] }
  return { status: knownMethods.includes(method) ? 405 : 501, headers: [allow] }
}

/** The method of a request outside dialogs. */
export const outsideFault = (request: SipRequest): RequestFault | undefined => methodFault(request, outside)

export function requireFault(request: SipRequest): RequestFault | undefined {
  const known: readonly string[] =
    request.method === 'REGISTER' ? [...supportedOptions, ...registrarOptions] : supportedOptions
  const unknown = optionTags(request, 'Require').filter((tag) => !known.includes(tag))
  return unknown.length === 0
    ? undefined
    : { status: 420, headers: [{ name: 'Unsupported', value: unknown.join(', ') }] }
}

export function bodyFault(request: SipRequest): RequestFault | undefined {
  const type = bodyType(request)
  if (type === undefined || !describing.includes(request.method) || isOptional(request)) return undefined
  const coding = (header(request, 'Content-Encoding') ?? 'identity').trim().toLowerCase()
  if (coding !== 'identity') return { status: 415, headers: [{ name: 'Accept-Encoding', value: 'identity' }] }
  return type === 'application/sdp' ? undefined : { status: 415, headers: [acceptHeader] }
}

/** §20.11: a body that may be passed over when it is not understood. */
const isOptional = (request: SipRequest): boolean =>
  /;\s*handling\s*=\s*optional/i.test(header(request, 'Content-Disposition') ?? '')

/** §8.2.3, §20.1: 406 when the answer to an INVITE could not be a session description. */
export function acceptFault(request: SipRequest): RequestFault | undefined {
  const accepted = headers(request, 'Accept').flatMap((value) => value.split(','))
  if (request.method !== 'INVITE' || accepted.length === 0) return undefined
  const types = accepted.map((value) => (value.split(';')[0] ?? '').trim().toLowerCase())
  const fits = types.some((type) => type === '*/*' || type === 'application/*' || type === 'application/sdp')
  return fits ? undefined : { status: 406, headers: [acceptHeader] }
}
