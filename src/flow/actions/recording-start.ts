// recording_start: records the call in the background.
import Type from 'typebox'
import { nilUuid } from '../../base/ids.ts'
import { defineAction, next } from '../define-action.ts'
import { flag, seconds, uuid, word } from '../option-fields.ts'

/** Sets voipbin.recording.id, .reference_type, .reference_id, .format, .recording_name and .filenames (comma between). */
export const recordingStart = defineAction({
  type: 'recording_start',
  option: Type.Object({
    format: word(['', 'wav', 'ogg'], 'the file format', 'wav'),
    end_of_silence: seconds('seconds of silence that end the recording, up to 86400, 0 for never'),
    end_of_key: Type.String({
      pattern: '^(none|any|[0-9A-Da-d*#]{0,16})$',
      default: '',
      description: 'the keys that end the recording: "none", "any" or up to 16 of 0-9, A-D, # and *',
    }),
    duration: seconds('seconds at most, up to 86400, 0 for no limit'),
    beep_start: flag('true for a tone at the start'),
    on_end_flow_id: uuid('the id of a flow to run afterwards'),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call, recordings, activeflowId, variables }, option) => {
    const endOfKey = option.end_of_key === 'none' ? '' : option.end_of_key
    const { id, format, name, filenames } = await recordings.start(call, {
      activeflowId,
      format: option.format === 'ogg' ? 'ogg' : 'wav',
      endOfSilence: option.end_of_silence,
      endOfKey: endOfKey === 'any' ? endOfKey : endOfKey.toUpperCase(),
      duration: option.duration,
      beep: option.beep_start,
      onEndFlowId: option.on_end_flow_id || nilUuid,
    })
    variables.tell({
      'voipbin.recording.id': id,
      'voipbin.recording.reference_type': 'call',
      'voipbin.recording.reference_id': call.id,
      'voipbin.recording.format': format,
      'voipbin.recording.recording_name': name,
      'voipbin.recording.filenames': filenames.join(','),
    })
    return next
  },
})
