// SIP messages (RFC 3261 §7) and audio descriptions (RFC 8866) as far as the built-in phone needs them, written anew
// so that the phone shares no parser with the server that it tests.

export interface Message {
  /** Request-Line or Status-Line, split at spaces. */
  readonly start: readonly string[]
  /** Lower-case long names; values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
}

const compact: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  s: 'subject',
  k: 'supported',
  x: 'session-expires',
}
const lists = new Set(['via', 'record-route', 'route', 'contact'])

export function parseMessage(text: string): Message | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [startLine = '', ...lines] = text
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    const written = line.slice(0, colon).trim().toLowerCase()
    const name = compact[written] ?? written
    const value = line.slice(colon + 1).trim()
    headers.set(name, [...(headers.get(name) ?? []), ...(lists.has(name) ? splitList(value) : [value])])
  }
  const [one = '', two = '', ...rest] = startLine.split(' ')
  return { start: [one, two, rest.join(' ')], headers, body: text.slice(end + 4) }
}

/** Commas between values, not those inside quotes or angle brackets. */
const splitList = (value: string): string[] =>
  value.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)(?![^<]*>)/).map((part) => part.trim())

export const first = (message: Message, name: string): string => message.headers.get(name)?.[0] ?? ''

export const all = (message: Message, name: string): readonly string[] => message.headers.get(name) ?? []

export type Fields = readonly (readonly [name: string, value: string])[]

export function writeMessage(startLine: string, fields: Fields, body = ''): string {
  const type: Fields = body === '' ? [] : [['Content-Type', 'application/sdp']]
  const lines = [...fields, ...type, ['Content-Length', String(Buffer.byteLength(body))] as const]
  return `${startLine}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** The URI inside `"name" <uri>;params`, or a bare one without its header parameters. */
export const uriOf = (value: string): string => /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0] ?? ''

export const tagOf = (value: string): string => /;\s*tag=([^;\s]+)/i.exec(value)?.[1] ?? ''

/** Host and port a `sip:` URI points at; port 5060 unless given. */
export function targetOf(uri: string): { readonly address: string; readonly port: number } {
  const [, host = '', port = '5060'] = /^sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;?]+)(?::(\d+))?/i.exec(uri) ?? []
  return { address: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

export type StreamDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

export interface AudioDescription {
  readonly address: string
  readonly port: number
  readonly payloadTypes: readonly number[]
  readonly direction: StreamDirection
}

export function writeDescription(own: AudioDescription, version: number): string {
  const family = own.address.includes(':') ? 'IP6' : 'IP4'
  const names: Readonly<Record<number, string>> = { 0: 'PCMU/8000', 8: 'PCMA/8000', 101: 'telephone-event/8000' }
  return [
    'v=0',
    `o=phone ${own.port} ${version} IN ${family} ${own.address}`,
    's=-',
    `c=IN ${family} ${own.address}`,
    't=0 0',
    `m=audio ${own.port} RTP/AVP ${own.payloadTypes.join(' ')}`,
    ...own.payloadTypes.map((type) => `a=rtpmap:${type} ${names[type] ?? 'unknown/8000'}`),
    ...(own.payloadTypes.includes(101) ? ['a=fmtp:101 0-15'] : []),
    'a=ptime:20',
    `a=${own.direction}`,
    '',
  ].join('\r\n')
}

export function parseDescription(sdp: string): AudioDescription | undefined {
  const media = /^m=audio (\d+) \S+ ([\d ]+)/m.exec(sdp)
  const connections = [...sdp.matchAll(/^c=IN IP[46] ([^\s/]+)/gm)]
  const address = connections.at(-1)?.[1]
  if (!media || address === undefined) return undefined
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(sdp.slice(media.index))?.[1] ?? 'sendrecv'
  return {
    address,
    port: Number(media[1]),
    payloadTypes: (media[2] ?? '').trim().split(/\s+/).map(Number),
    direction: direction as StreamDirection,
  }
}
