// What a leg's audio is coded as: the codec, the PCM rate on our side of it and the encoder's settings, out of what was negotiated.
import { codecOf } from '../codec/codecs.ts'
import { opusRateFor, opusSettingsFor, parseOpusFmtp } from '../codec/opus-fmtp.ts'
import type { EncoderSettings, PcmRate, WideCodec } from '../codec/wide-codec.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import type { EncodingEffort } from './encoding-effort.ts'

export interface LegFormat {
  readonly codec: WideCodec
  readonly rate: PcmRate
  readonly settings: EncoderSettings
  /** Legs with the same key may share payloads. */
  readonly key: string
  /** How hard its encoders are to try; absent where they have no choice. */
  readonly effort?: EncodingEffort
}

/** One for all legs, by codec: without settings there is nothing by which formats of a codec could differ. */
const plainFormats = new Map<WideCodec, LegFormat>()

/** @param opusRate the rate at which Opus is encoded and decoded for a phone that plays as much */
export function formatOf(plan: MediaPlan, opusRate: PcmRate, effort?: EncodingEffort): LegFormat {
  const codec = codecOf(plan.codec, plan.sampleRate)
  if (plan.codec !== 'opus') return plainFormats.get(codec) ?? newPlainFormat(codec)
  const receiver = parseOpusFmtp(plan.sendParameters ?? '')
  const rate = opusRateFor(receiver, opusRate)
  // Silence must go on being sent, or address bindings close: discontinuous transmission is never ours.
  const settings = { ...opusSettingsFor(receiver, rate), dtx: false }
  return {
    codec,
    rate,
    settings,
    ...(effort && { effort }),
    key: `opus/${rate}/${settings.bitrate ?? 0}/${settings.fec === true ? 'fec' : ''}`,
  }
}

function newPlainFormat(codec: WideCodec): LegFormat {
  const { name, sampleRate: rate } = codec.facts
  const format: LegFormat = { codec, rate, settings: {}, key: `${name}/${rate}` }
  plainFormats.set(codec, format)
  return format
}

/** Octets to have ready for a payload of so many milliseconds. */
export function payloadRoom(format: LegFormat, ms: number): number {
  const { facts } = format.codec
  if (!facts.variable) return (facts.frameBytes * ms) / 20
  // Four times the average: what the encoder may need for the loudest onset. It keeps to the room it is given.
  return Math.ceil(((format.settings.bitrate ?? 64_000) / 8000) * ms * 4)
}
