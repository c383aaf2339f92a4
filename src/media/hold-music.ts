// What callers hear while they wait: a file or an address of the operator's, or a tune that is computed once and kept as a WAV file.
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OperationalError } from '../base/errors.ts'
import { holdTune, holdTuneRate, holdTuneSamples } from './hold-tune.ts'
import type { PlaySource } from './playing/byte-source.ts'
import { wavHeader } from './recording/wav-header.ts'

export interface HoldMusic {
  /** To be played in a loop. Throws OperationalError when the tune cannot be kept. */
  tune(): Promise<PlaySource>
}

export interface HoldMusicOptions {
  /** Where the computed tune is kept; made when it is not there. */
  readonly folder: string
  /** A path or an http(s) address that is played instead; nothing is computed then. */
  readonly source?: string | undefined
}

export function createHoldMusic({ folder, source }: HoldMusicOptions): HoldMusic {
  if (source !== undefined && source !== '') {
    const own: PlaySource = /^https?:/i.test(source) ? { kind: 'url', url: source } : { kind: 'file', path: source }
    return { tune: async () => own }
  }
  const path = join(folder, 'hold-music.wav')
  let kept: Promise<void> | undefined
  return {
    async tune() {
      kept ??= keep(path, folder).catch((error: unknown) => {
        kept = undefined
        throw new OperationalError(`The music on hold cannot be kept as ${path}: ${String(error)}`, { cause: error })
      })
      await kept
      return { kind: 'file', path }
    },
  }
}

async function keep(path: string, folder: string): Promise<void> {
  const header = wavHeader(holdTuneRate, 2 * holdTuneSamples)
  const size = header.length + 2 * holdTuneSamples
  const there = await stat(path).catch(() => undefined)
  if (there?.size === size) return
  const bytes = new Uint8Array(size)
  bytes.set(header)
  const view = new DataView(bytes.buffer, header.length)
  holdTune().forEach((sample, index) => {
    view.setInt16(2 * index, sample, true)
  })
  await mkdir(folder, { recursive: true })
  const partial = `${path}.${process.pid}.partial`
  await writeFile(partial, bytes)
  await rename(partial, path)
}
