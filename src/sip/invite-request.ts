// The INVITE that starts a session of ours, each of its tries, and its CANCEL (RFC 3261 §8.1.1, §9.1, §13.2.1).
import { type Header, header, headers, type SipRequest } from './message.ts'
import { formatNameAddr } from './name-addr.ts'
import { acceptHeader, allowHeader, encodeBody, noBody, sdpHeader, supportedHeader } from './response.ts'
import { requestTimerHeaders } from './session-timer.ts'
import type { SessionHost } from './session-usage.ts'
import type { Command } from './user-agent-io.ts'

export type InviteCommand = Extract<Command, { kind: 'invite' }>

export interface InviteParts {
  readonly host: SessionHost
  readonly command: InviteCommand
  readonly callId: string
  readonly localTag: string
  /** CSeq number: one more for each try. */
  readonly sequence: number
  /** What a 422 asked for, seconds. */
  readonly minSe: number | undefined
  readonly credentials: readonly Header[]
}

export const inviteBody = (command: InviteCommand): Uint8Array =>
  command.offer === undefined ? noBody : encodeBody(command.offer)

export function inviteRequest(parts: InviteParts): SipRequest {
  const { host, command } = parts
  const fields: Header[] = [
    { name: 'Max-Forwards', value: '70' },
    { name: 'From', value: formatNameAddr({ ...command.from, params: new Map([['tag', parts.localTag]]) }) },
    { name: 'To', value: formatNameAddr(command.to) },
    { name: 'Call-ID', value: parts.callId },
    { name: 'CSeq', value: `${parts.sequence} INVITE` },
    host.contact(command.destination, command.requestUri),
    allowHeader,
    supportedHeader,
    acceptHeader,
    host.product,
    ...requestTimerHeaders(host.limits, undefined, parts.minSe),
    ...(command.headers ?? []),
    ...parts.credentials,
    ...(command.offer === undefined ? [] : [sdpHeader]),
  ]
  return { kind: 'request', method: 'INVITE', uri: command.requestUri, headers: fields, body: inviteBody(command) }
}

/** The CANCEL for an INVITE, without its Via, which is the same. */
export function cancelFor(invite: SipRequest, extra: readonly Header[]): SipRequest {
  const number = (header(invite, 'CSeq') ?? '').split(/\s/)[0]
  const same = (name: string): Header[] => headers(invite, name).map((value) => ({ name, value }))
  return {
    kind: 'request',
    method: 'CANCEL',
    uri: invite.uri,
    headers: [
      ...same('Route'),
      { name: 'Max-Forwards', value: '70' },
      ...same('From'),
      ...same('To'),
      ...same('Call-ID'),
      { name: 'CSeq', value: `${number} CANCEL` },
      ...extra,
    ],
    body: noBody,
  }
}
