// The tags and texts of an XML document (XML 1.0 §2-4), as far as speech needs them: no DTD, no entities but the five of §4.6 and characters by number.
import { UserError } from '../../base/errors.ts'

export type XmlToken =
  | {
      readonly kind: 'open'
      readonly name: string
      readonly attributes: ReadonlyMap<string, string>
      readonly empty: boolean
    }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }

/** Everything malformed: the sentence says what, and where in characters from the start. */
export const malformed = (what: string, at?: number): UserError =>
  new UserError(
    'INVALID_ARGUMENT',
    `The SSML is malformed: ${what}${at === undefined ? '' : ` at character ${at + 1}`}`,
  )

const namePattern = '[A-Za-z_][\\w.:-]*'
const openTag = new RegExp(`<(${namePattern})((?:\\s+${namePattern}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`, 'y')
const closeTag = new RegExp(`</(${namePattern})\\s*>`, 'y')
const attribute = new RegExp(`(${namePattern})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g')
const named: ReadonlyMap<string, string> = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }))

/** Throws UserError for what is no XML. Whether tags match is not looked at. */
export function* xmlTokens(source: string): Generator<XmlToken> {
  let at = 0
  while (at < source.length) {
    if (source[at] !== '<') {
      const end = source.indexOf('<', at)
      const to = end < 0 ? source.length : end
      yield { kind: 'text', text: decoded(source.slice(at, to), at) }
      at = to
      continue
    }
    const [token, next] = markup(source, at)
    if (token) yield token
    at = next
  }
}

function markup(source: string, at: number): readonly [XmlToken | undefined, number] {
  const rest = (begin: string): boolean => source.startsWith(begin, at)
  if (rest('<!--')) return [undefined, endOf(source, at, '-->')]
  if (rest('<?')) return [undefined, endOf(source, at, '?>')]
  if (rest('<![CDATA[')) {
    const end = endOf(source, at, ']]>')
    return [{ kind: 'text', text: source.slice(at + 9, end - 3) }, end]
  }
  if (rest('<!')) throw malformed('declarations such as DOCTYPE are not taken', at)
  return rest('</') ? closing(source, at) : opening(source, at)
}

function endOf(source: string, at: number, mark: string): number {
  const end = source.indexOf(mark, at)
  if (end < 0) throw malformed(`"${source.slice(at, at + 4)}" has no "${mark}"`, at)
  return end + mark.length
}

function closing(source: string, at: number): readonly [XmlToken, number] {
  closeTag.lastIndex = at
  const match = closeTag.exec(source)
  if (!match) throw malformed(`"${excerpt(source, at)}" is no closing tag`, at)
  return [{ kind: 'close', name: match[1] ?? '' }, closeTag.lastIndex]
}

function opening(source: string, at: number): readonly [XmlToken, number] {
  openTag.lastIndex = at
  const match = openTag.exec(source)
  if (!match) throw malformed(`"${excerpt(source, at)}" is no tag; write < as &lt;`, at)
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single] of (match[2] ?? '').matchAll(attribute)) {
    if (attributes.has(name)) throw malformed(`<${match[1]}> has ${name} twice`, at)
    attributes.set(name, decoded(double ?? single ?? '', at))
  }
  return [{ kind: 'open', name: match[1] ?? '', attributes, empty: match[3] === '/' }, openTag.lastIndex]
}

const excerpt = (source: string, at: number): string => source.slice(at, at + 20).replace(/\s+/g, ' ')

function decoded(text: string, at: number): string {
  return text.replace(/&(?:([A-Za-z]+);|#(\d{1,7});|#x([\da-fA-F]{1,6});)?/g, (whole, name, decimal, hex) => {
    const known = name === undefined ? character(decimal, hex) : named.get(name)
    if (known === undefined) throw malformed(`"${whole}" is no known entity; write & as &amp;`, at)
    return known
  })
}

function character(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  const allowed = code >= 0x20 || code === 9 || code === 10 || code === 13
  const surrogate = code >= 0xd800 && code <= 0xdfff
  return allowed && !surrogate && code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}
