// ai_task: lets an assistant work without a call, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { uuid, word } from '../option-fields.ts'

export const aiTask = defineAction({
  type: 'ai_task',
  option: Type.Object({
    assistance_type: word(['', 'ai', 'team'], 'what kind of assistant'),
    assistance_id: uuid('the id of the assistant'),
    ai_id: uuid('the id of the assistant'),
  }),
  media: false,
  skippedOnCalls: true,
  onError: 'stop',
  adapter: 'ai',
})
