// An answer that is no JSON: a redirect, or octets of known length of which any range may be asked for (RFC 9110 §14).
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'

export class RawAnswer {
  readonly send: (request: FastifyRequest, reply: FastifyReply) => FastifyReply

  constructor(send: (request: FastifyRequest, reply: FastifyReply) => FastifyReply) {
    this.send = send
  }
}

/** 307 to another address, without a body. */
export const redirection = (location: string): RawAnswer =>
  new RawAnswer((_request, reply) =>
    reply.code(307).header('Location', location).header('Cache-Control', 'no-store').send(),
  )

export interface Octets {
  /** Name to save it under; ASCII without quotes. */
  readonly name: string
  readonly contentType: string
  readonly bytes: number
  /** Entity tag without its quotes. */
  readonly tag: string
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

/** All of it, or the one range that is asked for. Several ranges, and those of another version, get all of it. */
export const octets = (content: Octets): RawAnswer =>
  new RawAnswer((request, reply) => {
    const { name, contentType, bytes } = content
    const tag = `"${content.tag}"`
    reply.header('Accept-Ranges', 'bytes').header('Cache-Control', 'private, no-cache').header('ETag', tag)
    const { range, 'if-range': ifRange } = request.headers
    const wanted = ifRange === undefined || ifRange === tag ? rangeOf(range, bytes) : 'all'
    if (wanted === 'none') return reply.code(416).header('Content-Range', `bytes */${bytes}`).send()
    const { start, end } = wanted === 'all' ? { start: 0, end: bytes - 1 } : wanted
    if (wanted !== 'all') reply.code(206).header('Content-Range', `bytes ${start}-${end}/${bytes}`)
    return reply
      .type(contentType)
      .header('Content-Disposition', `attachment; filename="${name}"`)
      .header('Content-Length', String(end - start + 1))
      .send(Readable.from(content.read(start, end)))
  })

type Range = { readonly start: number; readonly end: number }

/** The single range of a Range header; `all` when there is none that can be read, `none` when it lies outside. */
export function rangeOf(header: string | undefined, bytes: number): Range | 'all' | 'none' {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') return Number(last) === 0 ? 'none' : { start: Math.max(0, bytes - Number(last)), end: bytes - 1 }
  const start = Number(first)
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (last !== '' && Number(last) < start) return 'all'
  return start >= bytes ? 'none' : { start, end }
}
