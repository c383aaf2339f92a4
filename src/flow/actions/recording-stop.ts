// recording_stop: ends the recording of the call; nothing happens when none runs.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'

export const recordingStop = defineAction({
  type: 'recording_stop',
  option: Type.Object({}),
  media: true,
  onError: 'continue',
  run: async ({ call, recordings }) => {
    await recordings.stop(call.id)
    return next
  },
})
