// The part of SSML (W3C, version 1.1) that is spoken: speak, break, prosody, p, s, say-as, sub. Other elements are read through.
import { breakMs, prosody } from './prosody.ts'
import { type Manner, plainManner, type Script, ScriptBuilder } from './script.ts'
import { sayAs } from './spelling.ts'
import { malformed, xmlTokens } from './xml-tokens.ts'

/** Milliseconds around a paragraph and between sentences. */
const paragraphMs = 600
const sentenceMs = 300
const deepest = 32

/** Whether a text is SSML rather than to be read as it is. */
export const isSsml = (text: string): boolean => /^\s*(<\?xml[^>]*\?>\s*)?<speak[\s/>]/.test(text)

/** Elements whose text is about the document. */
const unspoken: ReadonlySet<string> = new Set(['metadata', 'meta', 'desc', 'title', 'head'])

interface Open {
  readonly name: string
  readonly manner: Manner
  /** What stands in for the text inside; undefined to say the text itself. */
  readonly spell: string | undefined
  readonly silent: boolean
}

/** The script of plain text. */
export function plainScript(text: string): Script {
  const builder = new ScriptBuilder()
  builder.say(text, plainManner)
  return builder.finish()
}

/** @param english whether signs are spelled in English. Throws UserError that says what is wrong. */
export function parseSsml(source: string, english: boolean): Script {
  const reader = new SsmlReader(english)
  for (const token of xmlTokens(source)) {
    if (token.kind === 'text') reader.text(token.text)
    else if (token.kind === 'close') reader.close(token.name)
    else {
      reader.open(token.name, token.attributes)
      if (token.empty) reader.close(token.name)
    }
  }
  return reader.finish()
}

class SsmlReader {
  readonly #builder = new ScriptBuilder()
  readonly #stack: Open[] = []
  readonly #english: boolean
  #ended = false

  constructor(english: boolean) {
    this.#english = english
  }

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    const around = this.#stack.at(-1)
    if (this.#ended) throw malformed(`<${name}> stands behind </speak>`)
    if (!around && name !== 'speak') throw malformed(`it begins with <${name}> instead of <speak>`)
    if (around && name === 'speak') throw malformed('<speak> stands inside of <speak>')
    if (this.#stack.length >= deepest) throw malformed(`elements are nested more than ${deepest} deep`)
    const manner = around?.manner ?? plainManner
    const silent = (around?.silent ?? false) || unspoken.has(name)
    this.#stack.push({
      name,
      manner: name === 'prosody' ? prosody(attributes, manner) : manner,
      spell: name === 'say-as' ? required(name, 'interpret-as', attributes) : around?.spell,
      silent: silent || name === 'sub',
    })
    if (silent) return
    if (name === 'break') this.#builder.pause(breakMs(attributes))
    if (name === 'sub') this.#builder.say(required(name, 'alias', attributes), manner)
    this.#separate(name)
  }

  close(name: string): void {
    const top = this.#stack.pop()
    if (!top) throw malformed(`</${name}> closes nothing`)
    if (top.name !== name) throw malformed(`</${name}> stands where </${top.name}> should`)
    if (!top.silent) this.#separate(name)
    this.#ended = this.#stack.length === 0
  }

  text(text: string): void {
    const top = this.#stack.at(-1)
    if (!top) {
      if (text.trim() !== '') throw malformed(`"${text.trim().slice(0, 20)}" stands outside of <speak>`)
      return
    }
    if (!top.silent)
      this.#builder.say(top.spell === undefined ? text : sayAs(top.spell, text, this.#english), top.manner)
  }

  finish(): Script {
    const open = this.#stack.at(-1)
    if (open) throw malformed(`<${open.name}> is never closed`)
    return this.#builder.finish()
  }

  #separate(name: string): void {
    if (name === 'p') this.#builder.separate(paragraphMs)
    if (name === 's') this.#builder.separate(sentenceMs)
  }
}

function required(element: string, name: string, attributes: ReadonlyMap<string, string>): string {
  const value = attributes.get(name)?.trim()
  if (value) return value
  throw malformed(`<${element}> needs the attribute ${name}`)
}
