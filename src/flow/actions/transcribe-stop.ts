// transcribe_stop: ends what transcribe_start began, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'

export const transcribeStop = defineAction({
  type: 'transcribe_stop',
  option: Type.Object({}),
  media: true,
  onError: 'continue',
  adapter: 'transcribe',
})
