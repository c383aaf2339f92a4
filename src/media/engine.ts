// The media engine's interface and every message that crosses to its worker. Audio never crosses; only these do.
// Ids are chosen by the caller. A leg is one RTP association with one phone; a mix is what the legs of a conference hear.
import type { MediaPlan } from '../sdp/media-plan.ts'
import type { TapListening, TapSpeaking } from './leg-tap.ts'
import type { PlaySource } from './playing/byte-source.ts'
import type { PlayNotice } from './playing/players.ts'
import type { LegSide } from './recorded-leg.ts'
import type { FinishedFile } from './recording/file-message.ts'
import type { RecordingNotice } from './recording/recordings.ts'

/** Where a leg listens: RTP on an even port, RTCP on the next (RFC 3550 §11). */
export interface LegPorts {
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
}

/** Counters of one leg since it was opened. Times in milliseconds, jitter by RFC 3550 §6.4.1. */
export interface LegStatistics {
  readonly packetsReceived: number
  readonly packetsSent: number
  /** Never arrived, by sequence numbers. */
  readonly packetsLost: number
  /** Arrived after their frame was due. */
  readonly packetsLate: number
  readonly packetsDuplicate: number
  /** Dropped because they came from a source that did not prove itself. */
  readonly packetsForeign: number
  /** Unparsable datagrams. */
  readonly packetsMalformed: number
  /** With SRTP: dropped because the key did not fit, which is so for plain packets too; and because they had come before. */
  readonly packetsUnauthentic?: number
  readonly packetsReplayed?: number
  readonly jitterMs: number
  /** From the far end's last RTCP report; -1 while unknown. */
  readonly roundTripMs: number
  readonly remoteLost: number
  /** Frames of 20 ms that were wholly made up for missing packets. */
  readonly framesConcealed?: number
  /** Frames now waiting in the jitter buffer, and how many it wants to hold; the target is 1 to 15. */
  readonly bufferFrames: number
  readonly bufferTarget: number
  /** Frames that the buffer never exceeds: 18, 360 ms. */
  readonly bufferLimit?: number
  /** How long what is heard now had waited in the buffer. */
  readonly bufferDelayMs?: number
  /** Level of the last frame received, dBov (0 loudest, -127 silence). */
  readonly levelIn: number
  readonly levelOut: number
  readonly talking?: boolean
  /** Decibels by which what the phone hears is brought down to fit; 0 when not at all. */
  readonly limiterReductionDb?: number
  /** Estimates of what is heard of the phone (ITU-T G.107): rating 0 to 93.2 and mean opinion 1 to 4.5. Absent before a plan is known. */
  readonly rFactor?: number
  readonly mos?: number
}

/** What a leg plays instead of, or on top of, its mix. */
export type Tone = { readonly frequency: number; readonly durationMs: number; readonly levelDbov: number }

/** What goes into one file. */
export type RecordSource =
  | { readonly mixId: string; readonly legId?: string }
  | { readonly legId: string; readonly side: LegSide }

export type EngineCommand = LegCommand | AudioCommand

/** What is recorded and what is played. */
export type AudioCommand =
  /**
   * Records into a new file: a mix, or with `legId` what one leg says in it; or one side of a leg, in a mix or in none, until the leg closes.
   * The reply comes once the next tick is in it.
   */
  | ({
      readonly kind: 'recordStart'
      readonly recordingId: string
      readonly path: string
      readonly format: 'wav' | 'ogg'
    } & RecordSource)
  /** Ends all files of a recording; answers them once they are on the disk. */
  | { readonly kind: 'recordStop'; readonly recordingId: string }
  /** Plays a file or an address to a mix, or to one leg; the reply comes when it sounds, `playEnded` when it ended. */
  | {
      readonly kind: 'play'
      readonly playId: string
      readonly source: PlaySource
      readonly to: { readonly mixId: string } | { readonly legId: string }
      readonly loop?: boolean
      /** Decibels by which it is made louder. */
      readonly gainDb?: number
    }
  | { readonly kind: 'pausePlay'; readonly playId: string; readonly paused: boolean }
  | { readonly kind: 'stopPlay'; readonly playId: string }

export type LegCommand =
  /** Binds a port pair. */
  | {
      /** `near`: the mix that the leg is bound for, if known. `rtpPort`: this very pair instead of a free one. */
      readonly kind: 'openLeg'
      readonly legId: string
      readonly near?: string
      readonly rtpPort?: number
      /** Sequence number of its first packet; a random one when absent. */
      readonly firstSequence?: number
    }
  /** Sets or changes what was negotiated; media flows from then on (silence while in no mix). */
  | { readonly kind: 'configureLeg'; readonly legId: string; readonly plan: MediaPlan }
  /** Puts the leg into the mix, made on demand; the reply comes once the leg is in it. Moves it from another mix. */
  | { readonly kind: 'join'; readonly legId: string; readonly mixId: string }
  /** Takes the leg out; the reply comes once it neither hears nor is heard. */
  | { readonly kind: 'leave'; readonly legId: string }
  /** `in`: what the phone says is not heard; `out`: the phone hears silence. */
  | { readonly kind: 'mute'; readonly legId: string; readonly in: boolean; readonly out: boolean }
  /** Decibels, −60 to 20, on what the phone says and on what it hears; 0 is as it comes. */
  | { readonly kind: 'gain'; readonly legId: string; readonly inDb: number; readonly outDb: number }
  /** Plays a tone to the leg; the reply comes when it ended, was replaced or the leg closed. */
  | { readonly kind: 'tone'; readonly legId: string; readonly tone: Tone }
  /** Sends the leg's own audio back to it, outside any mix; with `keys` the keys that its phone presses, too. */
  | { readonly kind: 'echo'; readonly legId: string; readonly on: boolean; readonly keys?: boolean }
  /**
   * Sends keys, 0-9 * # A-D, by RFC 4733, or as tones when that was not agreed on; the reply comes when the last one is sent, they were
   * replaced, the leg closed or moved. '' stops those under way. While the phone is on hold they wait. Milliseconds; 40 between keys at least.
   */
  | {
      readonly kind: 'sendDigits'
      readonly legId: string
      readonly digits: string
      readonly durationMs: number
      readonly intervalMs: number
    }
  /** Sends what the leg's phone says or hears to an RTP peer, and plays it what the peer says; instead of the tap that the leg may have. */
  | {
      readonly kind: 'tapStart'
      readonly legId: string
      /** Numeric. Nothing is taken from any other address. */
      readonly to: { readonly address: string; readonly port: number }
      /** L16 at 16,000 samples a second, payload type 118; the others as in RFC 3551. */
      readonly codec: 'PCMU' | 'PCMA' | 'G722' | 'L16'
      /** `in` when absent. */
      readonly listen?: TapListening
      /** `out` when absent. */
      readonly speak?: TapSpeaking
      /** This very pair instead of a free one. */
      readonly rtpPort?: number
    }
  /** No-op without a tap. */
  | { readonly kind: 'tapStop'; readonly legId: string }
  | { readonly kind: 'statistics'; readonly legId: string }
  /** Sends RTCP BYE, frees the ports; answers the final statistics and the sequence number that its next packet would have had. */
  | { readonly kind: 'closeLeg'; readonly legId: string }

export interface EngineReplies {
  openLeg: LegPorts
  configureLeg: undefined
  join: undefined
  leave: undefined
  mute: undefined
  gain: undefined
  tone: undefined
  echo: undefined
  sendDigits: undefined
  tapStart: LegPorts
  tapStop: undefined
  statistics: LegStatistics
  closeLeg: LegStatistics & { readonly nextSequence?: number }
  recordStart: undefined
  recordStop: readonly FinishedFile[]
  play: undefined
  pausePlay: undefined
  stopPlay: undefined
}

export type EngineNotice =
  | RecordingNotice
  | PlayNotice
  /** An RFC 4733 event ended (or was given up): one of 0-9 * # A-D. */
  | { readonly kind: 'digit'; readonly legId: string; readonly digit: string; readonly durationMs: number }
  /** The phone's user began or ended to talk, by the level of what is heard of it. Never more than three changes a second. */
  | { readonly kind: 'talking'; readonly legId: string; readonly talking: boolean }
  /** Neither RTP nor RTCP for `silentMs` although the far end should be sending. Sent once until media comes back. */
  | { readonly kind: 'mediaLost'; readonly legId: string; readonly silentMs: number }
  | { readonly kind: 'mediaBack'; readonly legId: string }
  /** The worker died with these legs; every pending request was rejected. A new worker is up. */
  | { readonly kind: 'workerDied'; readonly legIds: readonly string[]; readonly reason: string }

export interface EngineOptions {
  /** Address to bind RTP sockets to. */
  readonly bindAddress: string
  /** Inclusive; pairs are taken from even ports. */
  readonly portMin: number
  readonly portMax: number
  /** Silence of RTP and RTCP after which `mediaLost` is sent; 30,000 when absent. */
  readonly mediaTimeoutMs?: number
  /** Samples per second at which Opus is coded for phones that play as much: 8,000, 16,000 (when absent) or 48,000. */
  readonly opusRate?: 8000 | 16_000 | 48_000
}

export interface MediaEngine {
  /** Throws OperationalError when no port is free or the worker died, UserError/Bug for an unknown leg. */
  request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]>
  onNotice(listener: (notice: EngineNotice) => void): () => void
  /** Closes every leg and the worker. */
  close(): Promise<void>
}
