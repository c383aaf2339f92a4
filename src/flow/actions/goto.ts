// goto: jumps while its loop count lasts, then falls through.
import Type from 'typebox'
import { defineAction, jump, next } from '../define-action.ts'
import { integer, uuid } from '../option-fields.ts'

/** `loop_count` n jumps n times in an activeflow; 0 or less never does. */
export const goto = defineAction({
  type: 'goto',
  option: Type.Object({
    target_id: uuid('the id of the action to go to'),
    loop_count: integer('how often to jump before falling through, e.g. 2'),
  }),
  media: false,
  onError: 'stop',
  run: ({ keepOption }, { target_id: target, loop_count: left }) => {
    if (left <= 0) return next
    keepOption({ loop_count: left - 1 })
    return jump(target)
  },
})
