// condition_call_status: goes on when the call has a certain status, jumps otherwise.
import Type from 'typebox'
import { callStatuses } from '../../schema/call.ts'
import { defineAction, jump, next } from '../define-action.ts'
import { uuid, word } from '../option-fields.ts'

export const conditionCallStatus = defineAction({
  type: 'condition_call_status',
  option: Type.Object({
    status: word(['', ...callStatuses], 'the status to compare with'),
    false_target_id: uuid('the id of the action to go to otherwise'),
  }),
  media: true,
  onError: 'stop',
  run: ({ call }, { status, false_target_id: target }) => (call.status() === status ? next : jump(target)),
})
