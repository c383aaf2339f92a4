// stop: ends the activeflow now.
import Type from 'typebox'
import { defineAction, end } from '../define-action.ts'

export const stop = defineAction({
  type: 'stop',
  option: Type.Object({}),
  media: false,
  onError: 'stop',
  run: () => end,
})
