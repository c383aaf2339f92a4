// RTP payload formats as SDP names them (RFC 8866 §6.6, RFC 3551 §6, RFC 4733 §2.5): which numbers of an m= line mean what.
import { type Attribute, attribute, type MediaSection } from './description.ts'
import type { CodecName, MediaPlan } from './media-plan.ts'

type SampleRate = NonNullable<MediaPlan['sampleRate']>

interface CodecFacts {
  /** As in rtpmap, which is not always the rate of the samples (RFC 3551 §4.5.2, RFC 7587 §4.1). L16 is listed once for each of its rates. */
  readonly clockRates: readonly number[]
  readonly channels: number
  /** Assigned by RFC 3551 and valid without an rtpmap; -1 for none. */
  readonly staticPayloadType: number
  /** What we use when we offer, one for each clock rate. */
  readonly offeredPayloadTypes: readonly number[]
}

/** Every codec that we negotiate. */
const codecFacts: Readonly<Record<CodecName, CodecFacts>> = {
  opus: { clockRates: [48_000], channels: 2, staticPayloadType: -1, offeredPayloadTypes: [111] },
  G722: { clockRates: [8000], channels: 1, staticPayloadType: 9, offeredPayloadTypes: [9] },
  PCMU: { clockRates: [8000], channels: 1, staticPayloadType: 0, offeredPayloadTypes: [0] },
  PCMA: { clockRates: [8000], channels: 1, staticPayloadType: 8, offeredPayloadTypes: [8] },
  L16: { clockRates: [48_000, 16_000, 8000], channels: 1, staticPayloadType: -1, offeredPayloadTypes: [114, 113, 112] },
}

export const allCodecs = Object.keys(codecFacts) as readonly CodecName[]

/** What we offer, best first. Linear samples are for tools, which ask for them. */
export const offeredCodecs: readonly CodecName[] = ['opus', 'G722', 'PCMU', 'PCMA']

/** What we use for RFC 4733 events when we offer, by clock rate. */
const offeredEvents: Readonly<Record<number, number>> = { 8000: 101, 48000: 102 }

export type PayloadFormat =
  | {
      readonly kind: 'codec'
      readonly payloadType: number
      readonly codec: CodecName
      readonly clockRate: number
      /** The value of fmtp. */
      readonly parameters?: string
    }
  | { readonly kind: 'event'; readonly payloadType: number; readonly clockRate: number; readonly events: string }

export type CodecFormat = Extract<PayloadFormat, { kind: 'codec' }>

/** The formats of an offer of ours: the codecs, then events for each of their clock rates that has a number. */
export function offeredFormats(codecs: readonly CodecName[], events: string): PayloadFormat[] {
  const formats = codecs.flatMap((codec): CodecFormat[] => {
    const { clockRates, offeredPayloadTypes } = codecFacts[codec]
    return clockRates.map((clockRate, index) => ({
      kind: 'codec',
      payloadType: offeredPayloadTypes[index] ?? 0,
      codec,
      clockRate,
    }))
  })
  const clockRates = [8000, 48_000].filter((rate) => formats.some(({ clockRate }) => clockRate === rate))
  return [
    ...formats,
    ...clockRates.map((clockRate): PayloadFormat => {
      return { kind: 'event', payloadType: offeredEvents[clockRate] ?? 0, clockRate, events }
    }),
  ]
}

/** What a media plan says of a format. */
export function plannedFormat(format: CodecFormat): Pick<MediaPlan, 'codec' | 'sampleRate'> {
  if (format.codec !== 'L16') return { codec: format.codec }
  const sampleRate: SampleRate = format.clockRate === 48_000 ? 48_000 : format.clockRate === 16_000 ? 16_000 : 8000
  return { codec: format.codec, sampleRate }
}

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

function readFormat(payloadType: number, map: string | undefined, parameters?: string): PayloadFormat | undefined {
  if (map === undefined) {
    const codec = allCodecs.find((name) => codecFacts[name].staticPayloadType === payloadType)
    return codec && { kind: 'codec', payloadType, codec, clockRate: 8000 }
  }
  const [encoding = '', rate = '', channels] = map.trim().split('/')
  const name = encoding.toUpperCase()
  const clockRate = Number(rate)
  if (name === 'TELEPHONE-EVENT')
    return { kind: 'event', payloadType, clockRate, events: (parameters ?? '0-15').trim() }
  const codec = allCodecs.find((known) => known.toUpperCase() === name)
  if (codec === undefined || !codecFacts[codec].clockRates.includes(clockRate)) return undefined
  if (Number(channels ?? 1) !== codecFacts[codec].channels) return undefined
  return {
    kind: 'codec',
    payloadType,
    codec,
    clockRate,
    ...(parameters !== undefined && { parameters: parameters.trim() }),
  }
}

/** rtpmap and fmtp lines of a format. */
export function formatAttributes(format: PayloadFormat): Attribute[] {
  const { payloadType, clockRate } = format
  if (format.kind === 'event')
    return [
      { name: 'rtpmap', value: `${payloadType} telephone-event/${clockRate}` },
      { name: 'fmtp', value: `${payloadType} ${format.events}` },
    ]
  const { channels } = codecFacts[format.codec]
  const map = `${payloadType} ${format.codec}/${clockRate}${channels > 1 ? `/${channels}` : ''}`
  const attributes: Attribute[] = [{ name: 'rtpmap', value: map }]
  if (format.parameters) attributes.push({ name: 'fmtp', value: `${payloadType} ${format.parameters}` })
  return attributes
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
