// A call's audio whose addresses are fetched by somebody who guards and keeps them, before they are played as files.
import type { AudioSource, CallAudio } from '../flow/ports.ts'

/** @param open the file of an address; it stays as long as the signal is neither aborted nor forgotten */
export function withFetchedAudio(
  audio: CallAudio,
  open: (url: string, signal: AbortSignal) => Promise<AudioSource>,
): CallAudio {
  return {
    onDigit: (listener) => audio.onDigit(listener),
    onTalking: (listener) => audio.onTalking(listener),
    play: async (source, signal) => audio.play(source.kind === 'url' ? await open(source.url, signal) : source, signal),
    sendDigits: (digits, timing, signal) => audio.sendDigits(digits, timing, signal),
    mute: (direction) => audio.mute(direction),
    startExternalMedia: (request) => audio.startExternalMedia(request),
    stopExternalMedia: () => audio.stopExternalMedia(),
  }
}
