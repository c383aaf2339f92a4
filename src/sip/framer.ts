// Cuts messages out of a byte stream by Content-Length (RFC 3261 §7.5, §18.3) and counts keep-alives (RFC 5626 §4.4.1). One per connection.
import { isToken, parseDecimal, trimSpace } from './grammar.ts'
import { decodeText, headEnd, longestMessage, unfoldedLines } from './head-section.ts'
import { canonicalName } from './header-names.ts'

export interface Framed {
  /** Whole messages, oldest first, copied out of the stream. */
  readonly messages: Uint8Array[]
  /** CRLFCRLF keep-alives, each to be answered by one CRLF. */
  readonly pings: number
  /** Set once the stream can no longer be cut: close the connection. A short word for a counter. */
  readonly error?: string
}

const CR = 13
const LF = 10

export class StreamFramer {
  #buffer = new Uint8Array(4096)
  #length = 0
  /** Header section already searched for its end. */
  #scanned = 0
  /** Line ends since the last message; two are a ping. */
  #lineEnds = 0
  /** Size of the message at the buffer's start, once its header section is complete. */
  #needed: number | undefined
  #error: string | undefined

  /** Bytes kept back for an unfinished message; at most one message. */
  get pendingBytes(): number {
    return this.#length
  }

  push(bytes: Uint8Array): Framed {
    const messages: Uint8Array[] = []
    let pings = 0
    let offset = 0
    while (this.#error === undefined && offset < bytes.length) {
      const room = longestMessage - this.#length
      const chunk = bytes.subarray(offset, offset + room)
      offset += chunk.length
      this.#append(chunk)
      pings += this.#cut(messages)
      if (this.#error === undefined && this.#length >= longestMessage) this.#error = 'too-long'
    }
    if (this.#error === undefined) return { messages, pings }
    this.#length = 0
    this.#buffer = new Uint8Array(0)
    return { messages, pings, error: this.#error }
  }

  #append(chunk: Uint8Array): void {
    const wanted = this.#length + chunk.length
    if (wanted > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(wanted, this.#buffer.length * 2))
      larger.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = larger
    }
    this.#buffer.set(chunk, this.#length)
    this.#length = wanted
  }

  /** Moves every whole message into `messages`; returns the pings between them. */
  #cut(messages: Uint8Array[]): number {
    let pings = 0
    let start = 0
    for (;;) {
      if (this.#needed === undefined) {
        const skipped = this.#skipLineEnds(start)
        start = skipped.start
        pings += skipped.pings
        this.#needed = this.#measure(start)
      }
      if (this.#needed === undefined || start + this.#needed > this.#length) break
      messages.push(this.#buffer.slice(start, start + this.#needed))
      start += this.#needed
      this.#forget()
    }
    this.#buffer.copyWithin(0, start, this.#length)
    this.#length -= start
    this.#scanned = Math.max(0, this.#scanned - start)
    return pings
  }

  #forget(): void {
    this.#needed = undefined
    this.#scanned = 0
    this.#lineEnds = 0
  }

  #skipLineEnds(from: number): { start: number; pings: number } {
    let start = from
    let pings = 0
    while (start < this.#length) {
      const byte = this.#buffer[start]
      if (byte === CR && start + 1 === this.#length) break
      const size = byte === LF ? 1 : byte === CR && this.#buffer[start + 1] === LF ? 2 : 0
      if (size === 0) break
      start += size
      this.#lineEnds += 1
      if (this.#lineEnds === 2) {
        pings += 1
        this.#lineEnds = 0
      }
    }
    return { start, pings }
  }

  /** Size of the message at `start`, or undefined while its header section is incomplete or when it cannot be told. */
  #measure(start: number): number | undefined {
    const view = this.#buffer.subarray(start, this.#length)
    const end = headEnd(view, Math.max(0, this.#scanned - start))
    if (end < 0) {
      this.#scanned = Math.max(start, this.#length - 3)
      return undefined
    }
    const length = contentLength(view.subarray(0, end))
    if (typeof length === 'string') {
      this.#error = length
      return undefined
    }
    if (end + length <= longestMessage) return end + length
    this.#error = 'too-long'
    return undefined
  }
}

/** The one Content-Length of a header section, or why there is none to trust. */
function contentLength(head: Uint8Array): number | string {
  const lines = unfoldedLines(decodeText(head).text)
  if (lines === undefined) return 'bare-cr'
  let found: number | undefined
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trimEnd()
    if (!isToken(name) || canonicalName(name) !== 'Content-Length') continue
    const value = parseDecimal(trimSpace(line.slice(colon + 1)), Number.MAX_SAFE_INTEGER)
    if (value === undefined) return 'bad-content-length'
    if (found !== undefined && found !== value) return 'repeated-content-length'
    found = value
  }
  return found ?? 'missing-content-length'
}
