// Every codec the media engine speaks. Adding one: its file, its line here and its line in `sdp/payload-formats.ts`.
import type { CodecName } from '../sdp/media-plan.ts'
import { pcma, pcmu } from './g711.ts'
import { g722 } from './g722.ts'
import { l16At8, l16At16, l16At48 } from './l16.ts'
import { opus } from './opus.ts'
import type { PcmRate, WideCodec } from './wide-codec.ts'

const linear: Readonly<Record<PcmRate, WideCodec>> = { 8000: l16At8, 16000: l16At16, 48000: l16At48 }

export const codecs: Readonly<Record<CodecName, WideCodec>> = {
  opus,
  G722: g722,
  PCMU: pcmu,
  PCMA: pcma,
  L16: l16At8,
}

/** The codec of that name; `rate` tells the encodings called L16 apart. */
export const codecOf = (name: CodecName, rate?: PcmRate): WideCodec =>
  name === 'L16' && rate !== undefined ? linear[rate] : codecs[name]
