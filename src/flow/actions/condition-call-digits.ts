// condition_call_digits: goes on when enough keys or a certain one were pressed, jumps otherwise. Kept for old flows;
// condition_variable does the same.
import Type from 'typebox'
import { defineAction, jump, next } from '../define-action.ts'
import { digitsVariable } from '../digit-collector.ts'
import { keys, uuid } from '../option-fields.ts'

/** Either of the two suffices; with neither it holds. */
export const conditionCallDigits = defineAction({
  type: 'condition_call_digits',
  option: Type.Object({
    length: Type.Integer({ minimum: 0, default: 0, description: 'how many keys satisfy the condition, 0 for none' }),
    key: keys('the key or keys in a row that satisfy the condition'),
    false_target_id: uuid('the id of the action to go to otherwise'),
  }),
  media: true,
  onError: 'stop',
  run: ({ variables }, { length, key, false_target_id: target }) => {
    const digits = variables.get(digitsVariable) ?? ''
    const isLong = length > 0 && digits.length >= length
    const hasKey = key !== '' && digits.includes(key.toUpperCase())
    return isLong || hasKey || (length === 0 && key === '') ? next : jump(target)
  },
})
