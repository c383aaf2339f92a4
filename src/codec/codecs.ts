// Every codec the media engine speaks. Adding one: its file, and its line here.
import type { CodecName } from '../sdp/media-plan.ts'
import type { Codec } from './codec.ts'
import { pcma, pcmu } from './g711.ts'

export const codecs: Readonly<Record<CodecName, Codec>> = { PCMU: pcmu, PCMA: pcma }
