// conversation_send: sends a message into a conversation, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { flag, text, uuid } from '../option-fields.ts'

export const conversationSend = defineAction({
  type: 'conversation_send',
  option: Type.Object({
    conversation_id: uuid('the id of a conversation'),
    text: text('the message'),
    sync: flag('true to wait until it is sent'),
  }),
  media: false,
  onError: 'continue',
  adapter: 'conversation',
})
