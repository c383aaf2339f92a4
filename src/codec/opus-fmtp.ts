// The parameters of `a=fmtp` for Opus (RFC 7587 §6.1, §7): what a receiver wants to get, read and written.
import type { EncoderSettings, PcmRate } from './wide-codec.ts'

/** What one side says of what it wants to receive; "sprop" is what it is likely to send. */
export interface OpusParameters {
  /** Highest rate worth sending, samples per second. */
  readonly maxPlaybackRate: number
  readonly spropMaxCaptureRate: number
  /** Highest average bit rate it wants, bits per second; absent for no limit. */
  readonly maxAverageBitrate?: number
  readonly stereo: boolean
  readonly spropStereo: boolean
  readonly constantBitrate: boolean
  readonly inbandFec: boolean
  readonly dtx: boolean
}

/** What holds for a parameter that is not given. */
export const opusDefaults: OpusParameters = {
  maxPlaybackRate: 48_000,
  spropMaxCaptureRate: 48_000,
  stereo: false,
  spropStereo: false,
  constantBitrate: false,
  inbandFec: false,
  dtx: false,
}

const lowestBitrate = 6000
const highestBitrate = 510_000

/** Reads the text after the payload type. What is unknown, or out of its range, is as if it were not there. */
export function parseOpusFmtp(text: string): OpusParameters {
  const given = new Map<string, number>()
  for (const part of text.split(';')) {
    const [name = '', value = ''] = part.split('=')
    if (/^\s*\d{1,9}\s*$/.test(value)) given.set(name.trim().toLowerCase(), Number(value))
  }
  const rate = (name: string): number => within(given.get(name), 8000, 48_000) ?? 48_000
  const flag = (name: string): boolean => given.get(name) === 1
  const bitrate = within(given.get('maxaveragebitrate'), lowestBitrate, highestBitrate)
  return {
    maxPlaybackRate: rate('maxplaybackrate'),
    spropMaxCaptureRate: rate('sprop-maxcapturerate'),
    ...(bitrate === undefined ? {} : { maxAverageBitrate: bitrate }),
    stereo: flag('stereo'),
    spropStereo: flag('sprop-stereo'),
    constantBitrate: flag('cbr'),
    inbandFec: flag('useinbandfec'),
    dtx: flag('usedtx'),
  }
}

const within = (value: number | undefined, least: number, most: number): number | undefined =>
  value !== undefined && value >= least && value <= most ? value : undefined

/** Writes what differs from the defaults; empty when nothing does, and the line is to be left out. */
export function formatOpusFmtp(parameters: Partial<OpusParameters>): string {
  const own = { ...opusDefaults, ...parameters }
  const parts: string[] = []
  if (own.maxPlaybackRate !== opusDefaults.maxPlaybackRate) parts.push(`maxplaybackrate=${own.maxPlaybackRate}`)
  if (own.spropMaxCaptureRate !== opusDefaults.spropMaxCaptureRate)
    parts.push(`sprop-maxcapturerate=${own.spropMaxCaptureRate}`)
  if (own.maxAverageBitrate !== undefined) parts.push(`maxaveragebitrate=${own.maxAverageBitrate}`)
  if (own.stereo) parts.push('stereo=1')
  if (own.spropStereo) parts.push('sprop-stereo=1')
  if (own.constantBitrate) parts.push('cbr=1')
  if (own.inbandFec) parts.push('useinbandfec=1')
  if (own.dtx) parts.push('usedtx=1')
  return parts.join(';')
}

/** The rate to encode at for a receiver: what we would like, but no more than it plays. */
export function opusRateFor(receiver: OpusParameters, wanted: PcmRate): PcmRate {
  if (receiver.maxPlaybackRate < 16_000) return 8000
  return receiver.maxPlaybackRate < 48_000 && wanted > 16_000 ? 16_000 : wanted
}

/** What an encoder is to be set to for a receiver. */
export function opusSettingsFor(receiver: OpusParameters, rate: PcmRate): EncoderSettings {
  const bitrate = Math.min(opusBitrates[rate], receiver.maxAverageBitrate ?? highestBitrate)
  return { bitrate, fec: receiver.inbandFec, dtx: receiver.dtx }
}

/** Bits per second for mono speech at each rate (RFC 7587 §3.1.1, the upper half of each sweet spot). */
export const opusBitrates: Readonly<Record<PcmRate, number>> = { 8000: 12_000, 16000: 20_000, 48000: 40_000 }
