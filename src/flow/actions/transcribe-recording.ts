// transcribe_recording: turns the recordings of the call into text, through the endpoint of the user's.
import { defineAction } from '../define-action.ts'
import { transcribing } from '../transcribing.ts'

export const transcribeRecording = defineAction({
  type: 'transcribe_recording',
  option: transcribing,
  media: true,
  onError: 'continue',
  adapter: 'transcribe',
})
