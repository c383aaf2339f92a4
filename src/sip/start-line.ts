// Request-Line and Status-Line (RFC 3261 §7.1, §7.2), strict about spaces because §25.1 is, yet naming method and URI of what it refuses.
import { isToken } from './grammar.ts'

export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly fault?: StartLineFault }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string }
  | { readonly kind: 'garbage'; readonly reason: string }

export interface StartLineFault {
  readonly reason: string
  readonly status: number
}

export function parseStartLine(line: string): StartLine {
  return /^SIP\/\d/i.test(line) ? parseStatusLine(line) : parseRequestLine(line)
}

function parseStatusLine(line: string): StartLine {
  const match = /^SIP\/2\.0 (\d{3})(?: (.*))?$/i.exec(line)
  const status = Number(match?.[1])
  if (!match || status < 100 || status > 699) return { kind: 'garbage', reason: 'bad-status-line' }
  return { kind: 'response', status, reason: match[2] ?? '' }
}

function parseRequestLine(line: string): StartLine {
  const first = line.search(/[ \t]/)
  const trimmed = line.trimEnd()
  const last = Math.max(trimmed.lastIndexOf(' '), trimmed.lastIndexOf('\t'))
  const method = line.slice(0, Math.max(first, 0))
  const version = trimmed.slice(last + 1)
  if (!isToken(method) || last <= first || !/^SIP\/\d+\.\d+$/i.test(version))
    return { kind: 'garbage', reason: 'bad-request-line' }
  const uri = line.slice(first + 1, last)
  const request = { kind: 'request', method, uri } as const
  if (version.toUpperCase() !== 'SIP/2.0') return { ...request, fault: { reason: 'version', status: 505 } }
  if (trimmed !== line || /[\s<>]/.test(uri))
    return { ...request, uri: uri.trim(), fault: { reason: 'bad-request-line', status: 400 } }
  return request
}
