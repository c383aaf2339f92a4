// What both actions that transcribe may be told.
import Type from 'typebox'
import { text, uuid, word } from './option-fields.ts'

export const transcribing = Type.Object({
  language: text('a BCP 47 language tag, e.g. "en-US"'),
  provider: text('the speech provider'),
  direction: word(['', 'in', 'out', 'both'], 'which side to transcribe', 'both'),
  on_end_flow_id: uuid('the id of a flow to run afterwards'),
})
