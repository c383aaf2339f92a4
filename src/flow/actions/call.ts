// call: makes other calls, which run a flow of their own, and goes on.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { nilUuid } from '../../base/ids.ts'
import { defineAction, next } from '../define-action.ts'
import { destinationsOf, sourceOf } from '../dialled-address.ts'
import { address, addresses, flag, nestedActions, uuid, word } from '../option-fields.ts'

export const call = defineAction({
  type: 'call',
  option: Type.Object({
    source: address('the address that the new calls come from'),
    destinations: addresses('a list of addresses to dial'),
    flow_id: uuid('the id of the flow that the new calls run; wins over actions'),
    actions: nestedActions('a list of actions that the new calls run'),
    chained: flag('true to hang up with this call'),
    early_execution: flag('true to run the flow while ringing'),
    anonymous: word(['', 'yes', 'no', 'auto'], 'whether to hide the source'),
  }),
  media: false,
  onError: 'stop',
  run: async (context, option) => {
    const { customerId, activeflowId, dialling, flows, variables } = context
    const flowId = option.flow_id || nilUuid
    const actions = flowId === nilUuid ? flows.checked(option.actions, 'option.actions') : []
    if (flowId === nilUuid && actions.length === 0) {
      throw new UserError('INVALID_ARGUMENT', 'give option.flow_id or option.actions for the new calls')
    }
    await dialling.call({
      customerId,
      call: context.call,
      activeflowId,
      source: sourceOf(option.source, context.call),
      destinations: destinationsOf(option.destinations),
      flowId,
      actions,
      chained: option.chained,
      early: option.early_execution,
      anonymous: option.anonymous,
      variables: variables.toObject(),
    })
    return next
  },
})
