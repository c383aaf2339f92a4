// beep: plays one short tone.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'

export const beep = defineAction({
  type: 'beep',
  option: Type.Object({}),
  media: true,
  onError: 'continue',
  run: async ({ call, signal }) => {
    await call.beep(signal)
    return next
  },
})
