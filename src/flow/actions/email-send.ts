// email_send: sends an e-mail, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { addresses, text } from '../option-fields.ts'

export const emailSend = defineAction({
  type: 'email_send',
  option: Type.Object({
    destinations: addresses('a list of receivers'),
    subject: text('the subject'),
    content: text('the body'),
    attachments: Type.Array(Type.Unknown(), { default: [], description: 'a list of attachments' }),
  }),
  media: false,
  onError: 'continue',
  adapter: 'email',
})
