// fetch_flow: runs another flow of the same customer, then goes on here.
import Type from 'typebox'
import { defineAction, push } from '../define-action.ts'
import { uuid } from '../option-fields.ts'

export const fetchFlow = defineAction({
  type: 'fetch_flow',
  option: Type.Object({ flow_id: uuid('the id of a flow') }),
  media: false,
  onError: 'stop',
  run: async ({ flows }, { flow_id: flowId }) => push(await flows.actionsOf(flowId)),
})
