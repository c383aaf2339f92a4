// <say-as>: text that is spelled, a character at a time.

/** Signs that engines pass over in silence, by their English names. */
const englishSigns: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '#': 'pound',
    '*': 'star',
    '+': 'plus',
    '-': 'dash',
    '.': 'dot',
    '@': 'at',
    '/': 'slash',
    _: 'underscore',
  }),
)

/** Kinds of <say-as> that are spelled; all others are left to the engine. */
const spelled: ReadonlySet<string> = new Set(['digits', 'characters', 'spell-out', 'verbatim', 'telephone'])

/** The text as it is to be said. Letters get a full stop, so that a lone "a" is no article. */
export function sayAs(kind: string, text: string, english: boolean): string {
  if (!spelled.has(kind)) return text
  const characters = [...text.replace(/\s+/gu, '')].map((character) => {
    const sign = english ? englishSigns.get(character) : undefined
    if (sign !== undefined) return sign
    return /\p{L}/u.test(character) ? `${character.toUpperCase()}.` : character
  })
  return characters.join(' ')
}
