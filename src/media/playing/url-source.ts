// Octets from an address, a piece at a time: nothing is fetched ahead of what is decoded, and everything has a limit.
// Which addresses are allowed is decided by the `fetch` that is passed in; it is asked again for every redirection.
import type { Clock } from '../../base/time.ts'
import type { ByteSource } from './byte-source.ts'
import { PlayFailure } from './play-failure.ts'

/** The part of `fetch` (Fetch Standard §5.4) that is used. It rejects addresses that it does not allow. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

export interface FetchInit {
  readonly redirect: 'manual'
  readonly signal: AbortSignal
  readonly headers: Readonly<Record<string, string>>
}

export interface UrlLimits {
  /** Octets of one fetch. */
  readonly maxBytes: number
  readonly maxRedirects: number
  /** Until the first octet of the body may be read, redirections included. */
  readonly connectMs: number
  /** Between two pieces of the body. */
  readonly idleMs: number
  /** From the first octet to the last; a stream without end ends then. */
  readonly maxMs: number
}

export const defaultUrlLimits: UrlLimits = {
  maxBytes: 256 * 2 ** 20,
  maxRedirects: 3,
  connectMs: 5000,
  idleMs: 10_000,
  maxMs: 4 * 3_600_000,
}

export interface UrlParts {
  readonly fetch: Fetch
  readonly clock: Pick<Clock, 'after' | 'now'>
  readonly limits?: UrlLimits
}

const redirections = new Set([301, 302, 303, 307, 308])
/** A piece of a body is cut to this, so that no server decides how much is decoded at a time. */
const pieceBytes = 16_384

/** Throws PlayFailure. */
export async function openUrlSource(url: string, parts: UrlParts): Promise<ByteSource> {
  const limits = parts.limits ?? defaultUrlLimits
  const abort = new AbortController()
  const response = await within({ ms: limits.connectMs, abort, clock: parts.clock }, () =>
    follow(url, { ...parts, limits }, abort.signal),
  )
  if (!response.ok || !response.body) {
    abort.abort()
    const missing = response.status === 404 || response.status === 410
    throw new PlayFailure(missing ? 'not_found' : 'unreachable', `${url} answered ${response.status}.`)
  }
  const declared = Number(response.headers.get('content-length') ?? 0)
  if (declared > limits.maxBytes) {
    abort.abort()
    throw tooLarge(url, limits)
  }
  return new BodySource(url, response.body.getReader(), { limits, abort, clock: parts.clock })
}

const tooLarge = (url: string, limits: UrlLimits): PlayFailure =>
  new PlayFailure('too_large', `${url} is larger than ${limits.maxBytes} octets.`)

async function follow(
  url: string,
  parts: UrlParts & { readonly limits: UrlLimits },
  signal: AbortSignal,
): Promise<Response> {
  let at = url
  for (let hop = 0; hop <= parts.limits.maxRedirects; hop += 1) {
    const target = URL.parse(at)
    if (target?.protocol !== 'http:' && target?.protocol !== 'https:')
      throw new PlayFailure('refused', `${at} is no address of http or https.`)
    const headers = { accept: 'audio/*, application/ogg;q=0.9, */*;q=0.1' }
    const response = await parts.fetch(target.href, { redirect: 'manual', signal, headers })
    const location = response.headers.get('location')
    if (!redirections.has(response.status) || location === null) return response
    await response.body?.cancel()
    at = URL.parse(location, target.href)?.href ?? location
  }
  throw new PlayFailure('refused', `${url} redirects more than ${parts.limits.maxRedirects} times.`)
}

interface Deadline {
  readonly ms: number
  readonly abort: AbortController
  readonly clock: Pick<Clock, 'after' | 'now'>
}

/** Runs a step that must end in time; whatever else goes wrong is the far end's. */
async function within<T>(deadline: Deadline, step: () => Promise<T>): Promise<T> {
  let late = (): void => undefined
  const timeout = new Promise<never>((_, reject) => {
    late = () => reject(new PlayFailure('timeout', `Nothing came within ${deadline.ms} ms.`))
  })
  const timer = deadline.clock.after(deadline.ms, () => {
    late()
    deadline.abort.abort()
  })
  try {
    return await Promise.race([step(), timeout])
  } catch (error) {
    deadline.abort.abort()
    if (error instanceof PlayFailure) throw error
    throw new PlayFailure('unreachable', describe(error))
  } finally {
    timer.cancel()
  }
}

/** `fetch` hides the reason in the cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

type BodyParts = { readonly limits: UrlLimits } & Omit<Deadline, 'ms'>

class BodySource implements ByteSource {
  readonly #url: string
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #parts: BodyParts
  readonly #openedAt: number
  #held: Uint8Array = new Uint8Array(0)
  #bytes = 0

  constructor(url: string, reader: ReadableStreamDefaultReader<Uint8Array>, parts: BodyParts) {
    this.#url = url
    this.#reader = reader
    this.#parts = parts
    this.#openedAt = parts.clock.now()
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      const { limits, abort, clock } = this.#parts
      if (clock.now() - this.#openedAt > limits.maxMs)
        throw new PlayFailure('timeout', `${this.#url} has no end within ${limits.maxMs} ms.`)
      const { done, value } = await within({ ms: limits.idleMs, abort, clock }, () => this.#reader.read())
      if (done) return undefined
      this.#held = value
      this.#bytes += value.length
      if (this.#bytes > limits.maxBytes) {
        abort.abort()
        throw tooLarge(this.#url, limits)
      }
    }
    const piece = this.#held.subarray(0, pieceBytes)
    this.#held = this.#held.subarray(piece.length)
    return piece
  }

  async close(): Promise<void> {
    this.#parts.abort.abort()
    await this.#reader.cancel().catch(() => undefined)
  }
}
