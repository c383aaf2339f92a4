// What flite can read: English in ASCII. Its voices by name, and whether a language is theirs.

/** 16 kHz voices that are compiled in, and one of 8 kHz; the first is the default. */
export const fliteVoices = ['slt', 'rms', 'awb', 'kal16', 'kal'] as const

/** Voices of other vendors are not known here: the default speaks for them. */
export const fliteVoice = (voiceId: string): string =>
  fliteVoices.find((voice) => voice === voiceId.toLowerCase()) ?? fliteVoices[0]

export const isEnglish = (language: string): boolean => /^en($|-)/i.test(language)

const replacements: readonly (readonly [RegExp, string])[] = [
  [/[‘’‚′]/g, "'"],
  [/[“”„″«»]/g, '"'],
  [/[–—]/g, ' - '],
  [/…/g, '...'],
  [/€/g, ' euros '],
  [/£/g, ' pounds '],
  [/ß/g, 'ss'],
  [/[æÆ]/g, 'ae'],
  [/[øØ]/g, 'o'],
  [/[œŒ]/g, 'oe'],
]

/** The nearest text in ASCII; characters without any are left out. */
export function toAscii(text: string): string {
  const replaced = replacements.reduce((result, [pattern, by]) => result.replace(pattern, by), text)
  return replaced
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/g, ' ')
}

/** Whether at least most of the letters are of the Latin script: else an English voice would say something else. */
export function isReadable(text: string): boolean {
  const letters = [...text].filter((character) => /[\p{L}\p{N}]/u.test(character))
  const latin = letters.filter((character) => /[\p{Script=Latin}\p{N}]/u.test(character))
  return latin.length * 2 >= letters.length
}
