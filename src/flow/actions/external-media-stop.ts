// external_media_stop: ends the exchange of audio with a host; nothing happens when there is none.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'

export const externalMediaStop = defineAction({
  type: 'external_media_stop',
  option: Type.Object({}),
  media: true,
  onError: 'continue',
  run: async ({ call }) => {
    await call.audio.stopExternalMedia()
    return next
  },
})
