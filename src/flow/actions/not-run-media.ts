// Actions on the audio of a call that flows may hold but this server does not run yet.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { address, addresses, flag, integer, milliseconds, seconds, text, uuid, word } from '../option-fields.ts'

const onCall = { media: true, onError: 'continue' } as const
const duration = milliseconds('milliseconds')

export const talk = defineAction({
  ...onCall,
  type: 'talk',
  option: Type.Object({
    text: text('what to say, plain or SSML'),
    language: text('a BCP 47 language tag, e.g. "en-US"'),
    provider: word(['', 'gcp', 'aws'], 'the speech provider', 'gcp'),
    voice_id: text('the id of a voice'),
    digits_handle: word(['', 'next'], 'what a pressed key does'),
    async: flag('true to go on while speaking'),
  }),
})

export const play = defineAction({
  ...onCall,
  type: 'play',
  option: Type.Object({
    stream_urls: Type.Array(Type.String(), { default: [], description: 'a list of http(s) addresses of audio files' }),
  }),
})

export const streamEcho = defineAction({
  ...onCall,
  type: 'stream_echo',
  option: Type.Object({ duration: milliseconds('milliseconds of echo, e.g. 180000', 180_000) }),
})

export const digitsReceive = defineAction({
  ...onCall,
  type: 'digits_receive',
  option: Type.Object({
    duration,
    length: integer('how many keys to wait for', 1),
    key: text('keys that end the input, e.g. "#"'),
  }),
})

export const digitsSend = defineAction({
  ...onCall,
  type: 'digits_send',
  option: Type.Object({
    digits: Type.String({
      pattern: '^[0-9A-Da-d#*]{0,100}$',
      default: '',
      description: 'up to 100 of 0-9, A-D, # and *',
    }),
    duration: Type.Integer({ minimum: 100, maximum: 1000, default: 100, description: '100-1000 milliseconds a key' }),
    interval: Type.Integer({ minimum: 0, maximum: 5000, default: 0, description: '0-5000 milliseconds between keys' }),
  }),
})

export const recordingStart = defineAction({
  ...onCall,
  type: 'recording_start',
  option: Type.Object({
    format: text('the file format, e.g. "wav"', 'wav'),
    end_of_silence: seconds('seconds of silence that end the recording, 0 for never'),
    end_of_key: text('the key that ends the recording, e.g. "#"'),
    duration: seconds('seconds at most, 0 for no limit'),
    beep_start: flag('true for a tone at the start'),
    on_end_flow_id: uuid('the id of a flow to run afterwards'),
  }),
})

export const recordingStop = defineAction({ ...onCall, type: 'recording_stop', option: Type.Object({}) })

export const amd = defineAction({
  ...onCall,
  type: 'amd',
  option: Type.Object({
    machine_handle: word(['', 'hangup', 'continue'], 'what to do with a machine'),
    async: flag('true to go on while listening'),
  }),
})

export const mute = defineAction({ ...onCall, type: 'mute', option: Type.Object({}) })

export const externalMediaStart = defineAction({
  ...onCall,
  type: 'external_media_start',
  option: Type.Object({
    external_host: text('host:port of the receiver'),
    encapsulation: text('the encapsulation', 'rtp'),
    transport: text('the transport', 'udp'),
    transport_data: text('data of the transport'),
    connection_type: text('the connection type', 'client'),
    format: text('the codec', 'ulaw'),
    direction_listen: text('the direction to listen to'),
    direction_speak: text('the direction to speak to'),
    data: text('data for the receiver'),
  }),
})

export const externalMediaStop = defineAction({ ...onCall, type: 'external_media_stop', option: Type.Object({}) })

export const connect = defineAction({
  type: 'connect',
  media: true,
  onError: 'stop',
  option: Type.Object({
    source: address('the address that the new calls come from'),
    destinations: addresses('a list of addresses to dial'),
    early_media: flag('true to pass early media'),
    relay_reason: flag('true to end with the far reason'),
    anonymous: word(['', 'yes', 'no', 'auto'], 'whether to hide the source'),
  }),
})

export const queueJoin = defineAction({
  type: 'queue_join',
  media: true,
  onError: 'stop',
  option: Type.Object({ queue_id: uuid('the id of a queue') }),
})

export const conditionCallDigits = defineAction({
  type: 'condition_call_digits',
  media: true,
  onError: 'stop',
  option: Type.Object({
    length: integer('how many keys satisfy the condition'),
    key: text('the key that satisfies the condition'),
    false_target_id: uuid('the id of the action to go to otherwise'),
  }),
})

export const conditionCallStatus = defineAction({
  type: 'condition_call_status',
  media: true,
  onError: 'stop',
  option: Type.Object({
    status: text('the status to compare with'),
    false_target_id: uuid('the id of the action to go to otherwise'),
  }),
})
