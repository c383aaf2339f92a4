import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { threadClock } from '../thread-clock.ts'
import type { ByteSource } from './byte-source.ts'
import { fetchMedia } from './plain-fetch.ts'
import { bytesSource, pumpAll, toneWav } from './playing.fixture.ts'
import { repeatedSource } from './repeated-source.ts'
import { defaultUrlLimits, type Fetch, openUrlSource, type UrlLimits } from './url-source.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let server: Server
let base = ''
let answer: Answer = () => undefined
beforeEach(async () => {
  server = createServer((request, response) => answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function fetched(path: string, limits: Partial<UrlLimits> = {}, fetch: Fetch = fetchMedia): Promise<Buffer> {
  const parts = { fetch, clock: threadClock, limits: { ...defaultUrlLimits, ...limits } }
  const source = await openUrlSource(new URL(path, base).href, parts)
  const pieces: Uint8Array[] = []
  try {
    for (let piece = await source.read(); piece; piece = await source.read()) {
      expect(piece.length).toBeLessThanOrEqual(16_384)
      pieces.push(piece)
    }
  } finally {
    await source.close()
  }
  return Buffer.concat(pieces)
}

describe('a source behind an address', () => {
  it('gives the body in pieces', async () => {
    const body = Buffer.alloc(100_000, 'abc')
    answer = (_, response) => response.end(body)
    expect(await fetched('/a')).toEqual(body)
  })

  it('follows three redirections, asking about each, and no more', async () => {
    answer = ({ url = '' }, response) => {
      const hop = Number(url.slice(1))
      if (hop === 0) response.end('there')
      else response.writeHead(302, { location: `/${hop - 1}` }).end()
    }
    const asked: string[] = []
    const fetch: Fetch = (url, init) => {
      asked.push(new URL(url).pathname)
      return fetchMedia(url, init)
    }
    expect((await fetched('/3', {}, fetch)).toString()).toBe('there')
    expect(asked).toEqual(['/3', '/2', '/1', '/0'])
    await expect(fetched('/4')).rejects.toMatchObject({ reason: 'refused' })
  })

  it('goes nowhere but to http and https', async () => {
    await expect(fetched('file:///etc/passwd')).rejects.toMatchObject({ reason: 'refused' })
    answer = (_, response) => response.writeHead(302, { location: 'data:,x' }).end()
    await expect(fetched('/')).rejects.toMatchObject({ reason: 'refused' })
  })

  it('tells what is not there from what does not answer', async () => {
    answer = ({ url }, response) => response.writeHead(url === '/gone' ? 404 : 500).end()
    await expect(fetched('/gone')).rejects.toMatchObject({ reason: 'not_found' })
    await expect(fetched('/broken')).rejects.toMatchObject({ reason: 'unreachable' })
    answer = ({ socket }) => socket.destroy()
    await expect(fetched('/')).rejects.toMatchObject({ reason: 'unreachable' })
  })

  it('refuses what says that it is too large, and stops what turns out to be', async () => {
    let written = 0
    answer = ({ url }, response) => {
      if (url === '/said') {
        response.writeHead(200, { 'content-length': 100_001 }).end(Buffer.alloc(100_001))
        return
      }
      const more = (): void => {
        written += 10_000
        if (!response.destroyed) response.write(Buffer.alloc(10_000), () => setImmediate(more))
      }
      more()
    }
    await expect(fetched('/said', { maxBytes: 100_000 })).rejects.toMatchObject({ reason: 'too_large' })
    await expect(fetched('/endless', { maxBytes: 100_000 })).rejects.toMatchObject({ reason: 'too_large' })
    expect(written).toBeGreaterThan(100_000)
  })

  it('waits for an answer, and between pieces, no longer than allowed', async () => {
    answer = ({ url }, response) => {
      if (url === '/stalls') response.write('some')
    }
    await expect(fetched('/silent', { connectMs: 50 })).rejects.toMatchObject({ reason: 'timeout' })
    await expect(fetched('/stalls', { idleMs: 50 })).rejects.toMatchObject({ reason: 'timeout' })
    await expect(fetched('/stalls', { maxMs: -1 })).rejects.toMatchObject({ reason: 'timeout' })
  })
})

describe('a source that is repeated', () => {
  const source = (bytes: number): { opens: () => number; open: () => Promise<ByteSource> } => {
    let opened = 0
    return {
      opens: () => opened,
      open: async () => {
        opened += 1
        return bytesSource(new Uint8Array(bytes).fill(opened), 65_536)
      },
    }
  }
  const readAll = async (from: ByteSource): Promise<number> => {
    let bytes = 0
    for (let piece = await from.read(); piece; piece = await from.read()) bytes += piece.length
    await from.close()
    return bytes
  }

  it('is fetched once when it is little, and again when it is much or was not read to its end', async () => {
    const little = source(100_000)
    const openLittle = repeatedSource(little.open)
    await (await openLittle()).read()
    for (let turn = 0; turn < 3; turn += 1) expect(await readAll(await openLittle())).toBe(100_000)
    expect(little.opens()).toBe(2)
    const much = source(5_000_000)
    const openMuch = repeatedSource(much.open)
    for (let turn = 0; turn < 3; turn += 1) expect(await readAll(await openMuch())).toBe(5_000_000)
    expect(much.opens()).toBe(3)
  })

  it('is not repeated when there is next to nothing in it', async () => {
    const bytes = toneWav({ format: 1, bits: 16, rate: 8000, channels: 1 })
    const data = Buffer.from(bytes).indexOf('data')
    const short = bytes.slice(0, data + 8 + 800)
    new DataView(short.buffer).setUint32(data + 4, 800, true)
    const open = async (): Promise<ByteSource> => bytesSource(short)
    await expect(pumpAll(open, { rate: 8000, loop: true, mostSamples: 8000 })).rejects.toMatchObject({
      reason: 'unsupported',
    })
    expect((await pumpAll(open, { rate: 8000 })).length).toBe(480)
  })
})
