// Who says a text: by the operator's setting and the language of the text.
import { UserError } from '../../base/errors.ts'
import { type EspeakVoices, espeakVoice, listEspeakVoices } from './espeak-voices.ts'
import { fliteVoice, isEnglish } from './flite-text.ts'
import type { LocalVoice } from './thread-message.ts'

/** PARTYLINE_TTS: a word, or the address of an endpoint. */
export type SpeechSetting = 'auto' | 'flite' | 'espeak-ng' | `http://${string}` | `https://${string}`

export type Voice = LocalVoice | { readonly kind: 'endpoint'; readonly url: string }

export class VoiceChoice {
  readonly #setting: SpeechSetting
  readonly #program: string
  #installed: Promise<EspeakVoices | undefined> | undefined

  /** @param program espeak-ng, by name or path */
  constructor(setting: SpeechSetting, program: string) {
    this.#setting = setting
    this.#program = program
  }

  /** Throws UserError when nobody speaks the language. */
  async choose(language: string, voiceId: string): Promise<Voice> {
    const setting = this.#setting
    if (setting !== 'auto' && setting !== 'flite' && setting !== 'espeak-ng') return { kind: 'endpoint', url: setting }
    if (setting !== 'espeak-ng' && isEnglish(language)) return { kind: 'flite', voice: fliteVoice(voiceId) }
    if (setting === 'flite') throw unspoken(language, 'the bundled voice speaks English only')
    this.#installed ??= listEspeakVoices(this.#program)
    const installed = await this.#installed
    if (!installed) throw unspoken(language, 'the bundled voice speaks English only and espeak-ng is not installed')
    const voice = espeakVoice(installed, language)
    if (voice === undefined) throw unspoken(language, 'espeak-ng has no voice for it')
    return { kind: 'espeak-ng', program: this.#program, voice }
  }
}

const unspoken = (language: string, why: string): UserError =>
  new UserError(
    'INVALID_ARGUMENT',
    `The language "${language}" cannot be spoken: ${why}; the operator can install espeak-ng or set PARTYLINE_TTS to an endpoint`,
  )
