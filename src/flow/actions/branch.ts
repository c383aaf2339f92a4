// branch: jumps by the value of a variable, which is then emptied.
import Type from 'typebox'
import { defineAction, jump } from '../define-action.ts'
import { text, uuid } from '../option-fields.ts'

const pressed = 'voipbin.call.digits'

/** A value without a target of its own goes to the default target; without that, to the next action. */
export const branch = defineAction({
  type: 'branch',
  option: Type.Object({
    variable: text(`the bare name of a variable, by default "${pressed}"`, pressed),
    default_target_id: uuid('the id of the action for every other value'),
    target_ids: Type.Record(Type.String(), uuid('the id of an action'), {
      default: {},
      description: 'an object from value to action id, e.g. {"1": "<id>"}',
    }),
  }),
  media: false,
  onError: 'stop',
  run: ({ variables }, option) => {
    const name = option.variable === '' ? pressed : option.variable
    const value = variables.get(name) ?? ''
    variables.set(name, '')
    const target = Object.hasOwn(option.target_ids, value) ? option.target_ids[value] : undefined
    return jump(target ?? option.default_target_id)
  },
})
