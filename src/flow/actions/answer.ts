// answer: takes an incoming call; nothing happens when the call is up already.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'

export const answer = defineAction({
  type: 'answer',
  option: Type.Object({}),
  media: true,
  onError: 'continue',
  run: async ({ call }) => {
    await call.answer()
    return next
  },
})
