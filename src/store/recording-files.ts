// The folder of recordings on the disk: what the engine writes there is listed, made whole, joined, read and removed. Names are checked, so that none
// leads out of the folder.
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Bug, OperationalError } from '../base/errors.ts'
import { joinRecordings } from '../media/recording/join.ts'
import { hashFile, repairRecording } from '../media/recording/repair.ts'
import type { RecordingFiles } from '../recording/ports.ts'
import type { RecordingFile } from '../schema/recording.ts'

const namePattern = /^[0-9a-f-]{36}_(in|out)(\.part\d+)?\.(wav|ogg)$/

/** Makes the folder if need be. Throws OperationalError when it cannot be used. */
export async function openRecordingFiles(directory: string): Promise<RecordingFiles> {
  await guarded(`the recordings folder ${directory} cannot be made`, () =>
    mkdir(directory, { recursive: true, mode: 0o700 }),
  )
  // Of a join that a crash cut off the parts are still there.
  for (const name of await readdir(directory))
    if (name.endsWith('.tmp')) await rm(join(directory, name), { force: true })
  return new FolderOfRecordings(directory)
}

class FolderOfRecordings implements RecordingFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  pathOf(name: string): string {
    if (!namePattern.test(name)) throw new Bug(`"${name}" is no name of a recorded file`)
    return join(this.#directory, name)
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await guarded('the room on the disk of recordings is unknown', () =>
      statfs(this.#directory),
    )
    return bavail * bsize
  }

  async namesOf(recordingId: string): Promise<string[]> {
    const names = await guarded('the recordings folder cannot be read', () => readdir(this.#directory))
    return names.filter((name) => name.startsWith(`${recordingId}_`) && namePattern.test(name)).sort()
  }

  async mend(name: string): Promise<RecordingFile | undefined> {
    const path = this.pathOf(name)
    if ((await this.size(name)) === undefined) return undefined
    const outcome = await repairRecording(path)
    if (outcome.kind === 'unreadable') return undefined
    const { bytes, durationMs } = outcome
    return { name, bytes, duration_ms: durationMs, sha256: await this.#hash(path) }
  }

  async join(
    name: string,
    parts: readonly { readonly name: string; readonly gapMs: number }[],
  ): Promise<RecordingFile | undefined> {
    await guarded(`the parts of ${name} cannot be joined`, () =>
      joinRecordings(
        this.pathOf(name),
        parts.map((part) => ({ path: this.pathOf(part.name), gapMs: part.gapMs })),
      ),
    )
    await this.remove(parts.map((part) => part.name).filter((part) => part !== name))
    return this.mend(name)
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = this.pathOf(name)
      await guarded(`${name} cannot be removed`, () => rm(path, { force: true }))
    }
  }

  async size(name: string): Promise<number | undefined> {
    const path = this.pathOf(name)
    const found = await guarded(`${name} cannot be looked at`, () =>
      stat(path).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      }),
    )
    return found?.size
  }

  async *read(name: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    // Opened first, so that a file that is gone says so before anything is sent of it.
    const file = await guarded(`${name} cannot be opened`, () => open(this.pathOf(name)))
    const stream = createReadStream('', { fd: file, start, end })
    for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk
  }

  #hash(path: string): Promise<string> {
    return guarded(`${path} cannot be read`, () => hashFile(path))
  }
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Bug) throw cause
    throw new OperationalError(`${what} (${codeOf(cause)})`, { cause, retryable: true })
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
