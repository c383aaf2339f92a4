// conference_join: becomes a participant of a conference, with the conference's flows before and after.
// It pushes the steps; the flow goes on here when the participant has left.
import Type from 'typebox'
import { nilUuid } from '../../base/ids.ts'
import { defineAction, push } from '../define-action.ts'
import { uuid } from '../option-fields.ts'

export const conferenceJoin = defineAction({
  type: 'conference_join',
  option: Type.Object({ conference_id: uuid('the id of a conference') }),
  media: true,
  onError: 'stop',
  run: async ({ call, conferences, activeflowId }, { conference_id: conferenceId }) => {
    const admitted = await conferences.admit({ call, conferenceId, activeflowId })
    const { preFlowId, postFlowId, confbridgeId, conferencecallId } = admitted
    return push([
      ...fetchOf(preFlowId),
      { type: 'confbridge_join', option: { confbridge_id: confbridgeId, conferencecall_id: conferencecallId } },
      ...fetchOf(postFlowId),
    ])
  },
})

const fetchOf = (flowId: string) =>
  flowId === nilUuid || flowId === '' ? [] : [{ type: 'fetch_flow', option: { flow_id: flowId } }]
