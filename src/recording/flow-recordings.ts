// What the flow engine's `recording_start` and `recording_stop` need of recordings.
import type { FlowRecordings } from '../flow/ports.ts'
import { recordingVariables } from './recording-row.ts'
import type { Recordings } from './recordings.ts'

export function flowRecordings(recordings: Recordings): FlowRecordings {
  return {
    start: async (call, request) => {
      const input = {
        format: request.format,
        duration: request.duration,
        end_of_silence: request.endOfSilence,
        end_of_key: request.endOfKey,
        on_end_flow_id: request.onEndFlowId,
      }
      const { activeflowId, beep } = request
      const row = await recordings.recordCall(call.id, { input, activeflowId, beep })
      const variables = recordingVariables(row)
      return {
        id: row.id,
        format: row.format,
        name: variables['voipbin.recording.recording_name'] ?? row.id,
        filenames: (variables['voipbin.recording.filenames'] ?? '').split(','),
      }
    },
    stop: (callId) => recordings.stopIfAny(callId),
  }
}
