// Actions that need speech recognition or a language model: flows may hold them, this server does not run them yet.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { seconds, text, uuid, word } from '../option-fields.ts'

const transcribing = Type.Object({
  language: text('a BCP 47 language tag, e.g. "en-US"'),
  provider: text('the speech provider'),
  direction: word(['', 'in', 'out', 'both'], 'which side to transcribe', 'both'),
  on_end_flow_id: uuid('the id of a flow to run afterwards'),
})

const assistant = {
  assistance_type: word(['', 'ai', 'team'], 'what kind of assistant'),
  assistance_id: uuid('the id of the assistant'),
  ai_id: uuid('the id of the assistant'),
}

export const transcribeStart = defineAction({
  type: 'transcribe_start',
  option: transcribing,
  media: true,
  onError: 'continue',
})

export const transcribeStop = defineAction({
  type: 'transcribe_stop',
  option: Type.Object({}),
  media: true,
  onError: 'continue',
})

export const transcribeRecording = defineAction({
  type: 'transcribe_recording',
  option: transcribing,
  media: true,
  onError: 'continue',
})

export const aiTalk = defineAction({
  type: 'ai_talk',
  option: Type.Object({ ...assistant, duration: seconds('seconds at most') }),
  media: true,
  onError: 'stop',
})

export const aiTask = defineAction({
  type: 'ai_task',
  option: Type.Object(assistant),
  media: false,
  skippedOnCalls: true,
  onError: 'stop',
})

export const aiSummary = defineAction({
  type: 'ai_summary',
  option: Type.Object({
    on_end_flow_id: uuid('the id of a flow to run afterwards'),
    reference_type: text('what to summarise'),
    reference_id: uuid('the id of what to summarise'),
    language: text('a BCP 47 language tag, e.g. "en-US"'),
  }),
  media: false,
  skippedOnCalls: true,
  onError: 'stop',
})
