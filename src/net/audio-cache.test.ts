import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { type AudioCache, type AudioCacheLimits, type CachedAudio, createAudioCache } from './audio-cache.ts'
import { createManualClock, type ManualClock, never, startLocalServer } from './web-client.fixture.ts'
import { createAddressGuard } from './web-client-guard.ts'

let directory: string
let clock: ManualClock
const open: AudioCache[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'audio-cache-'))
  clock = createManualClock()
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()))
  rmSync(directory, { recursive: true })
})

function createCache(limits: Partial<AudioCacheLimits> = {}, allow = ['127.0.0.1']): AudioCache {
  const cache = createAudioCache({ directory, guard: createAddressGuard({ allow }), clock, log: silentLog, limits })
  open.push(cache)
  return cache
}

const contentOf = ({ path }: CachedAudio): string => readFileSync(path, 'utf8')
const audioFiles = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.audio'))

describe('fetching', () => {
  it('fetches once for fifty calls at the same time', async () => {
    await using server = await startLocalServer((_, response) => void response.end('sound'))
    const cache = createCache()
    const files = await Promise.all(Array.from({ length: 50 }, () => cache.open(`${server.url}/a.wav`, never)))
    expect(server.seen).toHaveLength(1)
    expect(new Set(files.map(({ path }) => path)).size).toBe(1)
    expect(files.map(contentOf)).toEqual(Array.from({ length: 50 }, () => 'sound'))
  })

  it('goes on for the others when one call hangs up, and stops with the last', async () => {
    const closed = Promise.withResolvers<void>()
    const held: (() => void)[] = []
    await using server = await startLocalServer((_, response) => {
      response.on('close', closed.resolve)
      held.push(() => response.end('sound'))
    })
    const cache = createCache()
    const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()]
    const first = cache.open(server.url, one.signal)
    const second = cache.open(server.url, two.signal)
    await server.reached(1)
    one.abort(new Error('hung up'))
    await expect(first).rejects.toThrow('hung up')
    held.shift()?.()
    expect(contentOf(await second)).toBe('sound')
    await closed.promise
    const alone = cache.open(`${server.url}/other`, three.signal)
    await server.reached(2)
    three.abort(new Error('hung up'))
    await expect(alone).rejects.toThrow('hung up')
    await cache.close()
    expect(audioFiles()).toHaveLength(1)
    expect(readdirSync(directory).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('refuses what the guard refuses', async () => {
    await using server = await startLocalServer((_, response) => void response.end('sound'))
    await expect(createCache({}, []).open(server.url, never)).rejects.toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' })
    await expect(createCache().open('file:///etc/passwd', never)).rejects.toMatchObject({ kind: 'user' })
    expect(server.seen).toHaveLength(0)
  })

  it.each([
    [404, 'user'],
    [403, 'user'],
    [204, 'user'],
    [500, 'operational'],
    [429, 'operational'],
  ])('answers %d with a %s error', async (status, kind) => {
    await using server = await startLocalServer((_, response) => void response.writeHead(status).end())
    const opened = createCache().open(server.url, never)
    await expect(opened).rejects.toMatchObject({ kind })
    await expect(opened).rejects.toThrow(`answered ${status} instead of audio`)
  })

  it.each([
    ['says so', { 'content-length': '101' }],
    ['does not say so', {}],
  ])('refuses a file over the limit that %s', async (_, headers) => {
    await using server = await startLocalServer(
      (_, response) => void response.writeHead(200, headers).end('x'.repeat(101)),
    )
    await expect(createCache({ maxFileBytes: 100 }).open(server.url, never)).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
    })
    expect(readdirSync(directory)).toEqual(['records'])
  })

  it('gives up on a server that is silent for ten seconds, and on one that drips for a minute', async () => {
    const dripping = Promise.withResolvers<() => void>()
    await using server = await startLocalServer(({ path }, response) => {
      if (path === '/drip') dripping.resolve(() => void response.write('x'))
    })
    const cache = createCache()
    const silent = cache.open(`${server.url}/silent`, never)
    await server.reached(1)
    clock.advance(10_000)
    await expect(silent).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    const slow = cache.open(`${server.url}/drip`, never)
    const drip = await dripping.promise
    drip()
    clock.advance(60_000)
    await expect(slow).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
  })

  it('tells a folder that cannot be used from a fault', async () => {
    writeFileSync(join(directory, 'file'), '')
    const cache = createAudioCache({
      directory: join(directory, 'file', 'folder'),
      guard: createAddressGuard({ allow: [] }),
      clock,
      log: silentLog,
    })
    await expect(cache.open('http://example.com/', never)).rejects.toMatchObject({ kind: 'operational' })
    await cache.close()
  })

  it('tells when nobody listens', async () => {
    const server = await startLocalServer(() => undefined)
    await server[Symbol.asyncDispose]()
    await expect(createCache().open(server.url, never)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('asking again', () => {
  it('asks only when max-age is over, and then by ETag', async () => {
    await using server = await startLocalServer(({ headers }, response) => {
      const same = headers['if-none-match'] === '"one"'
      response.writeHead(same ? 304 : 200, { etag: '"one"', 'cache-control': 'max-age=100' }).end(same ? '' : 'sound')
    })
    const cache = createCache()
    const { path } = await cache.open(server.url, never)
    clock.advance(99_000)
    await cache.open(server.url, never)
    expect(server.seen).toHaveLength(1)
    clock.advance(2000)
    expect(await cache.open(server.url, never)).toEqual({ kind: 'file', path })
    expect(server.seen).toHaveLength(2)
    clock.advance(99_000)
    await cache.open(server.url, never)
    expect(server.seen).toHaveLength(2)
  })

  it('plays the new sound once the old one is replaced, and leaves the old file to who plays it', async () => {
    let sound = 'old'
    await using server = await startLocalServer((_, response) => {
      response
        .writeHead(200, { 'cache-control': 'no-cache', 'last-modified': 'Fri, 15 Jan 2027 08:00:00 GMT' })
        .end(sound)
    })
    const cache = createCache()
    const playing = new AbortController()
    const old = await cache.open(server.url, playing.signal)
    sound = 'new'
    expect(contentOf(await cache.open(server.url, never))).toBe('new')
    expect(contentOf(old)).toBe('old')
    expect(server.seen[1]?.headers['if-modified-since']).toBe('Fri, 15 Jan 2027 08:00:00 GMT')
  })

  it('keeps nothing for others that may not be stored', async () => {
    await using server = await startLocalServer((_, response) => {
      response.writeHead(200, { 'cache-control': 'no-store', etag: '"one"' }).end('sound')
    })
    const cache = createCache()
    await cache.open(server.url, never)
    await cache.open(server.url, never)
    expect(server.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined])
    await cache.close()
    expect(readdirSync(join(directory, 'records'))).toEqual([])
  })

  it('plays an old copy while its server fails, unless the server forbade it', async () => {
    let [status, control] = [200, 'max-age=1']
    await using server = await startLocalServer((_, response) => {
      response.writeHead(status, { 'cache-control': control }).end('sound')
    })
    const cache = createCache()
    await cache.open(`${server.url}/lenient`, never)
    control = 'max-age=1, must-revalidate'
    await cache.open(`${server.url}/strict`, never)
    status = 503
    clock.advance(2000)
    expect(contentOf(await cache.open(`${server.url}/lenient`, never))).toBe('sound')
    await expect(cache.open(`${server.url}/strict`, never)).rejects.toThrow('503')
    // For a while the failing server is left alone.
    await cache.open(`${server.url}/lenient`, never)
    expect(server.seen).toHaveLength(4)
  })

  it('knows after a restart what it fetched before', async () => {
    await using server = await startLocalServer((_, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=1000' }).end('sound')
    })
    const before = createCache()
    await before.open(server.url, never)
    await before.close()
    expect(contentOf(await createCache().open(server.url, never))).toBe('sound')
    expect(server.seen).toHaveLength(1)
  })
})

describe('room', () => {
  it('removes the least recently used, and never what a call still plays', async () => {
    await using server = await startLocalServer((_, response) => void response.end('x'.repeat(40)))
    const cache = createCache({ maxBytes: 100 })
    const [playing, over] = [new AbortController(), new AbortController()]
    const kept = await cache.open(`${server.url}/playing`, playing.signal)
    await cache.open(`${server.url}/over`, over.signal)
    over.abort()
    clock.advance(61_000)
    const third = await cache.open(`${server.url}/third`, playing.signal)
    await cache.close()
    const left = audioFiles().map((name) => join(directory, name))
    expect(left.sort()).toEqual([kept.path, third.path].sort())
  })

  it('takes nothing more when twice the room is in use', async () => {
    await using server = await startLocalServer((_, response) => void response.end('x'.repeat(40)))
    const cache = createCache({ maxBytes: 60 })
    const files = ['a', 'b', 'c'].map((name) => `${server.url}/${name}`)
    for (const url of files) await cache.open(url, never)
    await expect(cache.open(`${server.url}/d`, never)).rejects.toMatchObject({ kind: 'operational', retryable: true })
    expect(audioFiles()).toHaveLength(3)
  })
})
