// Writes a SIP message (RFC 3261 §7). Content-Length always tells the truth, and no value can smuggle a line in.
import { Bug } from '../base/errors.ts'
import { isToken } from './grammar.ts'
import type { SipMessage } from './message.ts'

const encoder = new TextEncoder()

/**
 * Bytes for the wire. Header values and the reason phrase get line ends replaced by spaces. Throws a Bug for a method, Request-URI, status
 * or header name that no message can carry.
 */
export function serialize(message: SipMessage): Uint8Array {
  let head = `${startLine(message)}\r\n`
  for (const entry of message.headers) {
    if (!isToken(entry.name)) throw new Bug('header name is no token', { details: [{ name: entry.name }] })
    if (entry.name.toLowerCase() !== 'content-length') head += `${entry.name}: ${oneLine(entry.value)}\r\n`
  }
  const headBytes = encoder.encode(`${head}Content-Length: ${message.body.length}\r\n\r\n`)
  const bytes = new Uint8Array(headBytes.length + message.body.length)
  bytes.set(headBytes)
  bytes.set(message.body, headBytes.length)
  return bytes
}

function startLine(message: SipMessage): string {
  if (message.kind === 'response') {
    const { status } = message
    if (!Number.isInteger(status) || status < 100 || status > 699)
      throw new Bug('no SIP status', { details: [{ status }] })
    return `SIP/2.0 ${status} ${oneLine(message.reason)}`
  }
  if (!isToken(message.method)) throw new Bug('method is no token', { details: [{ method: message.method }] })
  if (message.uri === '' || /[\s\u0000-\u001f]/.test(message.uri))
    throw new Bug('Request-URI holds a space or control character')
  return `${message.method} ${message.uri} SIP/2.0`
}

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ')
