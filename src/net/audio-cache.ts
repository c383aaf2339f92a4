// Audio that flows play from addresses: fetched once for all calls that play it, kept on disk, asked for again when it is no longer fresh (RFC 9111).
import { createHash } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { classify, OperationalError, UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/time.ts'
import { SharedWork } from './audio-cache-flight.ts'
import { CacheFolder, failDisk } from './audio-cache-folder.ts'
import { conditionsOf, freshnessOf } from './audio-cache-freshness.ts'
import { AudioCacheIndex } from './audio-cache-index.ts'
import type { CacheRecord } from './audio-cache-record.ts'
import { withDeadline } from './web-client-deadline.ts'
import type { AddressGuard } from './web-client-guard.ts'
import { hostOf, type OpenResponse, sendRequest, webUrl } from './web-client-request.ts'
import { CustomerSlots } from './web-client-slots.ts'

export interface AudioCacheLimits {
  /** Octets of all files together. */
  readonly maxBytes: number
  /** Octets of one file. */
  readonly maxFileBytes: number
  /** Until the head of the response, and between two pieces of its body. */
  readonly idleMs: number
  /** From the first step to the last octet. */
  readonly totalMs: number
  readonly maxRedirects: number
  /** Downloads that one customer may have begun at once, and those that wait behind them. */
  readonly perCustomer: number
  readonly waiting: number
}

export const defaultAudioCacheLimits: AudioCacheLimits = {
  maxBytes: 2 ** 30,
  maxFileBytes: 50 * 2 ** 20,
  idleMs: 10_000,
  totalMs: 60_000,
  maxRedirects: 3,
  perCustomer: 8,
  waiting: 64,
}

/** How long an old copy serves after its origin failed, before the origin is asked again. */
const staleMs = 30_000

export interface AudioCacheOptions {
  /** For this cache alone: what it does not know is removed from it. */
  readonly directory: string
  readonly guard: AddressGuard
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<AudioCacheLimits>
}

export interface CachedAudio {
  readonly kind: 'file'
  readonly path: string
}

export interface AudioCache {
  /**
   * A file with what the address holds; it stays until `signal` aborts or is forgotten.
   * Throws UserError for an address that is refused, not there or too large, OperationalError when its server fails or is too slow.
   */
  open(url: string, signal: AbortSignal, customerId?: string): Promise<CachedAudio>
  /** Cuts downloads short, and resolves when the disk is at rest. */
  close(): Promise<void>
}

export function createAudioCache(options: AudioCacheOptions): AudioCache {
  return new DiskAudioCache(options)
}

class DiskAudioCache implements AudioCache {
  readonly #options: AudioCacheOptions
  readonly #limits: AudioCacheLimits
  readonly #folder: CacheFolder
  readonly #index: AudioCacheIndex
  readonly #work = new SharedWork<string>()
  readonly #slots: CustomerSlots
  readonly #closing = new AbortController()
  readonly #ready: Promise<void>

  constructor(options: AudioCacheOptions) {
    const { directory, clock, log } = options
    this.#options = options
    this.#limits = { ...defaultAudioCacheLimits, ...options.limits }
    this.#slots = new CustomerSlots({ running: this.#limits.perCustomer, waiting: this.#limits.waiting })
    this.#index = new AudioCacheIndex(join(directory, 'records'), log)
    const removed = (file: string): void => this.#index.dropFile(file)
    this.#folder = new CacheFolder({ directory, maxBytes: this.#limits.maxBytes, clock, log, removed })
    this.#ready = this.#load().catch(failDisk)
    // Whoever asks is told.
    this.#ready.catch(() => undefined)
  }

  async open(url: string, signal: AbortSignal, customerId = ''): Promise<CachedAudio> {
    const target = webUrl(url)
    target.hash = ''
    await this.#ready
    const key = createHash('sha256').update(target.href).digest('hex')
    const request = { key, url: target.href, customerId }
    const file = await this.#work.run(key, signal, (common) =>
      this.#obtain(request, AbortSignal.any([common, this.#closing.signal])),
    )
    const path = this.#folder.use(file, signal)
    if (path === undefined) throw new OperationalError('The cache of audio files is full', { retryable: true })
    return { kind: 'file', path }
  }

  async close(): Promise<void> {
    this.#closing.abort(new OperationalError('The server is closing', { retryable: true }))
    await this.#ready.catch(() => undefined)
    await this.#folder.settled()
    await this.#index.settled()
  }

  /** Files and records of an earlier process belong together, or go. */
  async #load(): Promise<void> {
    await this.#index.load()
    await this.#folder.ready
    for (const { key, file } of [...this.#index.records()]) if (!this.#folder.has(file)) this.#index.drop(key)
    for (const file of [...this.#folder.names]) if (!this.#index.hasFile(file)) await this.#folder.retire(file)
  }

  #now(): number {
    return this.#options.clock.wallMicros() / 1000
  }

  /** Name of the file that holds the address now. */
  async #obtain(request: Wanted, signal: AbortSignal): Promise<string> {
    const known = this.#index.get(request.key)
    const record = known && this.#folder.has(known.file) ? known : undefined
    if (record && this.#now() < record.freshUntil) return record.file
    try {
      return await this.#ask(request, record, signal)
    } catch (error) {
      if (!record?.usableStale || signal.aborted || classify(error).kind !== 'operational') throw error
      this.#index.set({ ...record, freshUntil: this.#now() + staleMs }, true)
      this.#options.log.warn({ host: hostOf(request.url), err: error }, 'audio is played from an old copy')
      return record.file
    }
  }

  async #ask(request: Wanted, record: CacheRecord | undefined, signal: AbortSignal): Promise<string> {
    const { clock } = this.#options
    const what = hostOf(request.url)
    const total = { clock, ms: this.#limits.totalMs, signal, what }
    return withDeadline(total, async (inTime) => {
      const release = await this.#slots.take(request.customerId, inTime)
      try {
        const idle = { clock, ms: this.#limits.idleMs, signal: inTime, what }
        return await withDeadline(idle, (alive, again) => this.#exchange({ ...request, record }, { alive, again }))
      } finally {
        release()
      }
    })
  }

  async #exchange(request: Wanted & { readonly record: CacheRecord | undefined }, watch: Watch): Promise<string> {
    const { record, key, url } = request
    const conditions = record ? conditionsOf(record) : {}
    const headers = { accept: 'audio/*, application/ogg;q=0.9, */*;q=0.1', ...conditions }
    const { guard } = this.#options
    const options = { guard, maxRedirects: this.#limits.maxRedirects, signal: watch.alive }
    const response = await sendRequest({ url, method: 'GET', headers }, options)
    watch.again()
    if (response.status === 304 && record) {
      response.close()
      this.#remember({ ...record }, response)
      return record.file
    }
    if (response.status !== 200) {
      response.close()
      if (response.status === 404 || response.status === 410) this.#index.drop(key)
      throw refusal(response.status, hostOf(url))
    }
    const file = `${newUuid()}.audio`
    await this.#download(response, { file, host: hostOf(url), again: watch.again })
    this.#remember({ key, file, etag: '', lastModified: '', freshUntil: 0, usableStale: false }, response)
    if (record) await this.#folder.retire(record.file)
    return file
  }

  /** A 304 may repeat the validators or leave them out (RFC 9110 §15.4.5). */
  #remember(record: CacheRecord, { headers }: OpenResponse): void {
    const { freshMs, storable, usableStale } = freshnessOf(headers, this.#now())
    const etag = storable ? (headers.etag ?? record.etag) : ''
    const lastModified = storable ? (headers['last-modified'] ?? record.lastModified) : ''
    this.#index.set({ ...record, etag, lastModified, freshUntil: this.#now() + freshMs, usableStale }, storable)
  }

  async #download(response: OpenResponse, to: Download): Promise<void> {
    const { maxFileBytes } = this.#limits
    const path = this.#folder.newPath()
    const out = await open(path, 'wx', 0o600).catch((error: unknown) => {
      response.close()
      return failDisk(error)
    })
    try {
      let length = Number(response.headers['content-length'] ?? 0)
      if (length > maxFileBytes) throw tooLarge(to.host, maxFileBytes)
      length = 0
      for await (const piece of response.body()) {
        to.again()
        length += piece.length
        if (length > maxFileBytes) throw tooLarge(to.host, maxFileBytes)
        await out.writeFile(piece)
      }
      await out.close()
      await this.#folder.keep(path, to.file)
    } catch (error) {
      response.close()
      await out.close().catch(() => undefined)
      await unlink(path).catch(() => undefined)
      failDisk(error)
    }
  }
}

interface Wanted {
  readonly key: string
  readonly url: string
  readonly customerId: string
}

interface Watch {
  readonly alive: AbortSignal
  /** Something came: the idle time begins anew. */
  readonly again: () => void
}

interface Download {
  readonly file: string
  readonly host: string
  readonly again: () => void
}

const tooLarge = (host: string, maxBytes: number): UserError =>
  new UserError('BODY_TOO_LARGE', `${host} has more than ${maxBytes} octets of audio`)

function refusal(status: number, host: string): Error {
  const message = `${host} answered ${status} instead of audio`
  const passing = status >= 500 || status === 408 || status === 429
  return passing ? new OperationalError(message, { retryable: true }) : new UserError('INVALID_ARGUMENT', message)
}
