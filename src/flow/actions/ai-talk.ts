// ai_talk: talks with the caller, by the actions that the endpoint of the user's answers with.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { seconds, uuid, word } from '../option-fields.ts'

export const aiTalk = defineAction({
  type: 'ai_talk',
  option: Type.Object({
    assistance_type: word(['', 'ai', 'team'], 'what kind of assistant'),
    assistance_id: uuid('the id of the assistant'),
    ai_id: uuid('the id of the assistant'),
    duration: seconds('seconds at most'),
  }),
  media: true,
  onError: 'stop',
  adapter: 'ai',
})
