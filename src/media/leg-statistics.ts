// One leg's counters as one value, with the estimate of how good it sounds.
import { estimateQuality } from '../rtp/quality.ts'
import type { LegStatistics } from './engine.ts'
import type { LegControl } from './leg-control.ts'
import type { LegFormat } from './leg-format.ts'
import type { LegReceiver } from './leg-receiver.ts'
import type { LegSender } from './leg-sender.ts'

/** What exists once a plan is known. */
export interface LegMedia {
  readonly receiver: LegReceiver
  readonly control: LegControl
  sender: LegSender
  format: LegFormat
}

/** What only the leg itself knows. */
export type OwnFigures = Pick<
  LegStatistics,
  'packetsSent' | 'packetsUnauthentic' | 'packetsReplayed' | 'levelIn' | 'levelOut' | 'talking' | 'limiterReductionDb'
>

export function legStatistics(media: LegMedia | undefined, own: OwnFigures): LegStatistics {
  const receiver = media?.receiver
  return {
    ...own,
    packetsReceived: receiver?.received ?? 0,
    packetsLost: receiver?.stream.lost ?? 0,
    packetsLate: receiver?.late ?? 0,
    packetsDuplicate: receiver?.stream.duplicates ?? 0,
    packetsForeign: receiver?.foreign ?? 0,
    packetsMalformed: receiver?.malformed ?? 0,
    jitterMs: receiver?.stream.jitterMs ?? 0,
    roundTripMs: media?.control.roundTripMs ?? -1,
    remoteLost: media?.control.remoteLost ?? 0,
    framesConcealed: receiver?.concealedFrames ?? 0,
    bufferFrames: receiver?.bufferFrames ?? 0,
    bufferTarget: receiver?.bufferTarget ?? 0,
    bufferLimit: receiver?.bufferLimit ?? 0,
    bufferDelayMs: receiver?.bufferDelayMs ?? 0,
    ...(media && qualityOf(media)),
  }
}

/** Of the way from the phone to the mix, over the whole call. */
function qualityOf({ receiver, control, format }: LegMedia) {
  const { expected, lost } = receiver.stream
  const missed = lost + receiver.late
  const oneWayMs = Math.max(0, control.roundTripMs) / 2
  return estimateQuality({
    codec: format.codec.facts.name,
    loss: expected > 0 ? missed / expected : 0,
    delayMs: oneWayMs + receiver.terms.ptimeMs + receiver.bufferDelayMs,
  })
}
