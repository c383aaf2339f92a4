// Puts a script together: says each piece, cuts the silence around it, levels all of them alike, and lays the pauses between.
import { setImmediate } from 'node:timers/promises'
import { UserError } from '../../base/errors.ts'
import { amplify, gainFor, trimmed } from './loudness.ts'
import type { Manner, Script } from './script.ts'
import { speechRate } from './wav-bytes.ts'

/** Samples of one rendering: ten minutes. */
export const longestSamples = 600 * speechRate

/** Says a piece of text at 16 kHz, with rate and pitch; volume is applied here. */
export type Say = (text: string, manner: Manner) => Int16Array

interface Part {
  /** Absent for a pause. */
  readonly pcm: Int16Array | undefined
  readonly samples: number
  readonly volumeDb: number
}

/** What has nothing to say is as long as a frame, for a file without samples is none. */
const shortestSamples = 320

/** Samples at 16 kHz. Gives way to other work before each piece. Throws UserError when they would be too many. */
export async function compose(script: Script, say: Say): Promise<Int16Array> {
  let length = 0
  const count = (samples: number): void => {
    length += samples
    if (length > longestSamples) {
      throw new UserError(
        'INVALID_ARGUMENT',
        `The text takes longer than ${longestSamples / speechRate} seconds to say`,
      )
    }
  }
  const parts: Part[] = []
  for (const part of script) {
    await setImmediate()
    const pcm = part.kind === 'say' ? trimmed(say(part.text, part.manner)) : undefined
    const samples = pcm?.length ?? Math.round(part.kind === 'pause' ? (part.ms * speechRate) / 1000 : 0)
    count(samples)
    parts.push({ pcm, samples, volumeDb: part.kind === 'say' ? part.manner.volumeDb : 0 })
  }
  const gain = gainFor(parts.flatMap(({ pcm }) => pcm ?? []))
  const all = new Int16Array(Math.max(shortestSamples, length))
  let at = 0
  for (const { pcm, samples, volumeDb } of parts) {
    if (pcm) {
      amplify(pcm, gain * 10 ** (volumeDb / 20))
      all.set(pcm, at)
    }
    at += samples
  }
  return all
}

/** The same level for what came in one piece. */
export function levelled(pcm: Int16Array): Int16Array {
  const result = pcm.slice(0, longestSamples)
  amplify(result, gainFor([result]))
  return result
}
