// play: plays audio files one after the other.
import Type from 'typebox'
import { classify } from '../../base/errors.ts'
import { defineAction, next } from '../define-action.ts'
import { webAddress } from '../option-fields.ts'
import { isEnding } from '../ports.ts'

/** A file that cannot be played is logged and passed over. */
export const play = defineAction({
  type: 'play',
  option: Type.Object({
    stream_urls: Type.Array(webAddress('an http(s) address'), {
      default: [],
      maxItems: 100,
      description: 'a list of http(s) addresses of audio files, at most 100',
    }),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call, playback, signal, warn }, { stream_urls: urls }) => {
    const mine = AbortSignal.any([signal, playback.begin()])
    for (const url of urls) {
      if (mine.aborted || isEnding(call.status())) break
      try {
        await call.audio.play({ kind: 'url', url }, mine)
      } catch (error) {
        const failure = classify(error)
        if (failure.kind === 'bug') throw failure
        if (!mine.aborted) warn(`${url}: ${failure.message}`)
      }
    }
    return next
  },
})
