// A folder of finished audio files, bounded in octets: the least recently used go first, those that a call may still open never.
import { mkdir, readdir, rename, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { OperationalError, PartylineError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/time.ts'

export interface CacheFolderOptions {
  readonly directory: string
  /** Octets to keep. Files in use may take as much again; beyond that nothing is added. */
  readonly maxBytes: number
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  /** Told of every file that is no more. */
  readonly removed?: (name: string) => void
}

/** How long a file stays after it was last handed out, even when whoever asked is gone. */
const graceMs = 60_000
/** How long a new file waits for whoever asked for it. */
const pickUpMs = 5000
/** The time of use on disk, which decides after a restart, is this exact. */
const touchMs = 60_000
const unfinished = '.part'

interface Entry {
  readonly bytes: number
  usedAt: number
  touchedAt: number
  /** Signals of those who may still open it. A flow that is over is collected, and its signal with it. */
  readonly users: Set<WeakRef<AbortSignal>>
}

export class CacheFolder {
  readonly #options: CacheFolderOptions
  /** By name; the least recently used first. */
  readonly #entries = new Map<string, Entry>()
  readonly #ready: Promise<void>
  #bytes = 0
  /** Renames and removals follow one another, so that no removal meets a new file of the same name. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: CacheFolderOptions) {
    this.#options = options
    this.#ready = this.#scan().catch(failDisk)
    // Whoever asks for a file is told.
    this.#ready.catch(() => undefined)
  }

  /** Resolves when the folder can be used; rejects when it cannot. */
  get ready(): Promise<void> {
    return this.#ready
  }

  get bytes(): number {
    return this.#bytes
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  get names(): IterableIterator<string> {
    return this.#entries.keys()
  }

  /** The path of a file, which stays until the signal aborts or is forgotten; undefined when there is none. */
  use(name: string, signal: AbortSignal): string | undefined {
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    const now = this.#options.clock.now()
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    entry.usedAt = now
    forgetDone(entry)
    entry.users.add(new WeakRef(signal))
    if (now - entry.touchedAt > touchMs) this.#touch(name, entry)
    return this.#path(name)
  }

  /** Where a new file is to be written before it is kept. */
  newPath(): string {
    return this.#path(`${newUuid()}${unfinished}`)
  }

  /** Takes over a finished file, and makes room. Throws OperationalError when files in use leave none. */
  async keep(path: string, name: string): Promise<void> {
    await this.#ready
    return this.#inTurn(() => this.#keep(path, name)).catch(failDisk)
  }

  /** Removes a file that has been replaced, unless it is in use: then it goes in its time. */
  async retire(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const entry = this.#entries.get(name)
      if (entry && !this.#inUse(entry)) await this.#remove(name)
    })
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#inTurn(async () => undefined)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  async #keep(path: string, name: string): Promise<void> {
    const { size } = await stat(path)
    await this.#makeRoom(size)
    if (this.#bytes + size > 2 * this.#options.maxBytes) {
      await unlink(path)
      throw new OperationalError('The cache of audio files is full of files in use', { retryable: true })
    }
    await rename(path, this.#path(name))
    this.#forget(name)
    this.#add(name, size, this.#options.clock.now())
  }

  async #remove(name: string): Promise<void> {
    this.#forget(name)
    this.#options.removed?.(name)
    await unlink(this.#path(name)).catch((error: unknown) => {
      this.#options.log.warn({ err: error, file: name }, 'a cached audio file could not be removed')
    })
  }

  #path(name: string): string {
    return join(this.#options.directory, name)
  }

  #add(name: string, bytes: number, usedAt: number): void {
    this.#entries.set(name, { bytes, usedAt, touchedAt: usedAt, users: new Set() })
    this.#bytes += bytes
  }

  #forget(name: string): void {
    const entry = this.#entries.get(name)
    if (!entry) return
    this.#entries.delete(name)
    this.#bytes -= entry.bytes
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const [name, entry] of [...this.#entries]) {
      if (this.#bytes + bytes <= this.#options.maxBytes) return
      if (!this.#inUse(entry)) await this.#remove(name)
    }
  }

  #inUse(entry: Entry): boolean {
    const unusedMs = this.#options.clock.now() - entry.usedAt
    if (unusedMs < (entry.users.size > 0 ? graceMs : pickUpMs)) return true
    forgetDone(entry)
    return entry.users.size > 0
  }

  #touch(name: string, entry: Entry): void {
    entry.touchedAt = this.#options.clock.now()
    const now = new Date()
    utimes(this.#path(name), now, now).catch((error: unknown) => {
      this.#options.log.debug({ err: error }, 'time of use of a cached audio file was not stored')
    })
  }

  /** What an earlier process left: finished files by the time of their last use, unfinished ones to be removed. */
  async #scan(): Promise<void> {
    const { directory } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const found: { readonly name: string; readonly bytes: number; readonly usedAt: number }[] = []
    for (const name of await readdir(directory)) {
      if (name.endsWith(unfinished)) await unlink(this.#path(name))
      else {
        const file = await stat(this.#path(name))
        if (file.isFile()) found.push({ name, bytes: file.size, usedAt: file.mtimeMs })
      }
    }
    for (const { name, bytes } of found.sort((one, other) => one.usedAt - other.usedAt))
      this.#add(name, bytes, Number.NEGATIVE_INFINITY)
    await this.#makeRoom(0)
  }
}

/** Rethrows: what the file system says is no fault of ours. */
export function failDisk(error: unknown): never {
  if (error instanceof PartylineError || !(error instanceof Error && 'syscall' in error)) throw error
  throw new OperationalError(`A cached audio file cannot be written: ${error.message}`, {
    retryable: true,
    cause: error,
  })
}

/** Those whose signal aborted, and those who are gone without that. */
function forgetDone(entry: Entry): void {
  for (const user of entry.users) {
    const signal = user.deref()
    if (signal === undefined || signal.aborted) entry.users.delete(user)
  }
}
