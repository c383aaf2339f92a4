// condition_variable: goes on when a comparison holds, jumps when it does not.
import Type from 'typebox'
import { compare, comparisons } from '../compare.ts'
import { defineAction, jump, next } from '../define-action.ts'
import { integer, number, text, uuid, word } from '../option-fields.ts'

/**
 * Compares `variable`, on the left, with `value_string`, `value_number` or `value_length` as `value_type` says. A text
 * that is the name of a variable stands for that variable's value; any other text stands for itself. A text that is
 * no number satisfies only `!=`.
 */
export const conditionVariable = defineAction({
  type: 'condition_variable',
  option: Type.Object({
    condition: word(comparisons, 'the comparison'),
    variable: text('the name of a variable'),
    value_type: word(['string', 'number', 'length'], 'how to compare'),
    value_string: text('the text to compare with'),
    value_number: number('the number to compare with'),
    value_length: integer('the length to compare with'),
    false_target_id: uuid('the id of the action to go to when the comparison fails'),
  }),
  media: false,
  onError: 'stop',
  run: ({ variables }, option) => {
    const value = variables.get(option.variable) ?? option.variable
    const holds = {
      string: () => compare(option.condition, value, option.value_string),
      number: () => compare(option.condition, value.trim() === '' ? Number.NaN : Number(value), option.value_number),
      length: () => compare(option.condition, value.length, option.value_length),
    }
    return holds[option.value_type]() ? next : jump(option.false_target_id)
  },
})
