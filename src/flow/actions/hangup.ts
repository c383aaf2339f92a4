// hangup: ends the call, with a reason of its own or the reason that another call ended with.
import Type from 'typebox'
import { nilUuid } from '../../base/ids.ts'
import { hangupReasons } from '../../schema/call.ts'
import { defineAction, end } from '../define-action.ts'
import { uuid, word } from '../option-fields.ts'

export const hangup = defineAction({
  type: 'hangup',
  option: Type.Object({
    reason: word(hangupReasons, 'why the call ends'),
    reference_id: uuid('the id of a call whose reason is copied; wins over reason'),
  }),
  media: true,
  onError: 'stop',
  run: async ({ call }, { reason, reference_id: reference }) => {
    // A call that has not ended has no reason yet: then the reason given here counts.
    const copied = reference === '' || reference === nilUuid ? '' : await call.hangupReasonOf(reference)
    await call.hangup(copied || reason || 'normal')
    return end
  },
})
