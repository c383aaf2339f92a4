// empty: does nothing; a place to jump to.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'

export const empty = defineAction({
  type: 'empty',
  option: Type.Object({}),
  media: false,
  onError: 'continue',
  run: () => next,
})
