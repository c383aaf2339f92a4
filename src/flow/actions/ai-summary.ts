// ai_summary: lets an assistant sum up what was said, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { text, uuid } from '../option-fields.ts'

export const aiSummary = defineAction({
  type: 'ai_summary',
  option: Type.Object({
    on_end_flow_id: uuid('the id of a flow to run afterwards'),
    reference_type: text('what to summarise'),
    reference_id: uuid('the id of what to summarise'),
    language: text('a BCP 47 language tag, e.g. "en-US"'),
  }),
  media: false,
  skippedOnCalls: true,
  onError: 'stop',
  adapter: 'ai',
})
