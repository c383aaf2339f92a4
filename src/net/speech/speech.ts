// Text to speech for flows: finds who speaks the language, renders each text once, keeps the files for the next call that says the same.
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { OperationalError, UserError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Clock } from '../../base/time.ts'
import type { AudioSource, FlowSpeech, SpeechRequest } from '../../flow/ports.ts'
import { SharedWork } from '../audio-cache-flight.ts'
import { CacheFolder } from '../audio-cache-folder.ts'
import { askEndpoint } from './endpoint.ts'
import { isEnglish, isReadable } from './flite-text.ts'
import type { Script } from './script.ts'
import { isSsml, parseSsml, plainScript } from './ssml.ts'
import { SpeechThread } from './thread.ts'
import type { SpeechWork } from './thread-message.ts'
import { type SpeechSetting, type Voice, VoiceChoice } from './voices.ts'

/** Characters of a text, markup included. */
export const longestText = 5000
const defaultLanguage = 'en-US'
/** Raised when the same text would sound different: files of older renderings are then not found any more. */
const rendering = 1

export interface SpeechOptions {
  readonly setting: SpeechSetting
  /** For this cache alone. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** Octets of all files together; 512 MiB are more than four hours. */
  readonly maxBytes?: number
  /** espeak-ng, by name or path. */
  readonly espeak?: string
  /** Texts that wait for the thread. */
  readonly mostWaiting?: number
}

export interface Speech extends FlowSpeech {
  /** Ends the thread; what is being rendered fails. */
  close(): Promise<void>
}

export function createSpeech(options: SpeechOptions): Speech {
  return new CachedSpeech(options)
}

interface Rendering {
  readonly request: SpeechRequest
  readonly language: string
  readonly voice: Voice
  readonly script: Script
}

class CachedSpeech implements Speech {
  readonly #options: SpeechOptions
  readonly #voices: VoiceChoice
  readonly #folder: CacheFolder
  readonly #thread: SpeechThread
  readonly #work = new SharedWork<void>()

  constructor(options: SpeechOptions) {
    const { directory, clock, log, maxBytes = 512 * 2 ** 20, mostWaiting = 200 } = options
    this.#options = options
    this.#voices = new VoiceChoice(options.setting, options.espeak ?? 'espeak-ng')
    this.#folder = new CacheFolder({ directory, maxBytes, clock, log })
    const scratch = join(directory, 'scratch')
    mkdirSync(scratch, { recursive: true, mode: 0o700 })
    this.#thread = new SpeechThread({ directory: scratch, clock, mostWaiting, jobMs: 120_000 })
  }

  async render(request: SpeechRequest, signal: AbortSignal): Promise<AudioSource> {
    signal.throwIfAborted()
    const rendering = await this.#rendering(request)
    const name = nameOf(rendering)
    await this.#folder.ready
    if (!this.#folder.has(name)) await this.#work.run(name, signal, (common) => this.#render(name, rendering, common))
    const path = this.#folder.use(name, signal)
    if (path === undefined) throw new OperationalError('The cache of speech is full', { retryable: true })
    return { kind: 'file', path }
  }

  async close(): Promise<void> {
    await this.#thread.close()
    await this.#folder.ready.catch(() => undefined)
    await this.#folder.settled()
  }

  /** Everything that may be wrong with a request is told here. */
  async #rendering(request: SpeechRequest): Promise<Rendering> {
    const { text, voiceId } = request
    const language = request.language.trim() || defaultLanguage
    if (!/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(language)) {
      throw new UserError('INVALID_ARGUMENT', `"${language.slice(0, 40)}" is no language tag; write it such as en-US`)
    }
    if (text.length > longestText) {
      throw new UserError('INVALID_ARGUMENT', `The text has ${text.length} characters; ${longestText} are taken`)
    }
    const script = isSsml(text) ? parseSsml(text, isEnglish(language)) : plainScript(text)
    if (script.length === 0) throw new UserError('INVALID_ARGUMENT', 'The text is empty')
    const voice = await this.#voices.choose(language, voiceId)
    if (voice.kind === 'flite' && !isReadable(spokenText(script))) {
      throw new UserError(
        'INVALID_ARGUMENT',
        `The text is not written in Latin letters, which the voice for ${language} reads`,
      )
    }
    return { request, language, voice, script }
  }

  async #render(name: string, rendering: Rendering, signal: AbortSignal): Promise<void> {
    const path = this.#folder.newPath()
    try {
      await this.#thread.run(await this.#workFor(rendering, signal), path, signal)
      await this.#folder.keep(path, name)
    } catch (error) {
      await unlink(path).catch(() => undefined)
      throw error
    }
  }

  async #workFor({ request, language, voice, script }: Rendering, signal: AbortSignal): Promise<SpeechWork> {
    if (voice.kind !== 'endpoint') return { kind: 'say', script, by: voice }
    const ssml = isSsml(request.text) ? request.text : ''
    const text = { text: spokenText(script), ssml, language, voice_id: request.voiceId, provider: request.provider }
    const bytes = await askEndpoint(voice.url, text, { clock: this.#options.clock, signal })
    return { kind: 'convert', bytes, from: 'The speech endpoint' }
  }
}

const spokenText = (script: Script): string =>
  script.flatMap((part) => (part.kind === 'say' ? [part.text] : [])).join(' ')

/** By everything that changes what is heard. */
function nameOf({ request, language, voice, script }: Rendering): string {
  const forEndpoint = [request.text, language.toLowerCase(), request.voiceId, request.provider]
  const heard = voice.kind === 'endpoint' ? forEndpoint : script
  // JSON has no infinity, and silence is not the same as nothing said of the volume.
  const text = JSON.stringify([rendering, voice, heard], (_, value) => (value === -Infinity ? 'silent' : value))
  return `${createHash('sha256').update(text).digest('hex')}.wav`
}
