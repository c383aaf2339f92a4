// What is to be heard, independent of any engine: pieces of text, each said in one manner, and pauses between them.
export type ScriptPart =
  | { readonly kind: 'say'; readonly text: string; readonly manner: Manner }
  | { readonly kind: 'pause'; readonly ms: number }

export type Script = readonly ScriptPart[]

/** How a piece is said, against how the voice says it by itself. */
export interface Manner {
  /** Factor of the speed. */
  readonly rate: number
  /** Factor of the fundamental frequency. */
  readonly pitch: number
  /** Decibels; −Infinity is silence of the same length. */
  readonly volumeDb: number
}

export const plainManner: Manner = { rate: 1, pitch: 1, volumeDb: 0 }

/** Characters that an engine is given at a time: engines take memory and time for all of it at once. */
const longestPiece = 300
/** Pauses between two pieces, milliseconds, by how the first one ends. */
const gapAfter = { sentence: 300, clause: 150, word: 40 } as const

export class ScriptBuilder {
  readonly #parts: ScriptPart[] = []
  /** Text of one manner that goes on for as long as nothing but tags without a meaning comes between. */
  #text = ''
  #manner: Manner = plainManner
  /** The least pause before what is said next, asked for by structure. */
  #gap = 0
  #lastSaid = ''

  say(text: string, manner: Manner): void {
    if (manner !== this.#manner) this.#flush()
    this.#manner = manner
    this.#text += text
  }

  /** A pause of exactly this length; structure adds nothing to it. */
  pause(ms: number): void {
    this.#flush()
    this.#pause(ms)
    this.#gap = 0
    this.#lastSaid = ''
  }

  /** A new sentence or paragraph: a pause of at least this length between what is said before and after. */
  separate(ms: number): void {
    this.#flush()
    this.#gap = Math.max(this.#gap, ms)
  }

  finish(): Script {
    this.#flush()
    return this.#parts
  }

  #flush(): void {
    for (const piece of pieces(this.#text.replace(/[\s\p{Cc}]+/gu, ' ').trim())) {
      if (this.#lastSaid !== '') this.#pause(Math.max(this.#gap, naturalGap(this.#lastSaid)))
      this.#parts.push({ kind: 'say', text: piece, manner: this.#manner })
      this.#lastSaid = piece
      this.#gap = 0
    }
    this.#text = ''
  }

  #pause(ms: number): void {
    if (ms > 0) this.#parts.push({ kind: 'pause', ms })
  }
}

function naturalGap(text: string): number {
  if (/[.!?…。！？]["')\]]*$/u.test(text)) return gapAfter.sentence
  return /[,;:–—]$/u.test(text) ? gapAfter.clause : gapAfter.word
}

/** Cuts at the end of a sentence where there is one, else of a clause, else of a word. */
function* pieces(text: string): Generator<string> {
  let rest = text
  while (rest.length > longestPiece) {
    const cut = cutIn(rest.slice(0, longestPiece))
    const piece = rest.slice(0, cut).trim()
    if (piece !== '') yield piece
    rest = rest.slice(cut).trim()
  }
  if (rest !== '') yield rest
}

function cutIn(head: string): number {
  for (const pattern of [/^.*[.!?…](?=\s)|^.*[。！？]/su, /^.*[,;:–—](?=\s)|^.*[、，]/su, /^.*(?=\s)/su]) {
    const found = pattern.exec(head)?.[0].length ?? 0
    if (found > 0) return found
  }
  // Never between the halves of a character.
  return /[\uD800-\uDBFF]$/.test(head) ? head.length - 1 : head.length
}
