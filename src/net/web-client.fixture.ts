// For tests of what reaches outside: a web server on 127.0.0.1 that keeps what it was asked, and a clock that a test moves.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock, Timer } from '../base/time.ts'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer = (seen: Seen, response: ServerResponse) => void | Promise<void>

export interface LocalServer extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly seen: readonly Seen[]
  /** Resolves when so many requests have come. */
  reached(count: number): Promise<void>
}

export async function startLocalServer(answer: Answer): Promise<LocalServer> {
  const seen: Seen[] = []
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => void serve(request, response))
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const piece of request) body += String(piece)
    const entry = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    seen.push(entry)
    for (const look of waiting.splice(0)) look()
    await answer(entry, response)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    seen,
    async reached(count) {
      while (seen.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface ManualClock extends Clock {
  /** Lets so many milliseconds pass, and calls what is due. */
  advance(ms: number): void
}

export function createManualClock(): ManualClock {
  const timers = new Map<object, { readonly at: number; readonly run: () => void }>()
  let now = 0
  return {
    now: () => now,
    wallMicros: () => 1_800_000_000_000_000 + now * 1000,
    after(ms, run): Timer {
      const key = {}
      timers.set(key, { at: now + ms, run })
      return { cancel: () => void timers.delete(key) }
    },
    advance(ms) {
      now += ms
      for (const [key, { at, run }] of [...timers]) {
        if (at > now) continue
        timers.delete(key)
        run()
      }
    },
  }
}

export const never = new AbortController().signal
