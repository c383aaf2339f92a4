// The records of all fetched addresses: in memory to be asked, on disk for the next process.
import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import { type CacheRecord, parseRecord } from './audio-cache-record.ts'

export class AudioCacheIndex {
  readonly #directory: string
  readonly #log: Log
  readonly #byKey = new Map<string, CacheRecord>()
  readonly #keyOfFile = new Map<string, string>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(directory: string, log: Log) {
    this.#directory = directory
    this.#log = log
  }

  /** Reads what an earlier process wrote; what cannot be read is removed. */
  async load(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#directory)) {
      const record = parseRecord(await readFile(this.#path(name), 'utf8'))
      if (record && `${record.key}.json` === name) this.#hold(record)
      else await unlink(this.#path(name))
    }
  }

  get(key: string): CacheRecord | undefined {
    return this.#byKey.get(key)
  }

  hasFile(file: string): boolean {
    return this.#keyOfFile.has(file)
  }

  records(): IterableIterator<CacheRecord> {
    return this.#byKey.values()
  }

  /** @param lasting whether the next process may know it */
  set(record: CacheRecord, lasting: boolean): void {
    this.#hold(record)
    this.#write(record.key, lasting ? JSON.stringify(record) : undefined)
  }

  drop(key: string): void {
    const record = this.#byKey.get(key)
    if (!record) return
    this.#byKey.delete(key)
    this.#keyOfFile.delete(record.file)
    this.#write(key, undefined)
  }

  /** The file is no more: forgets the address that it was for. */
  dropFile(file: string): void {
    const key = this.#keyOfFile.get(file)
    if (key !== undefined) this.drop(key)
  }

  /** Resolves when everything is on disk. */
  async settled(): Promise<void> {
    await this.#last
  }

  #hold(record: CacheRecord): void {
    const before = this.#byKey.get(record.key)
    if (before) this.#keyOfFile.delete(before.file)
    this.#byKey.set(record.key, record)
    this.#keyOfFile.set(record.file, record.key)
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }

  /** One after another. A record that is not written costs a fetch after the next start, no more. */
  #write(key: string, text: string | undefined): void {
    const path = this.#path(`${key}.json`)
    const step = async (): Promise<void> => {
      if (text === undefined) {
        await unlink(path).catch(() => undefined)
        return
      }
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
    }
    this.#last = this.#last.then(step).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'the record of a cached address was not stored')
    })
  }
}
