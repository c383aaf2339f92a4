// A call's audio whose addresses are fetched by somebody who guards and keeps them, before they are played as files.
import type { AudioSource, CallAudio, ExternalMediaRequest } from '../flow/ports.ts'

/** The file of an address that a customer plays; it stays as long as the signal is neither aborted nor forgotten. */
export type OpenAudio = (url: string, signal: AbortSignal, customerId: string) => Promise<AudioSource>

export class FetchedAudio implements CallAudio {
  readonly #audio: CallAudio
  readonly #open: OpenAudio
  readonly #customerId: string

  constructor(audio: CallAudio, open: OpenAudio, customerId: string) {
    this.#audio = audio
    this.#open = open
    this.#customerId = customerId
  }

  onDigit(listener: (digit: string) => void): () => void {
    return this.#audio.onDigit(listener)
  }

  onTalking(listener: (talking: boolean) => void): () => void {
    return this.#audio.onTalking(listener)
  }

  async play(source: AudioSource, signal: AbortSignal): Promise<void> {
    const file = source.kind === 'url' ? await this.#open(source.url, signal, this.#customerId) : source
    await this.#audio.play(file, signal)
  }

  sendDigits(...sent: Parameters<CallAudio['sendDigits']>): Promise<void> {
    return this.#audio.sendDigits(...sent)
  }

  mute(direction: '' | 'in' | 'out' | 'both'): Promise<void> {
    return this.#audio.mute(direction)
  }

  startExternalMedia(request: ExternalMediaRequest): Promise<void> {
    return this.#audio.startExternalMedia(request)
  }

  stopExternalMedia(): Promise<void> {
    return this.#audio.stopExternalMedia()
  }
}
