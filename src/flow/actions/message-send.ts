// message_send: sends a short message, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { address, addresses, text } from '../option-fields.ts'

export const messageSend = defineAction({
  type: 'message_send',
  option: Type.Object({
    source: address('the sender'),
    destinations: addresses('a list of receivers'),
    text: text('the message'),
  }),
  media: false,
  onError: 'stop',
  adapter: 'message',
})
