// RTP payload formats as SDP names them (RFC 8866 §6.6, RFC 3551 §6, RFC 4733 §2.5): which numbers of an m= line mean what.
import { type Attribute, attribute, type MediaSection } from './description.ts'
import type { CodecName } from './media-plan.ts'

interface CodecFacts {
  readonly clockRate: number
  /** Assigned by RFC 3551, valid without an rtpmap. */
  readonly staticPayloadType: number
}

/** Every codec that we negotiate, in the order in which we offer. */
export const codecFacts: Readonly<Record<CodecName, CodecFacts>> = {
  PCMU: { clockRate: 8000, staticPayloadType: 0 },
  PCMA: { clockRate: 8000, staticPayloadType: 8 },
}

export const allCodecs = Object.keys(codecFacts) as readonly CodecName[]

/** What we use for RFC 4733 events when we offer. */
export const offeredEventPayloadType = 101

const isCodecName = (name: string): name is CodecName => Object.hasOwn(codecFacts, name)

export type PayloadFormat =
  | { readonly kind: 'codec'; readonly payloadType: number; readonly codec: CodecName }
  | { readonly kind: 'event'; readonly payloadType: number; readonly clockRate: number; readonly events: string }

/** The formats of a section that we know, in its order. */
export function knownFormats(section: MediaSection): PayloadFormat[] {
  const maps = numbered(section.attributes, 'rtpmap')
  const parameters = numbered(section.attributes, 'fmtp')
  return section.formats.flatMap((text) => {
    const payloadType = /^\d{1,3}$/.test(text) ? Number(text) : 128
    const format =
      payloadType > 127 ? undefined : readFormat(payloadType, maps.get(payloadType), parameters.get(payloadType))
    return format ? [format] : []
  })
}

/** `a=rtpmap:<number> <rest>` and the like, by number; the first of a number counts. */
function numbered(attributes: readonly Attribute[], name: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const entry of attributes) {
    const match = entry.name.toLowerCase() === name ? /^(\d{1,3})[ \t]+(.*)$/.exec(entry.value ?? '') : null
    if (match && !found.has(Number(match[1]))) found.set(Number(match[1]), match[2] ?? '')
  }
  return found
}

function readFormat(payloadType: number, map: string | undefined, parameters = '0-15'): PayloadFormat | undefined {
  if (map === undefined) {
    const codec = allCodecs.find((name) => codecFacts[name].staticPayloadType === payloadType)
    return codec && { kind: 'codec', payloadType, codec }
  }
  const [encoding = '', rate = '', channels = '1'] = map.trim().split('/')
  const name = encoding.toUpperCase()
  if (name === 'TELEPHONE-EVENT')
    return { kind: 'event', payloadType, clockRate: Number(rate), events: parameters.trim() }
  if (!isCodecName(name) || Number(rate) !== codecFacts[name].clockRate || Number(channels) !== 1) return undefined
  return { kind: 'codec', payloadType, codec: name }
}

/** rtpmap and fmtp lines of a format. */
export function formatAttributes(format: PayloadFormat): Attribute[] {
  const { payloadType } = format
  if (format.kind === 'codec')
    return [{ name: 'rtpmap', value: `${payloadType} ${format.codec}/${codecFacts[format.codec].clockRate}` }]
  return [
    { name: 'rtpmap', value: `${payloadType} telephone-event/${format.clockRate}` },
    { name: 'fmtp', value: `${payloadType} ${format.events}` },
  ]
}

/** Milliseconds of audio per packet that a section asks for: a multiple of 10 from 10 to 60, within its maxptime; 20 when it does not say. */
export function packetTime(section: MediaSection): number {
  const wanted = milliseconds(section, 'ptime') ?? 20
  const most = milliseconds(section, 'maxptime') ?? 60
  return Math.min(60, Math.max(10, Math.floor(Math.min(wanted, most) / 10) * 10))
}

function milliseconds(section: MediaSection, name: string): number | undefined {
  const text = attribute(section.attributes, name)
  const value = text !== undefined && /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  return value > 0 ? value : undefined
}
