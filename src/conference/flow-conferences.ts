// What the flow engine's `conference_join` and `confbridge_join` need of conferences, by way of the focus.
import type { FlowConferences } from '../flow/ports.ts'
import type { Focus } from './focus.ts'

/** A bridge is the conference itself here; entering one without an admission admits first. */
export function flowConferences(focus: Focus): FlowConferences {
  const admit: FlowConferences['admit'] = async ({ call, conferenceId, activeflowId }) => {
    const { conference } = await focus.admit({
      callId: call.id,
      customerId: call.customerId,
      conferenceId,
      activeflowId,
    })
    return { preFlowId: conference.pre_flow_id, postFlowId: conference.post_flow_id, confbridgeId: conference.id }
  }
  return {
    admit,
    stay: async ({ call, confbridgeId, activeflowId }) => {
      if (focus.waiting(call.id, confbridgeId) === undefined)
        await admit({ call, conferenceId: confbridgeId, activeflowId })
      const participant = focus.waiting(call.id, confbridgeId)
      if (participant !== undefined) await focus.stay(participant)
    },
  }
}
