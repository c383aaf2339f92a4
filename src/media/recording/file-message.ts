// What crosses between the engine and its file thread. Samples cross in rings of shared memory, never in messages.
import type { MixRate } from '../mix-member.ts'
import type { PlaySource } from '../playing/byte-source.ts'
import type { PlayFailureReason } from '../playing/play-failure.ts'
import type { PlainError } from '../worker-message.ts'
import type { RecordingFormat } from './container.ts'
import type { RecordingFailure } from './recording-file.ts'
import type { RingMemory } from './sample-ring.ts'

/** One file: ready, with its checksum. */
export interface FinishedFile {
  readonly path: string
  readonly bytes: number
  readonly durationMs: number
  /** Hexadecimal; empty when the file could not be read again. */
  readonly sha256: string
}

export type ToFileThread =
  | {
      readonly kind: 'record'
      readonly fileId: string
      readonly path: string
      readonly format: RecordingFormat
      readonly rate: MixRate
      readonly memory: RingMemory
    }
  /** `silenceMs` is appended to what is in the ring. */
  | { readonly kind: 'finish'; readonly fileId: string; readonly silenceMs: number }
  | {
      readonly kind: 'play'
      readonly playId: string
      readonly source: PlaySource
      readonly rate: MixRate
      readonly loop: boolean
      readonly gainDb: number
      readonly memory: RingMemory
    }
  | { readonly kind: 'stopPlay'; readonly playId: string }
  /** Finishes what is open, then `closed`. */
  | { readonly kind: 'close' }

export type FromFileThread =
  | { readonly kind: 'recording'; readonly fileId: string }
  | { readonly kind: 'refused'; readonly fileId: string; readonly error: PlainError }
  /** Once for each file that `recording` was said of, also when it failed by itself. */
  | {
      readonly kind: 'recorded'
      readonly fileId: string
      readonly file: FinishedFile
      readonly failure?: { readonly reason: RecordingFailure; readonly message: string } | undefined
    }
  | { readonly kind: 'playing'; readonly playId: string }
  /** Everything is in the ring; once for each `play`. */
  | {
      readonly kind: 'played'
      readonly playId: string
      readonly failure?: { readonly reason: PlayFailureReason; readonly message: string } | undefined
    }
  | { readonly kind: 'closed' }
