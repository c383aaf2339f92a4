// What the speech thread is told and what it answers.
import type { Script } from './script.ts'

export type LocalVoice =
  | { readonly kind: 'flite'; readonly voice: string }
  | { readonly kind: 'espeak-ng'; readonly program: string; readonly voice: string }

export type SpeechWork =
  | { readonly kind: 'say'; readonly script: Script; readonly by: LocalVoice }
  /** Audio in any format that is read here, made by `from`. */
  | { readonly kind: 'convert'; readonly bytes: Uint8Array; readonly from: string }

export interface SpeechJob {
  readonly id: number
  readonly work: SpeechWork
  /** The WAV file to write. */
  readonly path: string
  /** One 32-bit word: not 0 when nobody waits any more. */
  readonly cancelled: SharedArrayBuffer
}

export interface SpeechAnswer {
  readonly id: number
  /** Absent when the file is there. */
  readonly failure?: { readonly user: boolean; readonly message: string } | undefined
}

export interface SpeechThreadData {
  /** Where the voices may write. */
  readonly directory: string
}
