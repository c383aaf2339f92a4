// JSON request bodies (RFC 8259), whatever the content type says: text in, object out, and a clear word when it is neither.
import { UserError } from '../base/errors.ts'

const maxDepth = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of a body. Throws INVALID_JSON_BODY for anything but UTF-8. */
export function decodeBody(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw invalid('the body is not valid UTF-8')
  }
}

/** The JSON object in the text. Throws INVALID_JSON_BODY. `undefined` when the text is blank. */
export function parseBody(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return undefined
  if (depth(text) > maxDepth) throw invalid(`the body is nested deeper than ${maxDepth} levels`)
  const value = parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw invalid('the body must be a JSON object, such as {"name": "value"}')
}

function parse(text: string): unknown {
  try {
    // A key __proto__ would become a prototype as soon as somebody copies the object key by key.
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw invalid(`the body is not valid JSON: ${reason.slice(0, 200)}`)
  }
}

/** Bracket depth outside strings; enough to keep recursion in bounds before parsing. */
function depth(text: string): number {
  let level = 0
  let deepest = 0
  let quoted = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (quoted) {
      if (code === 0x5c) index += 1
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++level)
    else if (code === 0x7d || code === 0x5d) level -= 1
  }
  return deepest
}

const invalid = (message: string): UserError => new UserError('INVALID_JSON_BODY', message)
