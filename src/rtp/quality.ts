// How good a call sounds, estimated by the E-model (ITU-T G.107, 12/2011 §7) with its defaults for all that cannot be measured here: only delay
// (Id), the codec and packet loss (Ie-eff) remain. The scale is the narrow-band one for every codec, so that legs can be compared.
import type { CodecName } from '../sdp/media-plan.ts'

export interface QualityInput {
  readonly codec: CodecName
  /** Share of packets that were not there when they were due, 0 to 1. */
  readonly loss: number
  /** Mouth to ear one way, milliseconds. */
  readonly delayMs: number
}

export interface Quality {
  /** Transmission rating, 0 to 93.2. */
  readonly rFactor: number
  /** Estimated mean opinion of a conversation, 1 to 4.5 (Annex B). */
  readonly mos: number
}

interface Impairment {
  /** Equipment impairment without loss. */
  readonly ie: number
  /** Robustness against loss. */
  readonly bpl: number
}

/** G.113 Appendix I for G.711 with concealment. It has none for the others on this scale: their concealment is taken to be as good. */
const impairments: Readonly<Record<CodecName, Impairment>> = {
  PCMU: { ie: 0, bpl: 25.1 },
  PCMA: { ie: 0, bpl: 25.1 },
  G722: { ie: 0, bpl: 25.1 },
  opus: { ie: 0, bpl: 25.1 },
  L16: { ie: 0, bpl: 25.1 },
}

/** R with all defaults and neither delay nor loss (§7.7). */
const bestRating = 93.2

export function estimateQuality({ codec, loss, delayMs }: QualityInput): Quality {
  const { ie, bpl } = impairments[codec]
  const percent = 100 * Math.max(0, Math.min(1, loss))
  const effective = ie + (95 - ie) * (percent / (percent + bpl))
  const rFactor = Math.max(0, bestRating - delayImpairment(delayMs) - effective)
  return { rFactor, mos: opinion(rFactor) }
}

/** Absolute delay Idd (§7.4) with its exact form; echo is taken to be cancelled by the phones. */
function delayImpairment(delayMs: number): number {
  if (delayMs <= 100) return 0
  const x = Math.log2(delayMs / 100)
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)
}

/** Annex B.4. */
function opinion(rating: number): number {
  if (rating <= 0) return 1
  if (rating >= 100) return 4.5
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)
}
