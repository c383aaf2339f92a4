// Session descriptions as values (RFC 8866). Identifiers stay strings, because they may be longer than a number holds, and every m= line is
// kept whole, because an answer must repeat even those that it rejects (RFC 3264 §6).
import ipaddr from 'ipaddr.js'

/** `a=name:value`, or `a=name` without a value. */
export interface Attribute {
  readonly name: string
  readonly value?: string
}

export interface Connection {
  readonly family: 'IP4' | 'IP6'
  /** As written, without TTL and count; may be a host name. */
  readonly address: string
}

export interface Origin extends Connection {
  readonly username: string
  readonly sessionId: string
  readonly sessionVersion: string
}

export interface MediaSection {
  readonly media: string
  readonly port: number
  /** `m=audio 49170/2 …`; absent for the usual single port. */
  readonly portCount?: number
  readonly protocol: string
  readonly formats: readonly string[]
  readonly connection?: Connection
  readonly attributes: readonly Attribute[]
}

export interface Description {
  readonly origin: Origin
  readonly name: string
  readonly connection?: Connection
  /** Value of the t= line. */
  readonly timing: string
  readonly attributes: readonly Attribute[]
  readonly media: readonly MediaSection[]
}

export type DescriptionResult =
  | { readonly ok: true; readonly description: Description }
  /** `reason` is a short word for a counter. */
  | { readonly ok: false; readonly reason: string }

export const longestDescription = 32_768
export const mostMediaSections = 64
const mostLines = 1024

type Writable<T> = { -readonly [K in keyof T]: T[K] }
/** Sections and the whole while lines are being added. */
type Section = Writable<Omit<MediaSection, 'attributes'>> & { attributes: Attribute[] }
type Whole = Writable<Partial<Omit<Description, 'attributes' | 'media'>>> & {
  attributes: Attribute[]
  media: Section[]
}

/**
 * Parses a description and never throws. Bare LF ends a line too; s= and t= may be missing; lines of other types are passed over.
 */
export function parseDescription(text: string): DescriptionResult {
  if (text.length > longestDescription) return { ok: false, reason: 'too-long' }
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  while (lines.at(-1) === '') lines.pop()
  if (lines.length > mostLines) return { ok: false, reason: 'too-many-lines' }
  if (lines[0] !== 'v=0') return { ok: false, reason: 'bad-version' }
  const whole: Whole = { attributes: [], media: [] }
  for (const line of lines.slice(1)) {
    if (!/^[a-z]=/.test(line) || line.includes('\r')) return { ok: false, reason: 'bad-line' }
    const fault = readLine(line.charAt(0), line.slice(2), whole)
    if (fault !== undefined) return { ok: false, reason: fault }
  }
  const { origin, name = '', timing = '0 0', connection, attributes, media } = whole
  if (origin === undefined) return { ok: false, reason: 'missing-origin' }
  return { ok: true, description: { origin, name, timing, attributes, media, ...(connection && { connection }) } }
}

/** Adds one line to the draft; returns why it cannot. */
function readLine(type: string, value: string, whole: Whole): string | undefined {
  const target: Section | Whole = whole.media.at(-1) ?? whole
  switch (type) {
    case 'a':
      target.attributes.push(parseAttribute(value))
      return undefined
    case 'c': {
      const connection = parseConnection(value)
      if (connection) target.connection ??= connection
      return connection ? undefined : 'bad-connection'
    }
    case 'm': {
      const opened = parseMedia(value)
      if (opened) whole.media.push(opened)
      if (whole.media.length > mostMediaSections) return 'too-many-media'
      return opened ? undefined : 'bad-media'
    }
    case 'o': {
      const origin = parseOrigin(value)
      if (origin) whole.origin ??= origin
      return origin ? undefined : 'bad-origin'
    }
    case 's':
      whole.name ??= value
      return undefined
    case 't':
      if (!/^\d{1,20} \d{1,20}$/.test(value)) return 'bad-timing'
      whole.timing ??= value
      return undefined
    default:
      return undefined
  }
}

function parseAttribute(value: string): Attribute {
  const colon = value.indexOf(':')
  return colon < 0
    ? { name: value.trim() }
    : { name: value.slice(0, colon).trim(), value: value.slice(colon + 1).trim() }
}

function parseConnection(value: string): Connection | undefined {
  const match = /^IN (IP4|IP6) (\S{1,255})$/.exec(value.trim())
  const address = match?.[2]?.split('/')[0]
  return address ? { family: match?.[1] === 'IP6' ? 'IP6' : 'IP4', address } : undefined
}

function parseOrigin(value: string): Origin | undefined {
  const match = /^(\S+) (\d{1,64}) (\d{1,64}) (IN \S+ \S+)$/.exec(value.trim())
  const connection = parseConnection(match?.[4] ?? '')
  if (!match || !connection) return undefined
  return { username: match[1] ?? '-', sessionId: match[2] ?? '0', sessionVersion: match[3] ?? '0', ...connection }
}

function parseMedia(value: string): Section | undefined {
  const [media, portText, protocol, ...formats] = value.trim().split(/ +/)
  const port = /^(\d{1,5})(?:\/(\d{1,4}))?$/.exec(portText ?? '')
  const number = Number(port?.[1])
  if (!media || !port || number > 65_535 || !protocol || formats.length === 0 || formats.length > 256) return undefined
  const count = port[2] === undefined ? {} : { portCount: Number(port[2]) }
  return { media, port: number, ...count, protocol, formats, attributes: [] }
}

/** Writes the lines in the order of RFC 8866 §5, each ended by CRLF. */
export function formatDescription(description: Description): string {
  const { origin } = description
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} ${connectionText(origin)}`,
    `s=${description.name === '' ? '-' : description.name}`,
    ...(description.connection ? [`c=${connectionText(description.connection)}`] : []),
    `t=${description.timing}`,
    ...description.attributes.map(attributeLine),
    ...description.media.flatMap(mediaLines),
  ]
  return `${lines.map((line) => line.replace(/[\r\n]/g, ' ')).join('\r\n')}\r\n`
}

function mediaLines(section: MediaSection): string[] {
  const port = section.portCount === undefined ? `${section.port}` : `${section.port}/${section.portCount}`
  return [
    `m=${section.media} ${port} ${section.protocol} ${section.formats.join(' ')}`,
    ...(section.connection ? [`c=${connectionText(section.connection)}`] : []),
    ...section.attributes.map(attributeLine),
  ]
}

const connectionText = ({ family, address }: Connection): string => `IN ${family} ${address}`
const attributeLine = ({ name, value }: Attribute): string => (value === undefined ? `a=${name}` : `a=${name}:${value}`)

/** The connection line of a numeric address. */
export const connectionOf = (address: string): Connection => ({
  family: address.includes(':') ? 'IP6' : 'IP4',
  address,
})

/** Whether the address is numeric, of its stated family, and no multicast group. */
export function isUnicast({ family, address }: Connection): boolean {
  const numeric =
    family === 'IP6' ? address.includes(':') && !address.includes('%') : /^\d{1,3}(\.\d{1,3}){3}$/.test(address)
  return numeric && ipaddr.isValid(address) && ipaddr.parse(address).range() !== 'multicast'
}

/** `0.0.0.0` or `::`: the far end must not be sent to (RFC 3264 §8.4, the older way to hold). */
export const isUnspecified = ({ address }: Connection): boolean =>
  ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unspecified'

/** Value of the first attribute of that name; `''` when it has no value; undefined when it is not there. */
export function attribute(attributes: readonly Attribute[], name: string): string | undefined {
  const found = attributes.find((entry) => entry.name.toLowerCase() === name)
  return found && (found.value ?? '')
}
