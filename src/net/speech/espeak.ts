// Says a piece of text with Debian's espeak-ng: a process that reads text from stdin and writes WAV to stdout, never through a shell. For the speech thread.
import { spawnSync } from 'node:child_process'
import { OperationalError } from '../../base/errors.ts'
import type { Manner } from './script.ts'
import { decodeWav } from './wav-bytes.ts'

/** Its words a minute and its pitch (0-99), by itself. */
const ownSpeed = 175
const ownPitch = 50
const pieceMs = 20_000
const mostBytes = 64 * 2 ** 20

/** Throws OperationalError. */
export function sayWithEspeak(text: string, { program, voice }: EspeakChoice, manner: Manner): Int16Array {
  const speed = Math.round(ownSpeed * manner.rate)
  const pitch = Math.min(99, Math.round(ownPitch * manner.pitch))
  const args = ['-v', voice, '-s', String(speed), '-p', String(pitch), '-b', '1', '--stdin', '--stdout']
  // Two brackets would begin phonemes.
  const input = text.replaceAll('[[', '[ [')
  const { status, error, stdout, stderr } = spawnSync(program, args, { input, timeout: pieceMs, maxBuffer: mostBytes })
  if (error || status !== 0) {
    const why = error?.message ?? stderr.toString().trim().slice(0, 200)
    throw new OperationalError(`espeak-ng failed: ${why}`, { retryable: true, cause: error })
  }
  return decodeWav(stdout, 'espeak-ng')
}

export interface EspeakChoice {
  readonly program: string
  /** As `-v` takes it. */
  readonly voice: string
}
