// transcribe_start: begins to turn the call's speech into text, through the endpoint of the user's.
import { defineAction } from '../define-action.ts'
import { transcribing } from '../transcribing.ts'

export const transcribeStart = defineAction({
  type: 'transcribe_start',
  option: transcribing,
  media: true,
  onError: 'continue',
  adapter: 'transcribe',
})
