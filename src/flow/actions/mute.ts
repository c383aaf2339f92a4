// mute: silences the call in one direction or both.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { word } from '../option-fields.ts'

/** As POST /calls/{id}/mute: left out means both. "none" lifts it. */
export const mute = defineAction({
  type: 'mute',
  option: Type.Object({
    direction: word(['', 'both', 'in', 'out', 'none'], 'what to silence, "in" being what the phone says', 'both'),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call }, { direction }) => {
    await call.audio.mute(direction === 'none' ? '' : direction || 'both')
    return next
  },
})
