// confbridge_join: enters the mix of a bridge and stays until the participant has left it.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { uuid } from '../option-fields.ts'

export const confbridgeJoin = defineAction({
  type: 'confbridge_join',
  option: Type.Object({
    confbridge_id: uuid('the id of a bridge'),
    conferencecall_id: uuid('the id of the conferencecall that conference_join made'),
  }),
  media: true,
  onError: 'continue',
  // No async function: it would hold on to all that it was given, for as long as the conference lasts.
  run: ({ call, conferences, digits, activeflowId, signal }, option) => {
    const { confbridge_id: confbridgeId, conferencecall_id: conferencecallId } = option
    return conferences.stay({ call, confbridgeId, conferencecallId, activeflowId, signal }).then(() => {
      digits.useUp()
      return next
    })
  },
})
