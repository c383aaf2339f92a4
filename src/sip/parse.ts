// Bytes to message (RFC 3261 §7, §18.3). Takes any bytes and never throws: a message, or a reason to count and perhaps a status to answer.
import { isToken, parseDecimal, splitOutsideQuotes, trimSpace } from './grammar.ts'
import {
  decodeText,
  headEnd,
  longestHeader,
  longestMessage,
  mostHeaders,
  skipLineEnds,
  unfoldedLines,
} from './head-section.ts'
import { canonicalName, listKind } from './header-names.ts'
import { type Header, header, type SipMessage, type SipRequest } from './message.ts'
import { parseStartLine, type StartLine } from './start-line.ts'
import { parseVia } from './via.ts'
import { type Fault, findFault } from './well-formed.ts'

export type ParseResult =
  | { readonly ok: true; readonly message: SipMessage; readonly warnings?: readonly string[] }
  | {
      readonly ok: false
      /** A short word for a counter, e.g. `bad-via`. */
      readonly reason: string
      /** Set when this is a request that can and should be answered: not for ACK, and only with a Via to answer to. */
      readonly status?: number
      /** Set with `status`: the headers as they came, none of them checked except the topmost Via. */
      readonly partial?: SipRequest
    }

const noBody = new Uint8Array(0)

/** Parses one datagram, or one message that a StreamFramer cut. Bytes behind Content-Length are ignored (§18.3). */
export function parseMessage(bytes: Uint8Array): ParseResult {
  const start = skipLineEnds(bytes)
  if (start === bytes.length) return { ok: false, reason: 'empty' }
  const end = headEnd(bytes, start)
  const headLimit = end < 0 ? bytes.length : end
  const { text, exact } = decodeText(bytes.subarray(start, Math.min(headLimit, start + longestMessage)))
  const lines = unfoldedLines(text)
  if (lines === undefined) return { ok: false, reason: 'bare-cr' }
  const startLine = parseStartLine(lines[0] ?? '')
  if (startLine.kind === 'garbage') return { ok: false, reason: startLine.reason }
  const fields = readFields(lines)
  const earlier =
    bytes.length - start > longestMessage
      ? { reason: 'too-long', status: 513 }
      : (startLineFault(startLine) ?? fields.fault)
  if (earlier) return refuse(startLine, fields.headers, earlier)
  if (end < 0) return refuse(startLine, fields.headers, { reason: 'no-end-of-headers', status: 400 })
  const content = cutBody(fields.headers, bytes.subarray(end))
  const message = assemble(startLine, fields.headers, content.body)
  const fault = findFault(message) ?? content.fault
  if (fault) return refuse(startLine, fields.headers, fault)
  const warnings = [...(exact ? [] : ['not-utf8']), ...(content.excess ? ['excess-bytes'] : [])]
  return warnings.length > 0 ? { ok: true, message, warnings } : { ok: true, message }
}

type GoodStartLine = Exclude<StartLine, { kind: 'garbage' }>

const startLineFault = (startLine: GoodStartLine): Fault | undefined =>
  startLine.kind === 'request' ? startLine.fault : undefined

function readFields(lines: readonly string[]): { headers: Header[]; fault: Fault | undefined } {
  const headers: Header[] = []
  let fault: Fault | undefined
  for (const line of lines.slice(1)) {
    if (headers.length >= mostHeaders) return { headers, fault: fault ?? { reason: 'too-many-headers', status: 400 } }
    const problem = line.length > longestHeader ? 'long-header' : addField(line, headers)
    if (problem) fault ??= { reason: problem, status: 400 }
  }
  return { headers, fault }
}

/** Appends one header line, lists split; returns why it could not. */
function addField(line: string, into: Header[]): string | undefined {
  const colon = line.indexOf(':')
  const written = line.slice(0, Math.max(colon, 0)).trimEnd()
  if (!isToken(written)) return 'bad-header-line'
  const name = canonicalName(written)
  const value = trimSpace(line.slice(colon + 1))
  const kind = listKind(name)
  if (kind === undefined) {
    into.push({ name, value })
    return undefined
  }
  const pieces = splitOutsideQuotes(value, ',', { brackets: kind === 'addresses' })
  if (kind === 'addresses' && (pieces === undefined || pieces.includes(''))) return `bad-${name.toLowerCase()}`
  // A broken quote in a Warning or Reason costs that header its elements, not the caller the call.
  const kept = (pieces ?? [value]).filter((piece) => piece !== '')
  for (const piece of kept.length > 0 ? kept : ['']) into.push({ name, value: piece })
  return into.length > mostHeaders ? 'too-many-headers' : undefined
}

function cutBody(fields: readonly Header[], rest: Uint8Array): { body: Uint8Array; excess: boolean; fault?: Fault } {
  const text = fields.find(({ name }) => name === 'Content-Length')?.value
  if (text === undefined) return { body: rest, excess: false }
  const length = parseDecimal(text, Number.MAX_SAFE_INTEGER)
  if (length === undefined) return { body: noBody, excess: false, fault: { reason: 'bad-content-length', status: 400 } }
  if (length > rest.length) return { body: noBody, excess: false, fault: { reason: 'short-body', status: 400 } }
  return { body: rest.subarray(0, length), excess: length < rest.length }
}

function assemble(startLine: GoodStartLine, headers: readonly Header[], body: Uint8Array): SipMessage {
  if (startLine.kind === 'response')
    return { kind: 'response', status: startLine.status, reason: startLine.reason, headers, body }
  return { kind: 'request', method: startLine.method, uri: startLine.uri, headers, body }
}

function refuse(startLine: GoodStartLine, headers: readonly Header[], fault: Fault): ParseResult {
  const request = assemble(startLine, headers, noBody)
  const answerable =
    request.kind === 'request' && request.method !== 'ACK' && parseVia(header(request, 'Via') ?? '') !== undefined
  if (request.kind !== 'request' || !answerable) return { ok: false, reason: fault.reason }
  return { ok: false, reason: fault.reason, status: fault.status, partial: request }
}
