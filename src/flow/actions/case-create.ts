// case_create: makes a case, through the endpoint of the user's.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { flag, text } from '../option-fields.ts'

export const caseCreate = defineAction({
  type: 'case_create',
  option: Type.Object({
    name: text('the name of the case'),
    detail: text('its detail'),
    note: text('a note'),
    sync: flag('true to wait until it is made'),
  }),
  media: false,
  onError: 'continue',
  adapter: 'case',
})
