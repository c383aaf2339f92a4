// queue_join: puts the call into a queue, by the actions that the endpoint of the user's answers with.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { uuid } from '../option-fields.ts'

export const queueJoin = defineAction({
  type: 'queue_join',
  option: Type.Object({ queue_id: uuid('the id of a queue') }),
  media: true,
  onError: 'stop',
  adapter: 'queue',
})
