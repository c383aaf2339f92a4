// Offer and answer for one audio stream (RFC 3264): pure functions from text and capabilities to text and a media plan.
import { formatOpusFmtp } from '../codec/opus-fmtp.ts'
import type { CryptoAttribute } from './crypto-attribute.ts'
import {
  type Attribute,
  attribute,
  connectionOf,
  type Description,
  formatDescription,
  isUnicast,
  isUnspecified,
  type MediaSection,
  parseDescription,
} from './description.ts'
import { agreed, mirrored, statedDirection, withoutReceiving } from './direction.ts'
import type { CodecName, Direction, MediaPlan, SrtpPlan } from './media-plan.ts'
import {
  allCodecs,
  type CodecFormat,
  formatAttributes,
  knownFormats,
  offeredFormats,
  type PayloadFormat,
  packetTime,
  plannedFormat,
} from './payload-formats.ts'
import {
  agreedCrypto,
  answerCrypto,
  cryptoAttributes,
  cryptoLines,
  type LocalCrypto,
  securityOf,
} from './secure-stream.ts'

type OpusRate = 8000 | 16_000 | 48_000

/** Where we receive. `rtcpPort` is stated only when it is not the port behind `rtpPort` (RFC 3605). */
export interface LocalMedia {
  /** Numeric, IPv6 without brackets. */
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort?: number
}

export interface OfferInput extends LocalMedia {
  /** Decimal digits; the same for all descriptions of a session. */
  readonly sessionId: string
  /** Grows by one whenever the description changes (RFC 3264 §8). */
  readonly sessionVersion: number
  readonly direction: Direction
  /** In order of preference, at least one. */
  readonly codecs: readonly CodecName[]
  readonly ptimeMs: number
  /** The highest rate at which Opus is of use to us; 16,000 when absent. */
  readonly opusRate?: OpusRate
  /** Offers SRTP alone, under one of these keys. */
  readonly crypto?: readonly CryptoAttribute[]
}

export interface AnswerInput {
  /** The far end's offer as received. */
  readonly offer: string
  readonly local: LocalMedia
  readonly sessionId: string
  readonly sessionVersion: number
  /** What we would like; the offer may allow less. Default sendrecv. */
  readonly wantedDirection?: Direction
  /** What we may use; the offer's order decides among them. Default all. */
  readonly codecs?: readonly CodecName[]
  /** The highest rate at which Opus is of use to us; 16,000 when absent. */
  readonly opusRate?: OpusRate
  /** Asked for our key when the far end wants SRTP; without it, no secured stream is accepted. */
  readonly localCrypto?: LocalCrypto
}

export type AnswerResult =
  | { readonly ok: true; readonly answer: string; readonly plan: MediaPlan }
  /** `reason` is a short word for a counter. 400: no session description at all. 488: nothing in it that we can do. */
  | { readonly ok: false; readonly status: 488 | 400; readonly reason: string }

export type ReadAnswerResult =
  | { readonly ok: true; readonly plan: MediaPlan }
  | { readonly ok: false; readonly reason: string }

const allEvents = '0-16'

/** Our offer: one audio stream with the given codecs and telephone events. */
export function makeOffer(input: OfferInput): string {
  const formats = offeredFormats(input.codecs, allEvents).map((format) => asWeWantIt(format, input.opusRate))
  const section = audioSection(input, formats, {
    protocol: input.crypto === undefined ? 'RTP/AVP' : 'RTP/SAVP',
    ptimeMs: input.ptimeMs,
    direction: input.direction,
    crypto: input.crypto ?? [],
  })
  return formatDescription({ ...heading(input, input), timing: '0 0', media: [section] })
}

/** What we ask for when we are sent to: of Opus no more than we can use, with error correction inside (RFC 7587 §6.1). */
function asWeWantIt<Format extends PayloadFormat>(format: Format, opusRate: OpusRate = 16_000): Format {
  if (format.kind !== 'codec' || format.codec !== 'opus') return format
  const parameters = { maxPlaybackRate: opusRate, spropMaxCaptureRate: opusRate, inbandFec: true }
  return { ...format, parameters: formatOpusFmtp(parameters) }
}

function heading(local: LocalMedia, session: { readonly sessionId: string; readonly sessionVersion: number }) {
  const connection = connectionOf(local.address)
  const sessionVersion = String(session.sessionVersion)
  return {
    origin: { username: '-', sessionId: session.sessionId, sessionVersion, ...connection },
    name: '-',
    connection,
    attributes: [],
  }
}

interface Terms {
  readonly protocol: string
  readonly ptimeMs: number
  readonly direction: Direction
  readonly crypto: readonly CryptoAttribute[]
}

function audioSection(local: LocalMedia, formats: readonly PayloadFormat[], terms: Terms): MediaSection {
  const { rtpPort, rtcpPort } = local
  const rtcp: Attribute[] =
    rtcpPort === undefined || rtcpPort === rtpPort + 1 ? [] : [{ name: 'rtcp', value: String(rtcpPort) }]
  return {
    media: 'audio',
    port: rtpPort,
    protocol: terms.protocol,
    formats: formats.map(({ payloadType }) => String(payloadType)),
    attributes: [
      ...formats.flatMap(formatAttributes),
      ...cryptoAttributes(terms.crypto),
      ...rtcp,
      { name: 'ptime', value: String(terms.ptimeMs) },
      { name: terms.direction },
    ],
  }
}

/** What we read out of one side's audio section. */
interface Stream {
  readonly codecs: readonly CodecFormat[]
  readonly events: readonly Extract<PayloadFormat, { kind: 'event' }>[]
  readonly protocol: string
  /** Values of a=crypto; undefined for a stream that is not secured. */
  readonly crypto: readonly string[] | undefined
  readonly remote: MediaPlan['remote']
  /** From the side that wrote it; held by an unspecified address counts as not receiving. */
  readonly direction: Direction
  readonly ptimeMs: number
}

/** Reads a section, or says why we cannot use it. */
function readStream(description: Description, section: MediaSection): Stream | string {
  if (section.media !== 'audio') return 'no-audio'
  if (section.port === 0) return 'no-port'
  const security = securityOf(section)
  if (security === 'refused') return 'secure-profile'
  if (security === 'unknown') return 'unknown-profile'
  const connection = section.connection ?? description.connection
  if (connection === undefined) return 'no-address'
  if (!isUnicast(connection)) return 'unusable-address'
  const formats = knownFormats(section)
  const stated = statedDirection(section.attributes) ?? statedDirection(description.attributes) ?? 'sendrecv'
  return {
    codecs: formats.filter((format) => format.kind === 'codec'),
    events: formats.filter((format) => format.kind === 'event'),
    protocol: section.protocol,
    crypto: security === 'secure' ? cryptoLines(section) : undefined,
    remote: { address: connection.address, rtpPort: section.port, rtcpPort: rtcpPortOf(section) },
    direction: isUnspecified(connection) ? withoutReceiving(stated) : stated,
    ptimeMs: packetTime(section),
  }
}

/** RFC 3605; without the attribute, the port behind RTP's (RFC 3550 §11). */
function rtcpPortOf(section: MediaSection): number {
  const stated = Number(/^(\d{1,5})(?: |$)/.exec(attribute(section.attributes, 'rtcp') ?? '')?.[1])
  return stated > 0 && stated <= 65_535 ? stated : Math.min(section.port + 1, 65_535)
}

/**
 * Answers an offer: the first audio stream that we can use is accepted, with the first of its codecs that we speak and the first of its
 * keys that we can use; every other stream is rejected by port 0 in its place (§6).
 */
export function answerOffer(input: AnswerInput): AnswerResult {
  const parsed = parseDescription(input.offer)
  if (!parsed.ok) return { ok: false, status: 400, reason: parsed.reason }
  const { description } = parsed
  const spoken = input.codecs ?? allCodecs
  const reasons: string[] = []
  for (const [index, section] of description.media.entries()) {
    const stream = usable(readStream(description, section), input)
    if (typeof stream === 'string') {
      reasons.push(stream)
      continue
    }
    const chosen = stream.codecs.find(({ codec }) => spoken.includes(codec))
    if (chosen !== undefined) return accept({ input, description, index, stream, chosen })
    reasons.push('no-codec')
  }
  return { ok: false, status: 488, reason: reasons.find((reason) => reason !== 'no-audio') ?? 'no-audio' }
}

/** A secured stream comes with the keys for it, or with the reason why there are none. */
function usable(stream: Stream | string, { localCrypto }: AnswerInput): (Stream & { keys?: Keys }) | string {
  if (typeof stream === 'string' || stream.crypto === undefined) return stream
  if (localCrypto === undefined) return 'secure-profile'
  const keys = answerCrypto(stream.crypto, localCrypto)
  return keys === undefined ? 'no-crypto' : { ...stream, keys }
}

type Keys = NonNullable<ReturnType<typeof answerCrypto>>

interface Acceptance {
  readonly input: AnswerInput
  readonly description: Description
  readonly index: number
  readonly stream: Stream & { readonly keys?: Keys }
  readonly chosen: Stream['codecs'][number]
}

function accept({ input, description, index, stream, chosen }: Acceptance): AnswerResult {
  const direction = agreed(mirrored(stream.direction), input.wantedDirection ?? 'sendrecv')
  const event = eventFor(chosen, stream)
  const events: PayloadFormat[] = event ? [{ ...event, events: event.events === '0-15' ? '0-15' : allEvents }] : []
  const accepted = audioSection(input.local, [asWeWantIt(withoutParameters(chosen), input.opusRate), ...events], {
    protocol: stream.protocol,
    ptimeMs: stream.ptimeMs,
    direction,
    crypto: stream.keys === undefined ? [] : [stream.keys.local],
  })
  const media = description.media.map((section, at) => (at === index ? accepted : rejected(section)))
  return {
    ok: true,
    answer: formatDescription({ ...heading(input.local, input), timing: description.timing, media }),
    plan: {
      ...plannedFormat(chosen),
      ...(chosen.parameters !== undefined && { sendParameters: chosen.parameters }),
      sendPayloadType: chosen.payloadType,
      receivePayloadType: chosen.payloadType,
      ...(event && { sendEventPayloadType: event.payloadType, receiveEventPayloadType: event.payloadType }),
      ptimeMs: stream.ptimeMs,
      remote: stream.remote,
      ...(stream.keys && { srtp: stream.keys.srtp }),
      direction,
    },
  }
}

/** Events count time by the clock of the codec beside them. */
const eventFor = (format: CodecFormat, stream: Stream): Stream['events'][number] | undefined =>
  stream.events.find(({ clockRate }) => clockRate === format.clockRate)

const withoutParameters = ({ kind, payloadType, codec, clockRate }: CodecFormat): CodecFormat => ({
  kind,
  payloadType,
  codec,
  clockRate,
})

const rejected = ({ media, protocol, formats }: MediaSection): MediaSection => ({
  media,
  port: 0,
  protocol,
  formats,
  attributes: [],
})

/**
 * Reads the far end's answer to our offer. We send with the payload types of the answer and receive with those of our offer (§6.1, §7).
 */
export function readAnswer(input: { readonly offer: string; readonly answer: string }): ReadAnswerResult {
  const [offer, answer] = [parseDescription(input.offer), parseDescription(input.answer)]
  if (!offer.ok) return { ok: false, reason: `offer-${offer.reason}` }
  if (!answer.ok) return answer
  if (offer.description.media.length !== answer.description.media.length) return { ok: false, reason: 'media-count' }
  const index = offer.description.media.findIndex(({ media, port }) => media === 'audio' && port !== 0)
  const [ours, theirs] = [offer.description.media[index], answer.description.media[index]]
  if (ours === undefined || theirs === undefined) return { ok: false, reason: 'no-audio' }
  const [own, far] = [readStream(offer.description, ours), readStream(answer.description, theirs)]
  if (typeof own === 'string') return { ok: false, reason: `offer-${own}` }
  if (typeof far === 'string') return { ok: false, reason: far === 'no-port' ? 'rejected' : far }
  if (own.protocol !== far.protocol)
    return { ok: false, reason: far.crypto && !own.crypto ? 'secure-profile' : 'other-profile' }
  const srtp = own.crypto && agreedCrypto(own.crypto, far.crypto ?? [])
  return own.crypto !== undefined && srtp === undefined
    ? { ok: false, reason: 'no-crypto' }
    : matchStreams(own, far, srtp)
}

function matchStreams(own: Stream, far: Stream, srtp: SrtpPlan | undefined): ReadAnswerResult {
  for (const theirs of far.codecs) {
    const ours = own.codecs.find(({ codec, clockRate }) => codec === theirs.codec && clockRate === theirs.clockRate)
    if (ours === undefined) continue
    const [sendEvent, receiveEvent] = [eventFor(theirs, far), eventFor(ours, own)]
    return {
      ok: true,
      plan: {
        ...plannedFormat(theirs),
        ...(theirs.parameters !== undefined && { sendParameters: theirs.parameters }),
        sendPayloadType: theirs.payloadType,
        receivePayloadType: ours.payloadType,
        ...(sendEvent &&
          receiveEvent && {
            sendEventPayloadType: sendEvent.payloadType,
            receiveEventPayloadType: receiveEvent.payloadType,
          }),
        ptimeMs: far.ptimeMs,
        remote: far.remote,
        ...(srtp && { srtp }),
        direction: agreed(own.direction, mirrored(far.direction)),
      },
    }
  }
  return { ok: false, reason: 'no-codec' }
}
