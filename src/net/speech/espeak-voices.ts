// Which voices Debian's espeak-ng has, and the one for a language (BCP 47, matched as in RFC 4647 §3.4).
import { execFile } from 'node:child_process'

/** Language tags in lower case, each with the name that `-v` takes and a number that is lower for the better match. */
export type EspeakVoices = ReadonlyMap<string, { readonly voice: string; readonly priority: number }>

const listMs = 5000

/** What is installed; undefined when the program is not there or does not work. */
export function listEspeakVoices(program: string): Promise<EspeakVoices | undefined> {
  return new Promise((resolve) => {
    execFile(program, ['--voices'], { timeout: listMs }, (error, output) => {
      const voices = error ? undefined : parseVoices(output)
      resolve(voices && voices.size > 0 ? voices : undefined)
    })
  })
}

/** Lines such as ` 5  cmn   --/M   Chinese   sit/cmn   (zh-cmn 5)(zh 5)`: priority, language, age and sex, name, file, other languages. */
export function parseVoices(output: string): EspeakVoices {
  const voices = new Map<string, { voice: string; priority: number }>()
  const add = (tag: string, voice: string, priority: number): void => {
    const known = voices.get(tag.toLowerCase())
    if (!known || priority < known.priority) voices.set(tag.toLowerCase(), { voice, priority })
  }
  for (const line of output.split('\n')) {
    const match = /^\s*(\d+)\s+([\w-]+)\s+\S+\s+\S+\s+\S+\s*(.*)$/.exec(line)
    const voice = match?.[2]
    if (!match || voice === undefined) continue
    add(voice, voice, Number(match[1]))
    for (const [, tag = '', priority] of (match[3] ?? '').matchAll(/\(([\w-]+)\s+(\d+)\)/g)) {
      add(tag, voice, Number(priority) + 1)
    }
  }
  return voices
}

/** The voice for a language: subtags are dropped from the end until one fits. */
export function espeakVoice(voices: EspeakVoices, language: string): string | undefined {
  const subtags = language.toLowerCase().split('-')
  for (let count = subtags.length; count > 0; count -= 1) {
    const found = voices.get(subtags.slice(0, count).join('-'))
    if (found) return found.voice
  }
  return undefined
}
