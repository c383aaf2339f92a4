// Scanning rules that many header values share (RFC 3261 §25.1): tokens, quoted strings, `;name=value` parameters and comma lists.
// Every scan is linear in its input and none throws.

const tokenPattern = /^[A-Za-z0-9\-.!%*_+`'~]+$/

export const isToken = (text: string): boolean => tokenPattern.test(text)

/** Without the spaces and tabs at both ends; other white space, which no grammar of SIP names, stays. */
export function trimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/** A quoted string without its quotes and backslashes; other text unchanged. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text
  return text.slice(1, -1).replace(/\\([\s\S])/g, '$1')
}

/** Text as a quoted string; characters that no quoted string may hold (CR, LF) become spaces. */
export const quote = (text: string): string => `"${text.replace(/[\r\n]/g, ' ').replace(/["\\]/g, '\\$&')}"`

/** Index just behind the quoted string that begins at `start`, or -1 when it never ends. */
export function quotedEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const char = text[index]
    if (char === '\\') index += 1
    else if (char === '"') return index + 1
  }
  return -1
}

export interface SplitOptions {
  /** Also treats `<…>` as one piece, so that separators in a URI do not count. */
  readonly brackets?: boolean
}

/** Splits at `separator` outside quoted strings, trimming each piece; undefined when a quote or bracket never ends. */
export function splitOutsideQuotes(text: string, separator: string, options: SplitOptions = {}): string[] | undefined {
  const pieces: string[] = []
  let start = 0
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index]
    if (char === separator) {
      pieces.push(trimSpace(text.slice(start, index)))
      start = index + 1
    } else if (char === '"') {
      const end = quotedEnd(text, index)
      if (end < 0) return undefined
      index = end - 1
    } else if (char === '<' && options.brackets) {
      const end = text.indexOf('>', index)
      if (end < 0) return undefined
      index = end
    }
  }
  pieces.push(trimSpace(text.slice(start)))
  return pieces
}

/** Parameter values as written, quotes included; `''` for a parameter without a value. Names in lower case. */
export type Parameters = ReadonlyMap<string, string>

export const noParameters: Parameters = new Map()

/**
 * Parses `;name=value;name` (the leading semicolon included, or empty text). Space around `;` and `=` is allowed. A repeated name keeps its
 * first value. Undefined when a piece is empty or no parameter.
 */
export function parseParameters(text: string): Parameters | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return noParameters
  if (!trimmed.startsWith(';')) return undefined
  const pieces = splitOutsideQuotes(trimmed.slice(1), ';')
  if (pieces === undefined) return undefined
  const parameters = new Map<string, string>()
  for (const piece of pieces) {
    const equals = piece.indexOf('=')
    const name = (equals < 0 ? piece : piece.slice(0, equals)).trim()
    const value = equals < 0 ? '' : piece.slice(equals + 1).trim()
    if (!isToken(name) || (equals >= 0 && !isParameterValue(value))) return undefined
    const key = name.toLowerCase()
    if (!parameters.has(key)) parameters.set(key, value)
  }
  return parameters
}

/** `gen-value`: token, host (IPv6 references too, and bare ones as old implementations write them) or quoted string. */
function isParameterValue(value: string): boolean {
  if (value.startsWith('"')) return quotedEnd(value, 0) === value.length
  return value !== '' && !/[\s,;<>"\\]/.test(value)
}

export function formatParameters(parameters: Parameters): string {
  let text = ''
  for (const [name, value] of parameters) text += value === '' ? `;${name}` : `;${name}=${value}`
  return text
}

/** A decimal number of digits only, at most `max`; undefined for anything else, also for numbers too long to be exact. */
export function parseDecimal(text: string, max: number): number | undefined {
  if (!/^\d{1,32}$/.test(text)) return undefined
  const value = Number(text)
  return value <= max ? value : undefined
}
