// variable_set: sets a variable of the activeflow, `voipbin.*` ones included.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { defineAction, next } from '../define-action.ts'
import { text } from '../option-fields.ts'

export const variableSet = defineAction({
  type: 'variable_set',
  option: Type.Object({ key: text('the name of the variable'), value: text('its new value') }),
  media: false,
  onError: 'continue',
  run: ({ variables }, { key, value }) => {
    if (key === '') throw new UserError('INVALID_VARIABLES', 'option.key is empty; give the name of a variable')
    variables.set(key, value)
    return next
  },
})
