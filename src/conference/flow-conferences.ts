// What the flow engine's `conference_join` and `confbridge_join` need of conferences, by way of the focus.
import { nilUuid } from '../base/ids.ts'
import type { FlowConferences } from '../flow/ports.ts'
import type { Focus } from './focus.ts'

/** A bridge is the conference itself here; entering one without an admission admits first. */
export function flowConferences(focus: Focus): FlowConferences {
  const admit: FlowConferences['admit'] = async ({ call, conferenceId, activeflowId }) => {
    const { conference, conferencecall } = await focus.admit({
      callId: call.id,
      customerId: call.customerId,
      conferenceId,
      activeflowId,
    })
    return {
      preFlowId: conference.pre_flow_id,
      postFlowId: conference.post_flow_id,
      confbridgeId: conference.id,
      conferencecallId: conferencecall.id,
    }
  }
  return {
    admit,
    stay: async ({ call, confbridgeId, conferencecallId, activeflowId }) => {
      const admitted = conferencecallId !== '' && conferencecallId !== nilUuid
      const id = admitted
        ? conferencecallId
        : (await admit({ call, conferenceId: confbridgeId, activeflowId })).conferencecallId
      const participant = focus.participant(id)
      if (participant?.row.reference_id !== call.id) return
      // Otherwise kicked, or the conference ended, while the flow before the entry was running: it must not come in again.
      const forget = call.audio.onDigit((key) => focus.pressed(participant, key))
      void participant.gone.then(forget)
      return participant.row.status === 'joining' ? focus.stay(participant) : participant.gone
    },
  }
}
