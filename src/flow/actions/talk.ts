// talk: says a text. The speech is rendered first, then played.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { defineAction, next } from '../define-action.ts'
import { flag, text, word } from '../option-fields.ts'

/** A key of the phone ends it when `digits_handle` is "next"; the key counts for the next digits_receive. */
export const talk = defineAction({
  type: 'talk',
  option: Type.Object({
    text: text('what to say, plain or SSML'),
    language: text('a BCP 47 language tag, e.g. "en-US"'),
    provider: word(['', 'gcp', 'aws'], 'the speech provider', 'gcp'),
    voice_id: text('the id of a voice'),
    digits_handle: word(['', 'next'], 'what a pressed key does'),
    async: flag('true to go on while speaking'),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call, speech, playback, signal, alongside }, option) => {
    const { text: words, language, provider, voice_id: voiceId } = option
    if (words.trim() === '') throw new UserError('INVALID_ARGUMENT', 'option.text is empty; give what to say')
    const say = async (until: AbortSignal): Promise<void> => {
      const pressed = new AbortController()
      const mine = AbortSignal.any([until, playback.begin(), pressed.signal])
      const forget = option.digits_handle === 'next' ? call.audio.onDigit(() => pressed.abort()) : undefined
      try {
        const source = await speech.render({ text: words, language, provider, voiceId }, mine)
        if (!mine.aborted) await call.audio.play(source, mine)
      } catch (error) {
        if (!mine.aborted) throw error
      } finally {
        forget?.()
      }
    }
    if (option.async) alongside(say)
    else await say(signal)
    return next
  },
})
