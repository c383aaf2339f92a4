// name-addr and addr-spec with header parameters: From, To, Contact, Route, Record-Route (RFC 3261 §20.10, §25.1).
import { formatParameters, isToken, type Parameters, parseParameters, quote, quotedEnd, unquote } from './grammar.ts'

export interface NameAddr {
  /** Without quotes and escapes; empty when there is none. */
  readonly displayName: string
  /** The URI as written, without angle brackets. */
  readonly uri: string
  /** Header parameters such as `tag`, values as written. */
  readonly params: Parameters
}

/**
 * Parses one value; undefined when it is malformed. Space inside the angle brackets and unquoted display names with odd characters are let
 * through. Without angle brackets, parameters belong to the header and the URI may hold neither `,` nor `?` (§20.10).
 */
export function parseNameAddr(text: string): NameAddr | undefined {
  const trimmed = text.trim()
  if (trimmed.startsWith('"')) {
    const end = quotedEnd(trimmed, 0)
    const rest = end < 0 ? '' : trimmed.slice(end).trimStart()
    return rest.startsWith('<') ? bracketed(unquote(trimmed.slice(0, end)), rest) : undefined
  }
  const open = trimmed.indexOf('<')
  const semicolon = trimmed.indexOf(';')
  if (open >= 0 && (semicolon < 0 || open < semicolon)) return unquotedName(trimmed, open)
  return bare(trimmed, semicolon)
}

function unquotedName(text: string, open: number): NameAddr | undefined {
  const name = text.slice(0, open).trim()
  return /["\\]/.test(name) ? undefined : bracketed(name.replace(/\s+/g, ' '), text.slice(open))
}

function bracketed(displayName: string, rest: string): NameAddr | undefined {
  const close = rest.indexOf('>')
  if (close < 0) return undefined
  const uri = rest.slice(1, close).trim()
  const params = parseParameters(rest.slice(close + 1))
  return params === undefined || !looksLikeUri(uri) ? undefined : { displayName, uri, params }
}

function bare(text: string, semicolon: number): NameAddr | undefined {
  const uri = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
  const params = semicolon < 0 ? parseParameters('') : parseParameters(text.slice(semicolon))
  return params === undefined || !looksLikeUri(uri) || /[,?]/.test(uri) ? undefined : { displayName: '', uri, params }
}

const looksLikeUri = (uri: string): boolean => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"]+$/.test(uri)

/** Writes the bracketed form, the only one in which URI and header parameters cannot be mixed up. */
export function formatNameAddr(value: {
  readonly displayName?: string
  readonly uri: string
  readonly params?: Parameters
}): string {
  const name = value.displayName ?? ''
  const shown = name === '' ? '' : `${isToken(name) ? name : quote(name)} `
  return `${shown}<${value.uri}>${value.params === undefined ? '' : formatParameters(value.params)}`
}
